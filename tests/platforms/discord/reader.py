"""Reads Discord's Markdown as its clients do, as far as is known of them: what is marked up, and what is read.

Rules at the beginning of a line come first, then those of any place, the first that fits at each place; within what it
found the same rules hold again. A masked link reads as `label`, a moment as its sign.
"""

import dataclasses
import re

_BLOCKS = (
    ("heading", re.compile(r" *(?:#{1,3})\s+((?!#)[^\n]+?)#*\s*(?:\n|$)")),
    ("subtext", re.compile(r" *-# +((?!-#)[^\n]+?) *(?:\n|$)")),
    ("quote", re.compile(r" *(?:>>>|>) +([^\n]*)(?:\n|$)")),
    ("item", re.compile(r" *(?:[*+-]|\d+\.) +([^\n]*)(?:\n|$)")),
)
_INLINE = (
    ("block", re.compile(r"```(?:[a-z0-9_+\-.#]+?\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE), "as it is"),
    ("", re.compile(r"\\([^0-9A-Za-z\s])"), "as it is"),
    ("moment", re.compile(r"(<t:-?\d{1,17}(?::[tTdDfFR])?>)"), "as it is"),
    ("mention", re.compile(r"(@everyone|@here|<@[!&]?\d+>|<#\d+>|</[^:>]+:\d+>|<id:\w+>)"), "as it is"),
    ("emoji", re.compile(r"(<a?:\w+:\d+>|:[^\s:]+?(?:::skin-tone-\d)?:)"), "as it is"),
    ("bare", re.compile(r"<([^: >]+:/[^ >]+)>"), "as it is"),
    ("url", re.compile(r"((?:https?|steam|discord)://[^\s<]+[^<.,:;\"'\]\s])", re.IGNORECASE), "as it is"),
    ("mail", re.compile(r"<([^\s@<>]+@[^\s@<>]+\.\w+|\+\d+|tel:[^>]+)>"), "as it is"),
    ("link", re.compile(
        r"\[((?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*)\]\(\s*<?((?:\([^)]*\)|[^\s\\]|\\.)*?)>?(?:\s+['\"][\s\S]*?['\"])?\s*\)"
    ), "again"),
    ("em", re.compile(
        r"\b_((?:__|\\[\s\S]|[^\\_])+?)_\b"
        r"|\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)"
    ), "again"),
    ("strong", re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)"), "again"),
    ("underline", re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)"), "again"),
    ("strike", re.compile(r"~~([\s\S]+?)~~(?!_)"), "again"),
    ("spoiler", re.compile(r"\|\|([\s\S]+?)\|\|"), "again"),
    ("code", re.compile(r"(?P<fence>`+)([\s\S]*?[^`])(?P=fence)(?!`)"), "as it is"),
)  # fmt: skip
_PLAIN = re.compile(r"(?:[^\\<@:\[*_~|`\nhsd]|\b[hsd](?!ttp|team:|iscord:)|\B[hsd])*+", re.IGNORECASE)
_QUIET = re.compile(r"<\w+:/[^ >]+>")  # an address in brackets has no preview, and shows no card
_LONGEST = ("em", "strong", "underline")  # the longest of these is taken, and the first of equals
_INVITE = re.compile(r"(?<![</])discord(?:app)?\.(?:gg|com|new)/", re.IGNORECASE)


@dataclasses.dataclass
class Reader:
    """What a client makes of a text: its tags in order, `link URL` with its address, and the words."""

    text: str
    tags: list[str] = dataclasses.field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        if _INVITE.search(_QUIET.sub("", self.text)):
            self.tags.append("invite")
        self._read(self.text)

    def _read(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._block(text, at) or self._plain(text, at) or self._inline(text, at)

    def _plain(self, text: str, at: int) -> int:
        """Words, up to where a rule may begin."""
        end = _PLAIN.match(text, at).end()  # type: ignore[union-attr]
        self.words += text[at:end]
        return end if end > at else 0

    def _block(self, text: str, at: int) -> int:
        if at and text[at - 1] != "\n":
            return 0
        for tag, rule in _BLOCKS:
            if found := rule.match(text, at):
                self.tags.append(tag)
                self._read(found[1])
                self.words += "\n"
                return found.end()
        return 0

    def _inline(self, text: str, at: int) -> int:
        fitting = [(tag, found, how) for tag, rule, how in _INLINE if (found := rule.match(text, at))]
        if not fitting:
            self.words += text[at]
            return at + 1
        tag, found, how = fitting[0]
        if tag in _LONGEST:
            tag, found, how = max((one for one in fitting if one[0] in _LONGEST), key=lambda one: one[1].end())
        inner = next(group for group in reversed(found.groups()) if group is not None)
        if tag == "link":
            self.tags.append(f"link {found[2]}")
            inner = found[1]
        elif tag:
            self.tags.append(tag)
        if how == "again":
            self._read(inner)
        else:
            self.words += inner
        return found.end()
