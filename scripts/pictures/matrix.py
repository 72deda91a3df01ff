"""Events of Matrix as people see them: the HTML in the messages, reactions beneath them."""

import collections
import datetime as dt
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.pictures.panel import Entry

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
    return [
        Entry(
            name if event["sender"] == bot else _short(event["sender"]),
            moment(event["event_id"]),
            _words(event["content"]),
            _reactions(reactions[event["event_id"]]),
            bot=event["sender"] == bot,
        )
        for event in events
        if event["type"] == "m.room.message"
    ]


def _words(content: Mapping[str, Any]) -> str:
    # The bot's HTML has passed its own cleaner; what people wrote has none.
    return str(content.get("formatted_body") or html.escape(content["body"]).replace("\n", "<br>"))


def _reactions(counted: Mapping[str, int]) -> str:
    shown = "".join(f'<span class="reaction">{html.escape(key)} {count}</span>' for key, count in counted.items())
    return f'<div class="row">{shown}</div>' if shown else ""


def _short(account: str) -> str:
    return account.removeprefix("@").split(":")[0]
