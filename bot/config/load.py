"""Reading config.yaml: every mistake at once, each with its line, a path and what would be right."""

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config.addresses import PLATFORMS
from bot.config.model import Config
from bot.config.references import References
from bot.config.values import Wrong
from bot.core.document import Document, Place, Problem, Severity, Value, mistakes, suggestion

# Parts that come later; each takes its place out of here. What stands there is read and checked all the same.
NOT_BUILT: tuple[Place, ...] = (
    ("content", "calendar"),
    ("content", "tasks"),
    ("petition",),
    ("donations",),
    ("tasks",),
    ("calendar",),
    ("web",),
)

_DEFAULTS: Mapping[Place, str] = {  # relative to the file, so they are read like what is written
    ("storage", "url"): "sqlite:///data/actiebot.db",
    ("platforms", "matrix", "store"): "data/matrix",
}
_KEYS = {
    "missing": "config.missing",
    "union_tag_not_found": "config.missing",
    "literal_error": "config.choice",
    "union_tag_invalid": "config.choice",
    "string_type": "config.text",
    "string_too_short": "config.blank",
    "string_too_long": "config.too-long",
    "int_type": "config.number",
    "int_parsing": "config.number",
    "int_parsing_size": "config.number",
    "int_from_float": "config.number",
    "greater_than": "config.number",
    "greater_than_equal": "config.number",
    "tuple_type": "config.list",
    "model_type": "config.mapping",
    "model_attributes_type": "config.mapping",
    "dict_type": "config.mapping",
}


class ConfigProblems(Exception):
    """The configuration cannot be used; `problems` says why, without any secret."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in the configuration")
        self.problems = problems


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration.

    Args:
        path: Of config.yaml; relative paths in it are relative to it.
        environ: Where `${NAME}` is looked up.

    Raises:
        ConfigProblems: with every mistake.
    """
    config, problems = read_config(read_document(path), environ)
    if config is None:
        raise ConfigProblems(mistakes(problems))
    return config


def read_document(path: Path) -> Document:
    """The file; that it cannot be read is a problem of it."""
    try:
        return Document(str(path), read_text(path))
    except FileNotFoundError:
        key = "config.no-file"
    except (OSError, UnicodeDecodeError):
        key = "document.unreadable"
    document = Document(str(path), "")
    document.broken = True
    document.problems.append(document.problem((), key))
    return document


def read_text(path: Path) -> str:
    """UTF-8, with or without the mark that some editors put in front."""
    return path.read_text(encoding="utf-8-sig")


def read_config(document: Document, environ: Mapping[str, str]) -> tuple[Config | None, list[Problem]]:
    """The configuration, None when there is a mistake; and all problems, notes too."""
    problems = list(document.problems)
    config: Config | None = None
    if document.broken:
        return None, problems
    if document.value is None:
        return None, [*problems, document.problem((), "document.empty")]
    references = References(document, environ)
    value = _with_defaults(references.filled(document.value))
    problems += references.problems
    try:
        config = Config.model_validate(value, context={"base": Path(document.file).parent})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        problems += [_problem(document, detail) for detail in _fresh(document, details, references.failed)]
    if config is not None:
        problems += _powerless(document, config)
    problems += _notes(document, config)
    problems.sort(key=lambda problem: problem.line)
    return (None if mistakes(problems) else config), problems


def _with_defaults(value: Value) -> Value:
    for (*outer, name), default in _DEFAULTS.items():
        section = value
        for step in outer:
            section = section.get(step) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section.setdefault(name, default)
    if isinstance(value, dict):
        value.setdefault("storage", {"url": _DEFAULTS["storage", "url"]})
    return value


def _fresh(document: Document, details: Iterable[ErrorDetails], failed: set[Place]) -> Iterator[ErrorDetails]:
    """Without what only follows from a reference that could not be filled in."""
    return (detail for detail in details if _place(document, detail["loc"]) not in failed)


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    """A sentence of ours for an error of pydantic. The input stays out of it: it may be a secret."""
    place, kind, context = _place(document, detail["loc"]), detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(document, place, detail["loc"])
    if kind == "value_error" and isinstance(wrong := context["error"], Wrong):
        return document.problem(place, wrong.key, wrong.values)
    if kind == "union_tag_not_found":
        place = (*place, "type")
    key = _KEYS.get(kind, "config.wrong")
    if key == "config.choice":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags"))))
        return document.problem(place, key, {"choices": ", ".join(choices)})
    return document.problem(place, key)


def _unknown(document: Document, place: Place, loc: Place) -> Problem:
    names = [field.alias or name for name, field in _model_at(loc[:-1]).model_fields.items()]
    meant = suggestion(str(place[-1]), names)
    if meant:
        return document.problem(place, "config.unknown-like", {"meant": meant})
    return document.problem(place, "config.unknown", {"names": ", ".join(names) or "—"})


def _place(document: Document, loc: Place) -> Place:
    """Where pydantic's location is in the file: without the tags of unions, and not inside what is one word there."""
    place: Place = ()
    for step in loc:
        if document.has((*place, step)):
            place = (*place, step)
        elif step == loc[-1] and isinstance(document.at(place), dict):
            return (*place, step)
    return place


def _model_at(loc: Place) -> type[BaseModel]:
    """The model that stands at a location."""
    model: type[BaseModel] = Config
    models: list[type[BaseModel]] = []
    for step in loc:
        field = next((f for name, f in model.model_fields.items() if step in {name, f.alias}), None)
        if field is not None:
            models = list(_models_in((field.annotation, *field.metadata)))
        elif isinstance(step, str):  # the tag of a union
            models = [each for each in models if step in typing.get_args(each.model_fields["type"].annotation)]
        model = models[0] if models else model
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in annotation if isinstance(annotation, tuple) else typing.get_args(annotation):
            yield from _models_in(part)


def _powerless(document: Document, config: Config) -> Iterator[Problem]:
    """Roles by power in a room that is not of the organisers; while one of theirs is an alias that cannot be known."""
    listed = enumerate(config.rooms.organisers)
    rooms = {room.address.id: index for index, room in listed if room.address.platform == "matrix"}
    if config.platforms.matrix is None or any(room.startswith("#") for room in rooms):
        return
    key = "config.power-elsewhere" if rooms else "config.power-nowhere"
    known = {"known": _as_written(document, min(rooms.values()))} if rooms else {}
    for kind in type(config.roles).model_fields:
        for index, grant in enumerate(getattr(config.roles, kind)):
            power, _, room = grant.partition("@")
            if power.startswith("matrix:power") and room not in rooms:
                place = ("roles", kind, index)
                there = str(document.at(place)).strip().partition("@")[2]  # what a reference stands for may be secret
                yield document.problem(place, key, {"power": power, "room": there, **known}, Severity.NOTE)


def _as_written(document: Document, index: int) -> str:
    """The id of a room of the organisers."""
    room = document.at(("rooms", "organisers", index))
    return str(room["address"] if isinstance(room, dict) else room).strip().removeprefix("matrix:")


def _notes(document: Document, config: Config | None) -> Iterator[Problem]:
    def note(place: Place, key: str, values: Mapping[str, str | int] | None = None) -> Problem:
        return document.problem(place, key, values, Severity.NOTE)

    yield from (note(place, "config.not-built") for place in NOT_BUILT if document.at(place) is not None)
    if config is None:
        return
    if not config.roles.organiser:
        yield note(("roles",), "config.no-organiser")
    off = {name for name in PLATFORMS if getattr(config.platforms, name) is None}
    for kind in ("announcements", "volunteers", "organisers"):
        for index, room in enumerate(getattr(config.rooms, kind)):
            if room.address.platform in off:
                yield note(("rooms", kind, index), "config.platform-off", {"platform": room.address.platform})
