"""Somebody who has an account: a person or the bot."""

import dataclasses
from typing import Any

JSON = dict[str, Any]


@dataclasses.dataclass(eq=False)
class User:
    """An account.

    Attributes:
        locale: The language of this person's Discord.
        closed: No private messages from people who are not friends.
    """

    id: str
    name: str
    bot: bool = False
    locale: str = "en-US"
    closed: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def payload(self) -> JSON:
        return {
            "id": self.id,
            "username": self.name.lower(),
            "global_name": self.name,
            "avatar": None,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "bot": self.bot,
            "primary_guild": None,
        }

    def own_payload(self) -> JSON:
        """What an account reads about itself."""
        return self.payload() | {"mfa_enabled": True, "locale": "en-US", "verified": True}
