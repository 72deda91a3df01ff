"""Scheduled events of a guild: made and listed."""

from typing import Any

from tests.discord_server.call import Answer, Call
from tests.discord_server.places_api import guild
from tests.discord_server.world import EVENTS, Event, World

JSON = dict[str, Any]


def _list(world: World, call: Call) -> Answer:
    return Answer(200, list(guild(world, call.ids["guild_id"]).events.values()))


def _create(world: World, call: Call) -> Answer:
    place = guild(world, call.ids["guild_id"])
    made: JSON = {"description": None, "image": None, "scheduled_end_time": None, "channel_id": None} | {
        name: call.fields[name] for name in _TAKEN if name in call.fields
    }
    made |= {
        "id": world.clock.snowflake(), "guild_id": place.id, "creator_id": world.bot.id, "status": 1, "entity_id": None,
        "recurrence_rule": None, "guild_scheduled_event_exceptions": [],
    }  # fmt: skip
    place.events[made["id"]] = made
    world.announce(Event("GUILD_SCHEDULED_EVENT_CREATE", made, EVENTS))
    return Answer(200, made)


_TAKEN = ("name", "description", "scheduled_start_time", "scheduled_end_time", "privacy_level", "entity_type",
          "channel_id", "entity_metadata")  # fmt: skip
_EVENTS = "/guilds/{guild_id}/scheduled-events"
ENDPOINTS = {("GET", _EVENTS): _list, ("POST", _EVENTS): _create}
