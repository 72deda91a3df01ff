"""What the campaign tells its Matrix."""

import dataclasses
from collections.abc import Sequence

from bot.platforms.matrix.login import Account


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """Plain values.

    Attributes:
        account: Who the bot is.
        prefix: Before a command.
        invites_from: Whose invitations are accepted: "*:example.org".
        rooms: Every configured room, `!id` or `#alias:server`.
        organisers: Those of the organisers among them.
        grants: The roles that go by power: `matrix:power>=50@!room`.
        language: Of the campaign.
        zone: Of the campaign.
        campaign: Its name.
    """

    account: Account
    prefix: str
    invites_from: Sequence[str]
    rooms: Sequence[str]
    organisers: Sequence[str]
    grants: Sequence[str]
    language: str
    zone: str
    campaign: str
