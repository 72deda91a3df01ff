"""What a platform hands in: who says what, where."""

import dataclasses
from collections.abc import Mapping
from typing import Self


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Address:
    """A place or an account: `discord:1001`, `matrix:!room`, `terminal:#name`; a person of ours is `person:7`."""

    platform: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `platform:id`; the id may hold colons.

        Raises:
            ValueError: one of the halves is missing.
        """
        platform, colon, id_ = text.partition(":")
        if not (
            colon and platform.isascii() and platform.isalnum() and platform.islower() and id_.strip() == id_ != ""
        ):
            raise ValueError(text)
        return cls(platform, id_)

    @property
    def short(self) -> str:
        """The id alone; with its platform where it is only a number."""
        return str(self) if self.id.isdecimal() else self.id

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


@dataclasses.dataclass(frozen=True, slots=True)
class Press:
    """A tap on a button that is not open to everybody.

    Attributes:
        token: The same for every tap on this button of this message; an own button works once per token.
        owner: The account that the button was shown to.
        until: UTC milliseconds of the campaign's clock; later taps come too late.
    """

    token: str
    owner: Address
    until: int


@dataclasses.dataclass(frozen=True, slots=True)
class Invocation:
    """One call: either a typed line, or a command with raw values.

    Attributes:
        id: The event or interaction id, with the platform in it; a writing command is handled once per id.
        who: The account that speaks.
        where: The room or private talk.
        private: Nobody else reads along.
        line: What was typed, without the platform's prefix; None when `command` is given.
        command: A command's id, when the platform knows it (slash commands, buttons).
        values: Raw values by the parameter's name in English.
        groups: What the platform knows of the account: "member", "discord:role:42", "matrix:power>=50@!room".
        language: The language that the platform reports for the account, such as "nl" or "en-GB".
        press: Set when an own button was tapped.
        aloud: Others read the line itself, whoever may read the answer.
        perhaps: It may be a question: a line that is no command is asked of the answers.
        name: What people there know the account by, where its id does not say it: nobody else's on that platform,
            and not chosen to look like one. None: the id.
    """

    id: str
    who: Address
    where: Address
    private: bool
    line: str | None = None
    command: str | None = None
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    language: str | None = None
    press: Press | None = None
    aloud: bool = False
    perhaps: bool = False
    name: str | None = None
