"""Events of Matrix as people see them: the HTML in the messages, reactions beneath them."""

import collections
import datetime as dt
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.pictures.panel import Entry, reply

Event = Mapping[str, Any]


def entries(events: Sequence[Event], moment: Callable[[str], dt.datetime], bot: str, name: str) -> list[Entry]:
    """The messages of a room.

    Args:
        events: All, oldest first.
        moment: When an event was said, by its id.
        bot: Its account.
        name: Of the bot, as people see it.
    """
    reactions: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for event in events:
        if event["type"] == "m.reaction":
            relation = event["content"]["m.relates_to"]
            reactions[relation["event_id"]][relation["key"]] += 1
    names = {e["event_id"]: name if e["sender"] == bot else _short(e["sender"]) for e in events}
    said = {e["event_id"]: e["content"] for e in events if e["type"] == "m.room.message"}
    return [
        Entry(
            names[id_], moment(id_), _words(content), _reactions(reactions[id_]), _above(content, names, said),
            bot=names[id_] == name,
        )
        for id_, content in said.items()
    ]  # fmt: skip


def _above(content: Event, names: Mapping[str, str], said: Mapping[str, Event]) -> str:
    """The message to which this one is a reply."""
    answered = content.get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id")
    return reply(names[answered], _words(said[answered])) if answered in said else ""


def _words(content: Mapping[str, Any]) -> str:
    # The bot's HTML has passed its own cleaner; what people wrote has none.
    return str(content.get("formatted_body") or html.escape(content["body"]).replace("\n", "<br>"))


def _reactions(counted: Mapping[str, int]) -> str:
    shown = "".join(f'<span class="reaction">{html.escape(key)} {count}</span>' for key, count in counted.items())
    return f'<div class="row">{shown}</div>' if shown else ""


def _short(account: str) -> str:
    return account.removeprefix("@").split(":")[0]
