"""Answers to interactions: the first one, and what is changed or added in the quarter of an hour after it."""

from typing import Any

from tests.discord_server.call import Answer, Call, Malformed, Refusal, not_found
from tests.discord_server.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, Modal
from tests.discord_server.message import EPHEMERAL, Message
from tests.discord_server.messages_api import fill
from tests.discord_server.world import World

JSON = dict[str, Any]

SAY, THINK, KEEP, CHANGE, SUGGEST, ASK = 4, 5, 6, 7, 8, 9
FITTING = {
    COMMAND: {SAY, THINK, ASK},
    COMPONENT: {SAY, THINK, KEEP, CHANGE, ASK},
    AUTOCOMPLETE: {SUGGEST},
    MODAL_SUBMIT: {SAY, THINK, KEEP, CHANGE},
}


def _callback(world: World, call: Call) -> Answer:
    asked = _waiting(world, call)
    kind = call.fields["type"]
    if kind not in FITTING[asked.kind] or (kind in {KEEP, CHANGE} and asked.source is None):
        raise Malformed(f"type: {kind} does not answer an interaction of type {asked.kind}")
    asked.acknowledged = kind
    _respond(world, asked, kind, call)
    asked.changed()
    return _callback_answer(asked, kind) if call.flag("with_response") else Answer(204)


def _waiting(world: World, call: Call) -> Interaction:
    """The interaction that has had no answer yet."""
    found = world.interactions.get(call.ids["interaction_id"])
    if found is None or found.token != call.ids["interaction_token"]:
        raise not_found("Interaction")
    if found.acknowledged is not None:
        raise Refusal(400, 40060, "Interaction has already been acknowledged.")
    if world.late or world.clock.now() - found.at > world.patience_seconds:
        raise not_found("Interaction")
    return found


def _respond(world: World, asked: Interaction, kind: int, call: Call) -> None:
    data: JSON = call.fields.get("data") or {}
    match kind:
        case code if code in {SAY, THINK}:
            asked.original = _posted(world, asked, call, data, loading=kind == THINK)
            asked.settled = kind == SAY
        case code if code in {KEEP, CHANGE}:
            asked.original = asked.source
            asked.settled = kind == CHANGE
            if kind == CHANGE and asked.original is not None:
                fill(world, asked.original, call, data)
                world.changed(asked.original)
        case code if code == SUGGEST:
            asked.choices, asked.settled = data.get("choices") or [], True
        case _:
            asked.modal = Modal(data["custom_id"], data["title"], data["components"], asked)


def _posted(world: World, asked: Interaction, call: Call, data: JSON, *, loading: bool) -> Message:
    """A new message that answers an interaction."""
    made = Message(
        world.clock.snowflake(),
        asked.channel,
        world.bot,
        world.clock.stamp(),
        metadata=asked.metadata(),
        application=world.bot.id,
        loading=loading,
        only_for=asked.user if int(data.get("flags") or 0) & EPHEMERAL else None,
    )
    fill(world, made, call, data)
    world.store(made)
    return made


def _callback_answer(asked: Interaction, kind: int) -> Answer:
    found: JSON = {"id": asked.id, "type": asked.kind}
    if asked.original is None:
        return Answer(200, {"interaction": found})
    found |= {
        "response_message_id": asked.original.id,
        "response_message_loading": asked.original.loading,
        "response_message_ephemeral": asked.original.ephemeral,
    }
    resource = {"resource": {"type": kind, "message": asked.original.payload()}} if kind in {SAY, CHANGE} else {}
    return Answer(200, {"interaction": found} | resource)


# -- afterwards


def _living(world: World, call: Call) -> Interaction:
    """The interaction whose token this is, as long as it lives."""
    found = world.tokens.get(call.ids["webhook_token"])
    if found is None or call.ids["webhook_id"] != world.bot.id or found.acknowledged is None:
        raise not_found("Webhook")
    if world.clock.now() - found.at > world.token_seconds:
        raise Refusal(401, 50027, "Invalid Webhook Token")
    return found


def _follow(world: World, call: Call) -> Answer:
    asked = _living(world, call)
    if asked.original is not None and asked.original.loading and not asked.original.deleted:
        # The first thing said takes the place of "thinking", and is as private as that was.
        return _changed(world, asked, asked.original, call)
    asked.followups.append(_posted(world, asked, call, call.fields, loading=False))
    asked.settled = True
    asked.changed()
    return Answer(200, asked.followups[-1].payload())


def _changed(world: World, asked: Interaction, found: Message, call: Call) -> Answer:
    private = found.flags & EPHEMERAL
    found.loading = False
    fill(world, found, call, call.fields)
    found.flags = (found.flags & ~EPHEMERAL) | private
    world.changed(found)
    if found is asked.original:
        asked.settled = True
    asked.changed()
    return Answer(200, found.payload())


def _own(asked: Interaction, message_id: str) -> Message:
    """A message that answers this interaction."""
    first = [] if asked.original is None else [asked.original]
    for one in (*first, *asked.followups):
        if not one.deleted and (one.id == message_id or (message_id == "@original" and one is asked.original)):
            return one
    raise not_found("Message")


def _get(world: World, call: Call) -> Answer:
    return Answer(200, _own(_living(world, call), call.ids.get("message_id", "@original")).payload())


def _edit(world: World, call: Call) -> Answer:
    asked = _living(world, call)
    return _changed(world, asked, _own(asked, call.ids.get("message_id", "@original")), call)


def _delete(world: World, call: Call) -> Answer:
    asked = _living(world, call)
    world.remove(_own(asked, call.ids.get("message_id", "@original")))
    asked.settled = True
    asked.changed()
    return Answer(204)


_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
ENDPOINTS = {
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): _callback,
    ("POST", _HOOK): _follow,
    ("GET", f"{_HOOK}/messages/@original"): _get,
    ("PATCH", f"{_HOOK}/messages/@original"): _edit,
    ("DELETE", f"{_HOOK}/messages/@original"): _delete,
    ("GET", _HOOK + "/messages/{message_id}"): _get,
    ("PATCH", _HOOK + "/messages/{message_id}"): _edit,
    ("DELETE", _HOOK + "/messages/{message_id}"): _delete,
}
