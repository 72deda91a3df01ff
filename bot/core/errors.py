"""Errors that are spoken to people, and the one kind that is a developer's mistake.

UserError
├── Invalid    a value cannot be read
├── NotFound   there is no such thing
├── Refused    the rules say no
└── Denied     this person may not
"""

from typing import Any


class UserError(Exception):
    """Something a person can act on: the key of a text and its values. Never logged as a fault."""

    def __init__(self, key: str, /, **values: Any) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Invalid(UserError):
    """A value cannot be read as what is asked for."""


class NotFound(UserError):
    """What is asked for does not exist, or not for this person."""


class Refused(UserError):
    """The rules, or somebody who was first, say no."""


class Denied(UserError):
    """The role of the account that speaks is not enough."""


class Misdeclared(Exception):
    """A declaration that no platform could show; raised at import, never to people."""
