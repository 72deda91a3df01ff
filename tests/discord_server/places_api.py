"""Who the bot is, and where it is: accounts, guilds, members, roles and channels."""

from tests.discord_server.call import Answer, Call, Refusal, not_found
from tests.discord_server.place import MISSING_ACCESS, Channel, Guild
from tests.discord_server.world import World


def channel(world: World, channel_id: str) -> Channel:
    """A channel that the bot may see.

    Raises:
        Refusal: there is none, or it may not.
    """
    found = world.channels.get(channel_id)
    if found is None:
        raise not_found("Channel")
    if found.refuses == MISSING_ACCESS:
        raise Refusal(403, MISSING_ACCESS, "Missing Access")
    return found


def guild(world: World, guild_id: str) -> Guild:
    """A guild that the bot is in.

    Raises:
        Refusal: it is in no such guild.
    """
    if guild_id not in world.guilds:
        raise not_found("Guild")
    return world.guilds[guild_id]


def _me(world: World, call: Call) -> Answer:
    return Answer(200, world.bot.own_payload())


def _user(world: World, call: Call) -> Answer:
    if call.ids["user_id"] not in world.users:
        raise not_found("User")
    return Answer(200, world.users[call.ids["user_id"]].payload())


def _application(world: World, call: Call) -> Answer:
    owners = [one.owner for one in world.guilds.values()] or [world.bot]
    return Answer(200, {
        "id": world.bot.id, "name": world.bot.name, "icon": None, "description": "", "type": None,
        "bot": world.bot.payload(), "bot_public": False, "bot_require_code_grant": False, "verify_key": "0" * 64,
        "flags": 0, "flags_new": "0", "redirect_uris": [], "interactions_endpoint_url": None,
        "role_connections_verification_url": None, "owner": owners[0].payload(), "approximate_guild_count": 1,
        "approximate_user_install_count": 0, "approximate_user_authorization_count": 0, "explicit_content_filter": 0,
        "team": None, "eligible_oauth2_scopes": [], "integration_types_config": {"0": {}}, **world.portal,
    })  # fmt: skip


def _gateway(world: World, call: Call) -> Answer:
    limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return Answer(200, {"url": world.gateway_url, "shards": 1, "session_start_limit": limit})


def _own_guilds(world: World, call: Call) -> Answer:
    return Answer(200, [
        {"id": one.id, "name": one.name, "icon": None, "banner": None, "owner": False, "permissions": "0",
         "features": []}
        for one in world.guilds.values()
    ])  # fmt: skip


def _guild(world: World, call: Call) -> Answer:
    found = guild(world, call.ids["guild_id"])
    counts = {"approximate_member_count": len(found.members), "approximate_presence_count": 1}
    return Answer(200, found.payload() | (counts if call.flag("with_counts") else {}))


def _channels(world: World, call: Call) -> Answer:
    places = guild(world, call.ids["guild_id"]).channels.values()
    return Answer(200, [place.payload() for place in places if place.parent is None])


def _roles(world: World, call: Call) -> Answer:
    return Answer(200, [role.payload() for role in guild(world, call.ids["guild_id"]).roles.values()])


def _member(world: World, call: Call) -> Answer:
    found = guild(world, call.ids["guild_id"]).members.get(call.ids["user_id"])
    if found is None:
        raise not_found("Member")
    return Answer(200, found.payload())


def _members(world: World, call: Call) -> Answer:
    """The whole list takes the privileged intent, which the bot does not have."""
    raise Refusal(403, MISSING_ACCESS, "Missing Access")


def _search(world: World, call: Call) -> Answer:
    begin = call.query.get("query", "").lower()
    found = [
        one.payload()
        for one in guild(world, call.ids["guild_id"]).members.values()
        if (one.nick or one.user.name).lower().startswith(begin)
    ]
    return Answer(200, found[: int(call.query.get("limit", "1"))])


def _channel(world: World, call: Call) -> Answer:
    return Answer(200, channel(world, call.ids["channel_id"]).payload())


def _dm(world: World, call: Call) -> Answer:
    """Opening a private channel works even where nothing may be said in it."""
    person = world.users.get(str(call.fields["recipient_id"]))
    if person is None:
        raise not_found("User")
    return Answer(200, world.dm(person).payload())


def _typing(world: World, call: Call) -> Answer:
    world.typed.append(channel(world, call.ids["channel_id"]))
    return Answer(204)


ENDPOINTS = {
    ("GET", "/users/@me"): _me,
    ("GET", "/users/@me/guilds"): _own_guilds,
    ("POST", "/users/@me/channels"): _dm,
    ("GET", "/users/{user_id}"): _user,
    ("GET", "/applications/@me"): _application,
    ("GET", "/oauth2/applications/@me"): _application,
    ("GET", "/gateway/bot"): _gateway,
    ("GET", "/guilds/{guild_id}"): _guild,
    ("GET", "/guilds/{guild_id}/channels"): _channels,
    ("GET", "/guilds/{guild_id}/roles"): _roles,
    ("GET", "/guilds/{guild_id}/members"): _members,
    ("GET", "/guilds/{guild_id}/members/search"): _search,
    ("GET", "/guilds/{guild_id}/members/{user_id}"): _member,
    ("GET", "/channels/{channel_id}"): _channel,
    ("POST", "/channels/{channel_id}/typing"): _typing,
}
