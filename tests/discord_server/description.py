"""Discord's own OpenAPI description, against which every request and every answer is held."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from tests.discord_server.call import Call

JSON = dict[str, Any]
Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]

PATH = Path(__file__).parents[2].parent / "shared" / "discord" / "openapi.json"

# Discord gives ids as text and takes them as numbers too (reference, "Snowflakes"); discord.py sends numbers.
_LENIENT = {"SnowflakeType": {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$", "minimum": 0}}


class Description:
    """What Discord takes and gives, by path and method.

    Attributes:
        present: Whether it is on this machine; where it is not, nothing is held against it.
    """

    present = True

    def __init__(self, spec: JSON) -> None:
        self._paths: JSON = spec["paths"]
        self._parts: JSON = spec["components"]
        schemas = spec["components"]["schemas"]
        self._answers = _validator_class(schemas)
        self._requests = _validator_class(schemas | _LENIENT)
        self._compiled: dict[tuple[str, ...], Any] = {}

    def request_faults(self, call: Call) -> list[str]:
        """What is wrong with a request; empty when nothing is."""
        operation = self._operation(call.method, call.template)
        if operation is None:
            return [f"there is no {call.method} {call.template}"]
        return [*self._query_faults(call, operation), *self._body_faults(call, operation)]

    def answer_faults(self, method: str, template: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer of our own."""
        operation = self._operation(method, template)
        if operation is None or status >= 500:
            return []
        given = operation["responses"].get(str(status)) or operation["responses"].get(f"{status // 100}XX")
        if given is None:
            return [f"no status {status}"]
        content = self._resolved(given).get("content")
        if content is None:
            return [] if body is None else ["a body where there should be none"]
        return self._faults(("answer", method, template, str(status)), content["application/json"]["schema"], body)

    def _operation(self, method: str, template: str) -> JSON | None:
        found: JSON | None = self._paths.get(template, {}).get(method.lower())
        return found

    def _resolved(self, part: JSON) -> JSON:
        if "$ref" not in part:
            return part
        found: JSON = self._parts
        for name in part["$ref"].split("/")[2:]:
            found = found[name]
        return found

    def _query_faults(self, call: Call, operation: JSON) -> Iterator[str]:
        declared = [*self._paths[call.template].get("parameters", []), *operation.get("parameters", [])]
        known = {(one["in"], one["name"]): one for one in declared}
        for place, given in (("query", call.query), ("path", call.ids)):
            for name, value in given.items():
                one = known.get((place, name))
                if one is None:
                    yield f"{name}: not known in the {place}"
                    continue
                key = (place, call.method, call.template, name)
                yield from (f"{name}: {each}" for each in self._faults(key, one["schema"], _read(one["schema"], value)))

    def _body_faults(self, call: Call, operation: JSON) -> list[str]:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return [] if call.body is None and not call.files else ["a body where there should be none"]
        if call.body is None:
            return ["no body"] if operation["requestBody"].get("required") else []
        if call.multipart and "multipart/form-data" not in content:
            return ["takes no files"]
        return self._faults(("body", call.method, call.template), content["application/json"]["schema"], call.body)

    def _faults(self, key: tuple[str, ...], schema: JSON, value: Any) -> list[str]:
        if key not in self._compiled:
            self._compiled[key] = (self._answers if key[0] == "answer" else self._requests)(schema)
        return [f"{one.json_path}: {one.message[:200]}" for one in self._compiled[key].iter_errors(value)]


class Absent(Description):
    """The description is not on this machine: nothing is held against it."""

    present = False

    def __init__(self) -> None:
        super().__init__({"paths": {}, "components": {"schemas": {}}})

    def request_faults(self, call: Call) -> list[str]:
        return []


@functools.cache
def description() -> Description:
    """The description, read once in a process."""
    return Description(json.loads(PATH.read_bytes())) if PATH.exists() else Absent()


def _read(schema: JSON, value: str) -> Any:
    """A value of a query or path as its type."""
    if schema.get("type") == "boolean":
        return {"0": False, "1": True, "false": False, "true": True}.get(value.lower(), value)
    return int(value) if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value) else value


# -- the dialect: the same meaning, found faster and told more plainly


def _validator_class(schemas: JSON) -> Any:
    def reference(validator: Any, name: str, value: Any, _: Any) -> Iterator[ValidationError]:
        yield from validator.descend(value, schemas[name.rpartition("/")[2]])

    keywords = {"$ref": reference, "oneOf": _union("oneOf", schemas), "anyOf": _union("anyOf", schemas)}
    return extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]


def _union(name: str, schemas: JSON) -> Keyword:
    """One of several, of which most can be told apart by `type` at a glance."""
    plain = Draft202012Validator.VALIDATORS[name]

    def check(validator: Any, branches: list[JSON], value: Any, schema: Any) -> Iterator[ValidationError]:
        if all("const" in branch for branch in branches):
            if value not in [branch["const"] for branch in branches]:
                yield ValidationError(f"{value!r} is none of the values that are taken")
            return
        fitting = [branch for branch in branches if _fits(branch, value, schemas)]
        if len(fitting) == 1:
            yield from validator.descend(value, fitting[0])
        else:
            yield from plain(validator, fitting or branches, value, schema)

    return check


def _fits(branch: JSON, value: Any, schemas: JSON) -> bool:
    """Whether a value may be this branch, judged by its `type` alone."""
    if branch.get("type") == "null":
        return value is None
    target = schemas[branch["$ref"].rpartition("/")[2]] if "$ref" in branch else branch
    kinds = target.get("properties", {}).get("type", {}).get("enum")
    return kinds is None or not isinstance(value, dict) or value.get("type") in kinds
