"""Give Discord the commands, when they changed: it takes 200 new ones a day, and old clients show doubles meanwhile."""

import hashlib
import json
from collections.abc import Collection
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.core.platform import Memory

_EVERYWHERE = "global"
UPLOADED = f"device.discord.commands.{_EVERYWHERE}"
"""Memory: a hash of what Discord has everywhere. It stays out of backups: what was so then need not be so now."""

log = structlog.get_logger()


async def upload(
    tree: app_commands.CommandTree[Any], memory: Memory, guilds: Collection[int], *, to: Collection[int] | None = None
) -> tuple[str, ...]:
    """Upload a tree's commands where Discord has others, and take them back where they would stand double.

    Args:
        tree: With its translator.
        memory: Holds, per place, a hash of what was uploaded.
        guilds: The campaign's.
        to: These guilds alone, as for a trial; None: everywhere, private talks with the bot among them.

    Returns:
        Where something was uploaded: "global" or the guild's id.

    Raises:
        discord.HTTPException: Discord did not take it; what went before is noted and is not uploaded again.
        discord.MissingApplicationID: the client has not logged in.
    """
    wanted = [None] if to is None else [discord.Object(id_) for id_ in to]
    uploaded = tuple([_name(place) for place in wanted if await _put(tree, memory, place)])
    others = [discord.Object(id_) for id_ in guilds if id_ not in (to or ())]
    for place in others if to is None else [None, *others]:
        if await memory.get(_row(place)):
            await _take_back(tree, place)
            await memory.remove(_row(place))
    return uploaded


async def fingerprint(tree: app_commands.CommandTree[Any], place: discord.abc.Snowflake | None = None) -> str:
    """A hash of all that Discord would get: commands, options and translations, and for which application."""
    text = json.dumps([tree.client.application_id, await _payload(tree, place)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


async def _payload(tree: app_commands.CommandTree[Any], place: discord.abc.Snowflake | None) -> list[Any]:
    translator = tree.translator
    return [
        await one.get_translated_payload(tree, translator) if translator else one.to_dict(tree)
        for one in tree.get_commands(guild=place)
    ]


async def has(tree: app_commands.CommandTree[Any], place: discord.abc.Snowflake | None = None) -> bool:
    """Whether Discord has our commands in a place, and no others, by their names and those of their options.

    Another program with the same token may have taken them away.

    Raises:
        discord.HTTPException: Discord does not tell.
    """
    theirs = {one.name: {option.name for option in one.options} for one in await tree.fetch_commands(guild=place)}
    ours = {one["name"]: {option["name"] for option in one["options"]} for one in await _payload(tree, place)}
    return theirs == ours


async def _put(tree: app_commands.CommandTree[Any], memory: Memory, place: discord.Object | None) -> bool:
    """Upload to a place, unless it has the same; whether that was needed."""
    if place is not None:
        tree.copy_global_to(guild=place)
    now = await fingerprint(tree, place)
    if await memory.get(_row(place)) == now and await _still(tree, place):
        return False
    await tree.sync(guild=place)
    await memory.put(_row(place), now)
    return True


async def _still(tree: app_commands.CommandTree[Any], place: discord.Object | None) -> bool:
    """Whether what was uploaded still stands there, as far as Discord tells."""
    try:
        return await has(tree, place)
    except discord.HTTPException as error:
        log.info("whether the commands still stand is not known", error=repr(error))
        return True


async def _take_back(tree: app_commands.CommandTree[Any], place: discord.Object | None) -> None:
    kept = tree.get_commands(guild=place)
    tree.clear_commands(guild=place)
    try:
        await tree.sync(guild=place)
    except discord.Forbidden:
        log.info("no commands to take back", place=_name(place))  # we are no longer there, nor are they
    finally:
        for one in kept:
            tree.add_command(one, guild=place)


def _name(place: discord.Object | None) -> str:
    return _EVERYWHERE if place is None else str(place.id)


def _row(place: discord.Object | None) -> str:
    return UPLOADED if place is None else f"device.discord.commands.{place.id}"
