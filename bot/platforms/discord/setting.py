"""What the campaign tells its Discord."""

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """Plain values of the configuration.

    Attributes:
        token: Of the bot.
        guilds: The servers of the campaign; in any other the bot says one line.
        rooms: The channels of the campaign, by id.
        organisers: Those among them where only organisers are.
        language: The campaign's, "nl" or "en".
        zone: The campaign's time zone.
        campaign: Its name.
        api_url: Of a stand-in, for tests; None: Discord.
        gateway_url: As `api_url`.
    """

    token: str
    guilds: frozenset[int]
    rooms: Sequence[str]
    organisers: frozenset[str]
    language: str
    zone: str
    campaign: str
    api_url: str | None = None
    gateway_url: str | None = None
