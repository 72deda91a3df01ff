"""Bold, underlined and coloured text for a person; nothing of it in a pipe."""

import dataclasses
import os
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Ink:
    """Escape sequences around our own words, or, when `on` is false, only the words."""

    on: bool

    @classmethod
    def of(cls, *, tty: bool, environ: Mapping[str, str] = os.environ) -> "Ink":
        """Ink where it can be seen; https://no-color.org: any value but an empty one turns it off."""
        return cls(tty and not environ.get("NO_COLOR"))

    def bold(self, text: str) -> str:
        return self._wrap("1", text, "22")

    def italic(self, text: str) -> str:
        return self._wrap("3", text, "23")

    def underlined(self, text: str) -> str:
        return self._wrap("4", text, "24")

    def dim(self, text: str) -> str:
        return self._wrap("2", text, "22")

    def yellow(self, text: str) -> str:
        return self._wrap("33", text, "39")

    def green(self, text: str) -> str:
        return self._wrap("32", text, "39")

    def cyan(self, text: str) -> str:
        return self._wrap("36", text, "39")

    def _wrap(self, start: str, text: str, end: str) -> str:
        return f"\x1b[{start}m{text}\x1b[{end}m" if self.on and text else text
