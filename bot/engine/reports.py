"""What organisers hear about delivery: what did not arrive, which room is paused, in words and without content."""

from bot.campaign.rooms import Rooms
from bot.core.invocation import Address
from bot.core.reply import Kind, Phrase, Reply, Value
from bot.engine.recipients import is_for_person
from bot.store.outbox import Entry, Message

_REPORT = "report:"


def is_report(entry: Entry) -> bool:
    """A report that fails is not reported again."""
    return entry.cause.startswith(_REPORT)


def failed(rooms: Rooms, entry: Entry, why: Value) -> list[Message]:
    """One message did not arrive."""
    values: dict[str, Value] = {"what": _what(entry), "place": _place(rooms, entry), "due": entry.due, "why": why}
    return _to_organisers(rooms, f"failed:{entry.key}", Phrase("delivery.failed", values))


def paused(rooms: Rooms, entry: Entry, since: int, reason: str) -> list[Message]:
    """A room refuses everything; its messages wait."""
    phrase = Phrase("delivery.paused", {"place": _place(rooms, entry), "why": reason})
    return _to_organisers(rooms, f"paused:{entry.destination}:{since}", phrase)


def stale(rooms: Rooms, entry: Entry, since: int) -> list[Message]:
    """What waited too long for a paused room is given up; told once for each time that a room is paused."""
    phrase = Phrase("delivery.stale", {"place": _place(rooms, entry)})
    return _to_organisers(rooms, f"stale:{entry.destination}:{since}", phrase)


def resumed(rooms: Rooms, entry: Entry, since: int) -> list[Message]:
    """A paused room takes messages again."""
    phrase = Phrase("delivery.resumed", {"place": _place(rooms, entry)})
    return _to_organisers(rooms, f"resumed:{entry.destination}:{since}", phrase)


def _to_organisers(rooms: Rooms, fact: str, lead: Phrase) -> list[Message]:
    reply = Reply(lead, kind=Kind.NOTICE)
    return [Message(f"{_REPORT}{fact}", str(room.address), reply) for room in rooms.of("organisers")]


def _what(entry: Entry) -> Phrase:
    try:
        kind = Reply.from_json(entry.reply).kind
    except (ValueError, KeyError, TypeError):  # of an older version; it is reported all the same
        kind = Kind.NOTICE
    what = Phrase(f"delivery.what_{kind.value}")
    return Phrase("delivery.what_change", {"what": what}) if entry.edits else what


def _place(rooms: Rooms, entry: Entry) -> Phrase:
    """Where it was to go; an address is printed only when it is a room of ours, it may be somebody's account."""
    if is_for_person(entry):
        return Phrase("delivery.person")
    address = Address.parse(entry.destination)
    if rooms.language_of(address) is None:
        return Phrase("delivery.place", {"platform": address.platform})
    return Phrase("delivery.room", {"room": address})
