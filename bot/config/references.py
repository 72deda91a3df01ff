"""`${NAME}` and `${file:/path}` in config.yaml: read where they stand, their values shown nowhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config.values import Resolved, Wrong
from bot.core.document import Document, Place, Problem, Value, suggestion

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OTHERS = 0o077  # the bits of a file's mode that let anybody but its owner in


@dataclass
class References:
    """Fills in the references of one document.

    Attributes:
        problems: What could not be filled in.
        failed: Where that was.
    """

    document: Document
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    failed: set[Place] = field(default_factory=set)

    def filled(self, value: Value, place: Place = ()) -> Value:
        """The value with all references in it replaced by what they refer to."""
        if isinstance(value, dict):
            return {name: self.filled(part, (*place, name)) for name, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part, (*place, index)) for index, part in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            return Resolved(_REFERENCE.sub(self._resolved, _whole(value)))
        except Wrong as wrong:
            self.problems.append(self.document.problem(place, wrong.key, wrong.values))
            self.failed.add(place)
            return Resolved("")

    def _resolved(self, reference: re.Match[str]) -> str:
        name = reference[1].strip()
        if name.startswith("file:"):
            return self._from_file(Path(self.document.file).parent / name.removeprefix("file:").strip())
        if _NAME.fullmatch(name) is None:
            raise Wrong("config.reference")
        if name not in self.environ:
            meant = suggestion(name, self.environ)
            raise (
                Wrong("config.environment-like", name=name, meant=meant)
                if meant
                else Wrong("config.environment", name=name)
            )
        return _something(self.environ[name].strip(), name)

    def _from_file(self, path: Path) -> str:
        try:
            mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise Wrong("config.file-missing", path=str(path)) from None
        except (OSError, UnicodeDecodeError):
            raise Wrong("config.file-unreadable", path=str(path)) from None
        if mode & OTHERS:
            raise Wrong("config.open-to-others", path=str(path))
        return _something(text, str(path))


def _whole(text: str) -> str:
    """The text, when each `${` in it is closed."""
    if "${" in _REFERENCE.sub("", text):
        raise Wrong("config.reference")
    return text


def _something(text: str, name: str) -> str:
    if not text:
        raise Wrong("config.reference-empty", name=name)
    return text
