"""The bot's commands: uploaded all at once, and listed."""

from tests.discord_server.call import Answer, Call, not_found
from tests.discord_server.command import Command
from tests.discord_server.places_api import guild
from tests.discord_server.world import World


def _scope(world: World, call: Call) -> str | None:
    if call.ids["application_id"] != world.bot.id:
        raise not_found("Application Command")
    return guild(world, call.ids["guild_id"]).id if "guild_id" in call.ids else None


def _overwrite(world: World, call: Call) -> Answer:
    scope = _scope(world, call)
    ids = {one.name: one.id for one in world.commands.get(scope, ())}
    world.commands[scope] = [
        Command(ids.get(one["name"]) or world.clock.snowflake(), world.bot.id, world.clock.snowflake(), one, scope)
        for one in call.body or []
    ]
    world.stirred()
    return Answer(200, [one.payload() for one in world.commands[scope]])


def _list(world: World, call: Call) -> Answer:
    localized = call.flag("with_localizations")
    return Answer(200, [one.payload(localized=localized) for one in world.commands.get(_scope(world, call), ())])


def _permissions(world: World, call: Call) -> Answer:
    """Whom administrators of a guild show a command; an error where they changed nothing.

    Source: Discord's documentation, topics/opcodes-and-status-codes, "JSON error codes", 10066.
    """
    _scope(world, call)
    place, command = guild(world, call.ids["guild_id"]), call.ids["command_id"]
    if command not in place.shown:
        raise not_found("Application Command Permissions")
    roles = [{"id": role.id, "type": 1, "permission": True} for role in place.shown[command]]
    return Answer(200, {"id": command, "application_id": world.bot.id, "guild_id": place.id, "permissions": roles})


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ENDPOINTS = {
    ("GET", _GLOBAL): _list,
    ("PUT", _GLOBAL): _overwrite,
    ("GET", _GUILD): _list,
    ("PUT", _GUILD): _overwrite,
    ("GET", f"{_GUILD}/{{command_id}}/permissions"): _permissions,
}
