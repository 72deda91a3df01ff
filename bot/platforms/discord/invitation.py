"""What the bot asks of a server, and the link by which an administrator lets it in."""

import discord

NEEDED = (
    "view_channel", "send_messages", "send_messages_in_threads", "embed_links", "attach_files", "read_message_history",
)  # fmt: skip
"""Rights in every room, by their names in discord.py."""
WELCOME = ("manage_messages",)
"""Rights that it can do without: this one takes lines away that hold what is nobody's business."""
_SCOPES = ("bot", "applications.commands")


def invitation(application: int, guild: int | None = None) -> str:
    """The link; with a guild, that one is chosen already."""
    rights = discord.Permissions(**dict.fromkeys((*NEEDED, *WELCOME), True))
    place = discord.utils.MISSING if guild is None else discord.Object(guild)
    return discord.utils.oauth_url(application, permissions=rights, guild=place, scopes=_SCOPES)


def missing(channel: discord.abc.GuildChannel, member: discord.Member) -> tuple[str, ...]:
    """Which of the needed rights a member lacks in a channel, each for itself.

    A channel's own `permissions_for` takes everything away from who may not see it, so that one switch that is off
    looks like six.
    """
    rights = discord.abc.GuildChannel.permissions_for(channel, member)
    return tuple(name for name in NEEDED if not getattr(rights, name))
