"""A throw-away catalogue with a value of every kind, for the tests of reading and declaring."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from bot.core.command import Catalogue, Role, command
from bot.core.errors import NotFound
from bot.core.invocation import Address
from bot.core.parameters import Choice, Integer, Member, Moment, Option, Reference, Text
from bot.core.reply import Money, Reply, Words, say

NOW = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
TASKS = (
    Option("12", Words("Flyers uitdelen", "Hand out flyers")),
    Option("13", Words("Koffie zetten", "Make coffee")),
    Option("14", "Flyers vouwen"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What reading depends on, and a command's context."""

    now: dt.datetime = NOW
    zone: str = "Europe/Amsterdam"
    language: str = "nl"

    async def member(self, text: str) -> Address:
        if not text.startswith("@"):
            raise NotFound("t.nobody", text=text)
        return Address("terminal", text[1:])


async def _tasks(context: object) -> Sequence[Option]:
    return TASKS


Task = Annotated[str, Reference(_tasks, letter="T")]


@command("task.add", allow=Role.ORGANISER, writes=True)
async def task_add(
    context: Scope,
    title: Annotated[str, Text(limit=10_000)],
    due: Annotated[dt.datetime | None, Moment()] = None,
    seats: Annotated[int, Integer(least=1, most=100_000)] = 1,
    place: str | None = None,
) -> Reply:
    return say("t.done")


@command("task.list", allow=Role.MEMBER)
async def task_list(context: Scope, filter_: str | None = None) -> Reply:
    return say("t.done")


@command("task.claim", allow=Role.VOLUNTEER, writes=True)
async def task_claim(context: Scope, task: Task, wait: bool = False) -> Reply:
    return say("t.done")


@command("task.thank", allow=Role.ORGANISER)
async def task_thank(
    context: Scope, task: Task, reason: str, text: str, member: Annotated[Address | None, Member()] = None
) -> Reply:
    return say("t.done")


@command("remind", allow=Role.VOLUNTEER)
async def remind(context: Scope, when: Annotated[dt.datetime, Moment()], text: str) -> Reply:
    return say("t.done")


@command("counter.set", allow=Role.ORGANISER)
async def counter_set(
    context: Scope,
    counter: Annotated[str, Choice((Option("petition", Words("petitie", "petition")), Option("gifts", "giften")))],
    value: int,
    amount: Money | None = None,
    before: dt.timedelta | None = None,
) -> Reply:
    return say("t.done")


@command("faq", allow=Role.GUEST)
async def faq(context: Scope, question: str) -> Reply:
    return say("t.done")


def words(nl: str, en: str, *synonyms: str, **parameters: str) -> dict[str, Any]:
    """Words of a command; a parameter is called by its keyword in English and by its value in Dutch."""
    return {
        "nl": {
            "name": nl,
            "synonyms": list(synonyms),
            "help": f"Doe {nl}",
            "parameters": {name: [label, f"Welke {label}"] for name, label in parameters.items()},
        },
        "en": {
            "name": en,
            "help": f"Do {en}",
            "parameters": {name: [name, f"Which {name}"] for name in parameters},
        },
    }


COMMANDS = (task_add, task_list, task_claim, task_thank, remind, counter_set, faq)
WORDS: Mapping[str, Any] = {
    "task.add": words("taak nieuw", "task add", title="titel", due="uiterlijk", seats="plekken", place="waar"),
    "task.list": words("taak lijst", "task list", filter="soort"),
    "task.claim": words("taak oppakken", "task claim", "taak pak", task="taak", wait="wachten"),
    "task.thank": words("taak bedanken", "task thank", task="taak", reason="reden", text="tekst", member="wie"),
    "remind": words("herinner", "remind", when="wanneer", text="tekst"),
    "counter.set": words(
        "teller zetten", "counter set", counter="teller", value="waarde", amount="bedrag", before="vooraf"
    ),
    "faq": words("vraag", "faq", question="vraag"),
}
CATALOGUE = Catalogue(COMMANDS, WORDS)
