"""Where people talk: guilds with their roles and members, channels, threads and private channels."""

import dataclasses
import functools
import operator
from enum import IntEnum, IntFlag
from typing import Any

from tests.discord_server.user import User

JSON = dict[str, Any]


class May(IntFlag):
    """The permissions that matter here."""

    ADMINISTRATOR = 1 << 3
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_EVENTS = 1 << 33
    SEND_MESSAGES_IN_THREADS = 1 << 38
    CREATE_EVENTS = 1 << 44


TALK = (
    May.VIEW_CHANNEL | May.SEND_MESSAGES | May.EMBED_LINKS | May.ATTACH_FILES | May.READ_MESSAGE_HISTORY
    | May.USE_APPLICATION_COMMANDS | May.SEND_MESSAGES_IN_THREADS
)  # fmt: skip
EVERYTHING = functools.reduce(operator.or_, May)

MISSING_ACCESS, MISSING_PERMISSIONS = 50001, 50013


class Kind(IntEnum):
    TEXT = 0
    DM = 1
    CATEGORY = 4
    THREAD = 11


@dataclasses.dataclass(eq=False)
class Role:
    id: str
    name: str
    permissions: int
    position: int

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def payload(self) -> JSON:
        return {
            "id": self.id,
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }


@dataclasses.dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    joined: str
    roles: list[Role] = dataclasses.field(default_factory=list)
    nick: str | None = None

    def payload(self) -> JSON:
        return self.bare_payload() | {"user": self.user.payload()}

    def bare_payload(self) -> JSON:
        """Without the user, as messages carry it."""
        return {
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "roles": [role.id for role in self.roles],
            "joined_at": self.joined,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Overwrite:
    """What a role or a member may in one channel, whatever it may elsewhere."""

    id: str
    member: bool
    allow: int = 0
    deny: int = 0

    def payload(self) -> JSON:
        return {"id": self.id, "type": int(self.member), "allow": str(int(self.allow)), "deny": str(int(self.deny))}


@dataclasses.dataclass(eq=False)
class Channel:
    """A channel, a thread or a private channel.

    Attributes:
        recipient: The person, in a private channel.
        parent: The channel that a thread is in.
        refuses: The error code with which the bot is refused here.
        overwrites: What a role or member, by its id, is allowed and denied here.
    """

    id: str
    name: str
    kind: Kind = Kind.TEXT
    guild: "Guild | None" = None
    recipient: User | None = None
    parent: "Channel | None" = None
    position: int = 0
    made: str = ""
    last: str | None = None
    refuses: int | None = None
    overwrites: dict[str, "Overwrite"] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.name}>"

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def bot_may(self) -> int:
        """The bot's permissions here."""
        match self.refuses:
            case None:
                return int(TALK)
            case code if code == MISSING_ACCESS:
                return 0
            case _:
                return int(TALK & ~May.SEND_MESSAGES & ~May.SEND_MESSAGES_IN_THREADS)

    def payload(self) -> JSON:
        shared: JSON = {"id": self.id, "type": int(self.kind), "flags": 0, "last_message_id": self.last}
        match self.kind:
            case Kind.DM:
                return shared | {"recipients": [self.recipient.payload()] if self.recipient else []}
            case Kind.THREAD:
                return shared | self._placed() | self._as_thread()
            case Kind.CATEGORY:
                return {"id": self.id, "type": int(self.kind), "flags": 0} | self._placed() | self._as_text()
            case _:
                return shared | self._placed() | self._as_text()

    def _placed(self) -> JSON:
        return {
            "guild_id": self.guild.id if self.guild else "0",
            "name": self.name,
            "parent_id": self.parent.id if self.parent else None,
            "rate_limit_per_user": 0,
            "last_pin_timestamp": None,
        }

    def _as_text(self) -> JSON:
        denied = int(TALK) & ~self.bot_may()
        own = {"id": self.guild.bot.user.id if self.guild else "0", "type": 1, "allow": "0", "deny": str(denied)}
        return {
            "position": self.position,
            "topic": None,
            "nsfw": False,
            "permission_overwrites": [one.payload() for one in self.overwrites.values()] + ([own] if denied else []),
        }

    def _as_thread(self) -> JSON:
        return {
            "owner_id": self.guild.owner.id if self.guild else "0",
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "thread_metadata": {
                "archived": False,
                "archive_timestamp": self.made,
                "auto_archive_duration": 10080,
                "locked": False,
                "create_timestamp": self.made,
            },
        }


@dataclasses.dataclass(eq=False)
class Guild:
    """A server, as people call it.

    Attributes:
        locale: Its preferred language, which interactions carry.
        bot: The bot's own membership.
        shown: To whom administrators show a command, by its id.
    """

    id: str
    name: str
    locale: str
    owner: User
    bot: Member
    roles: dict[str, Role] = dataclasses.field(default_factory=dict)
    members: dict[str, Member] = dataclasses.field(default_factory=dict)
    channels: dict[str, Channel] = dataclasses.field(default_factory=dict)
    events: dict[str, JSON] = dataclasses.field(default_factory=dict)
    shown: dict[str, list[Role]] = dataclasses.field(default_factory=dict)

    def permissions(self, member: Member) -> int:
        """What a member may, by the roles and as the owner."""
        found = self.roles[self.id].permissions
        for role in member.roles:
            found |= role.permissions
        return int(EVERYTHING) if found & May.ADMINISTRATOR or member.user is self.owner else int(found)

    def partial(self) -> JSON:
        """As interactions carry it."""
        return {"id": self.id, "locale": self.locale, "features": []}

    def payload(self) -> JSON:
        return _GUILD | {
            "id": self.id,
            "name": self.name,
            "owner_id": self.owner.id,
            "preferred_locale": self.locale,
            "roles": [role.payload() for role in self.roles.values()],
        }

    def created(self) -> JSON:
        """As the gateway tells it: without the members, which a bot without that intent does not get."""
        threads = [place.payload() for place in self.channels.values() if place.kind == Kind.THREAD]
        channels = [place.payload() for place in self.channels.values() if place.kind != Kind.THREAD]
        return self.payload() | {
            "joined_at": self.bot.joined,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [self.bot.payload()],
            "channels": channels,
            "threads": threads,
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": list(self.events.values()),
            "soundboard_sounds": [],
        }


_GUILD: JSON = {
    "icon": None, "description": None, "home_header": None, "splash": None, "discovery_splash": None, "features": [],
    "banner": None, "application_id": None, "region": "us-east", "afk_channel_id": None, "afk_timeout": 300,
    "system_channel_id": None, "system_channel_flags": 0, "widget_enabled": False, "widget_channel_id": None,
    "verification_level": 0, "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0,
    "max_presences": None, "max_members": 500_000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
    "vanity_url_code": None, "premium_tier": 0, "premium_subscription_count": 0, "rules_channel_id": None,
    "safety_alerts_channel_id": None, "public_updates_channel_id": None, "premium_progress_bar_enabled": False,
    "nsfw": False, "nsfw_level": 0, "emojis": [], "stickers": [], "incidents_data": None,
}  # fmt: skip
