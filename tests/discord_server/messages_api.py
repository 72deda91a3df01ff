"""Messages in channels: made, changed, taken away and read."""

from typing import Any

from tests.discord_server.call import Answer, Call, Malformed, Refusal, not_found
from tests.discord_server.message import EPHEMERAL, File, Message
from tests.discord_server.place import MISSING_PERMISSIONS, Channel
from tests.discord_server.places_api import channel
from tests.discord_server.world import World

JSON = dict[str, Any]

CONTENT = ("content", "embeds", "components")


def fill(world: World, message: Message, call: Call, fields: JSON) -> None:
    """Give a message what a request says; what it does not speak of stays.

    Raises:
        Refusal: nothing would be left.
    """
    left = [fields.get(name, getattr(message, name)) for name in (*CONTENT, "attachments")]
    if not any(left) and not call.files and not message.loading:
        raise Refusal(400, 50006, "Cannot send an empty message")
    for name in CONTENT:
        if name in fields:
            setattr(message, name, fields[name] or type(getattr(message, name))())
    if "flags" in fields:
        message.flags = int(fields["flags"] or 0) | (message.flags & EPHEMERAL)
    if "attachments" in fields or call.files:
        message.attachments = _attachments(world, message, call, fields)
    message.mentions = world.mentioned(message.content)


def _attachments(world: World, message: Message, call: Call, fields: JSON) -> list[File]:
    """The files of a message: new ones by the number of their part, kept ones by their id."""
    listed = fields.get("attachments")
    kept = {file.id: file for file in message.attachments}
    asked: list[JSON] = listed if isinstance(listed, list) else [{"id": one} for one in (*kept, *call.files)]
    return [
        kept[str(one["id"])] if str(one["id"]) in kept else _uploaded(world, message.channel, call, one)
        for one in asked
    ]


def _uploaded(world: World, place: Channel, call: Call, asked: JSON) -> File:
    upload = call.files.get(int(str(asked["id"])))
    if upload is None:
        raise Malformed(f"attachments: no part files[{asked['id']}]")
    name = str(asked.get("filename") or upload.name)
    number = world.clock.snowflake()
    world.uploads[number] = upload.data
    address = f"{world.files_url}/attachments/{place.id}/{number}/{name}"
    description = asked.get("description")
    return File(number, name, upload.data, upload.content_type, str(description) if description else None, address)


def message(world: World, channel_id: str, message_id: str) -> Message:
    """A message that stands in a channel.

    Raises:
        Refusal: it does not.
    """
    found = world.messages.get(message_id)
    place = channel(world, channel_id)
    if found is None or found.deleted or found.channel is not place or found.only_for is not None:
        raise not_found("Message")
    return found


def may_speak(place: Channel) -> None:
    """Refuse what may not be said here."""
    if place.refuses is not None:
        raise Refusal(403, place.refuses, "Missing Permissions")
    if place.recipient is not None and place.recipient.closed:
        raise Refusal(403, 50007, "Cannot send messages to this user")


def _create(world: World, call: Call) -> Answer:
    place = channel(world, call.ids["channel_id"])
    may_speak(place)
    known = _known(world, call)
    if known is not None:
        return Answer(200, known.payload())
    made = Message(world.clock.snowflake(), place, world.bot, world.clock.stamp(), nonce=call.fields.get("nonce"))
    fill(world, made, call, call.fields)
    reference = call.fields.get("message_reference")
    if reference:
        made.reference = {"type": 0, "channel_id": place.id, "message_id": str(reference["message_id"])}
    world.store(made)
    if made.nonce is not None:
        world.nonces[str(made.nonce)] = world.clock.now(), made
    return Answer(200, made.payload())


def _known(world: World, call: Call) -> Message | None:
    """The message that this nonce made a short while ago, in whichever channel, even when it was taken away since.

    Source: discord-api-docs, resources/message, "enforce_nonce" (it speaks of the author alone), and pull request 6647.
    """
    if not call.fields.get("enforce_nonce"):
        return None
    at, found = world.nonces.get(str(call.fields.get("nonce")), (0.0, None))
    return found if world.clock.now() - at < world.nonce_seconds else None


def _history(world: World, call: Call) -> Answer:
    place = channel(world, call.ids["channel_id"])
    limit = int(call.query.get("limit", "50"))
    newest_first = list(reversed(world.history.get(place.id, [])))
    return Answer(200, [one.payload() for one in _page(newest_first, call.query, limit)])


def _page(newest_first: list[Message], query: dict[str, str], limit: int) -> list[Message]:
    if "around" in query:
        middle = int(query["around"])
        newer = [one for one in newest_first if int(one.id) > middle][-(limit // 2) :]
        return newer + [one for one in newest_first if int(one.id) <= middle][: limit - len(newer)]
    if "after" in query:
        return [one for one in newest_first if int(one.id) > int(query["after"])][-limit:]
    before = int(query.get("before", 1 << 63))
    return [one for one in newest_first if int(one.id) < before][:limit]


def _get(world: World, call: Call) -> Answer:
    return Answer(200, message(world, call.ids["channel_id"], call.ids["message_id"]).payload())


def _edit(world: World, call: Call) -> Answer:
    found = message(world, call.ids["channel_id"], call.ids["message_id"])
    if found.author is not world.bot:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    fill(world, found, call, call.fields)
    world.changed(found)
    return Answer(200, found.payload())


def _delete(world: World, call: Call) -> Answer:
    found = message(world, call.ids["channel_id"], call.ids["message_id"])
    if found.author is not world.bot:
        raise Refusal(403, MISSING_PERMISSIONS, "Missing Permissions")
    world.remove(found)
    return Answer(204)


ENDPOINTS = {
    ("GET", "/channels/{channel_id}/messages"): _history,
    ("POST", "/channels/{channel_id}/messages"): _create,
    ("GET", "/channels/{channel_id}/messages/{message_id}"): _get,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): _edit,
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): _delete,
}
