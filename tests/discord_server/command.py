"""A command that the bot uploaded."""

import dataclasses
from typing import Any

JSON = dict[str, Any]

GUILD, DM = 0, 1
SUBCOMMANDS = {1, 2}


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A top command as it was sent, with what Discord adds."""

    id: str
    application_id: str
    version: str
    body: JSON
    guild_id: str | None = None

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def permissions(self) -> int | None:
        """What a member must have; None: everybody sees it, 0: administrators alone."""
        given = self.body.get("default_member_permissions")
        return None if given is None else int(given)

    def works_in(self, context: int) -> bool:
        """Whether it is shown there: 0 in a guild, 1 in private with the bot."""
        if self.guild_id is not None:
            return context == GUILD
        return context in (self.body.get("contexts") or (GUILD, DM))

    def payload(self, *, localized: bool = True) -> JSON:
        body: JSON = _without_none(self.body) if localized else _plain(_without_none(self.body))
        permissions = self.permissions
        placed = {"guild_id": self.guild_id} if self.guild_id else {}
        return {"type": 1, "description": ""} | body | placed | {
            "id": self.id,
            "application_id": self.application_id,
            "version": self.version,
            "default_member_permissions": None if permissions is None else str(permissions),
        }  # fmt: skip


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(part) for name, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Without the translations, as a list of commands has it by default."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if not name.endswith("_localizations")}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def words(part: JSON, locale: str) -> tuple[str, str]:
    """The name of a command, option or choice: as it is, and as a client in this language shows it."""
    return str(part["name"]), str((part.get("name_localizations") or {}).get(locale, part["name"]))
