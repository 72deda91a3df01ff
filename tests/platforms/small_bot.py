"""A bot of a few commands in the terminal, as a program: `python -m tests.platforms.small_bot [--json] [--deaf]`."""

import asyncio
import dataclasses
import datetime as dt
import pathlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import yaml

import bot.platforms.terminal
from bot.core import parsing
from bot.core.command import Catalogue, Command, Role, Seen, command
from bot.core.errors import UserError
from bot.core.invocation import Address, Invocation
from bot.core.moments import to_ms
from bot.core.parameters import Choice, Option, Reference
from bot.core.reply import Button, Field, For, Kind, Link, Phrase, Progress, Reply, say
from bot.core.texts import Texts
from bot.platforms.terminal import Closed, Terminal
from bot.platforms.terminal.terminal import Setting

NOW = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
UNTIL = to_ms(NOW + dt.timedelta(minutes=15))
TASKS = (Option("12", "Flyers uitdelen bij Waag"), Option("13", "Koffie zetten"), Option("14", "Flyers vouwen"))


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    call: Invocation
    language: str
    now: dt.datetime = NOW
    zone: str = "Europe/Amsterdam"

    async def member(self, text: str) -> Address:
        return Address("terminal", text)


async def _tasks(context: Context) -> Sequence[Option]:
    return TASKS


@command("faq", allow=Role.GUEST, seen_by=Seen.ASKER)
async def faq(context: Context, question: str) -> Reply:
    if "kies" not in question:
        return say("t.answer", question=question)
    buttons = [
        Button(Phrase("t.task", {"n": str(n)}), "task.claim", {"task": str(n), "note": "twee woorden"})
        for n in (12, 13)
    ]
    return Reply(Phrase("t.choose"), buttons=tuple(buttons))


@command("help", allow=Role.GUEST)
async def show_help(context: Context) -> Reply:
    return say("t.help")


@command("task.list", allow=Role.MEMBER)
async def task_list(
    context: Context, filter_: Annotated[str, Choice((Option("mine", "mijn"), Option("open", "open")))] = ""
) -> Reply:
    """A reply that has everything."""
    return Reply(
        Phrase("t.list", {"count": 2}),
        (Phrase("t.body"),),
        fields=(Field(Phrase("t.field"), Phrase("t.field")),),
        progress=Progress(45_123, of=50_000),
        links=(Link("https://example.org/petitie", Phrase("t.link")),),
        buttons=(Button(Phrase("t.task", {"n": "12"}), "task.claim", {"task": "12"}, whose=For.ANYONE),),
    )


@command("task.claim", allow=Role.MEMBER, writes=True)
async def task_claim(context: Context, task: Annotated[str, Reference(_tasks, letter="T")], note: str = "") -> Reply:
    """Says how it was called."""
    call, press = context.call, context.call.press
    shown = f"{press.token.rpartition(':')[2]} {press.owner} {press.until}" if press else "-"
    groups = ",".join(sorted(call.groups))
    called = f"{call.who} {call.where} {call.private} [{groups}] {call.language} {press and shown} {note}"
    return Reply(Phrase("t.claimed", {"task": task, "call": called}))


def _words(nl: str, en: str, *names: str) -> dict[str, Any]:
    """Words of a command; its values have the same name in both languages, but `taak` and `task`."""
    labels = {name: [{"task": "taak", "question": "vraag"}.get(name, name), "Welke"] for name in names}
    return {
        "nl": {"name": nl, "help": f"Doe {nl}", "parameters": labels},
        "en": {"name": en, "help": f"Do {en}", "parameters": {name: [name, "Which"] for name in names}},
    }


WORDS = {
    "faq": _words("vraag", "faq", "question"),
    "help": _words("hulp", "help"),
    "task.list": _words("taak lijst", "task list", "filter"),
    "task.claim": _words("taak oppakken", "task claim", "task", "note"),
}
TEXTS = {
    "t.answer": {"nl": "Je vroeg: {question}", "en": "You asked: {question}"},
    "t.choose": {"nl": "Kies er een.", "en": "Choose one."},
    "t.help": {"nl": "Typ [task.list] of [help].", "en": "Type [task.list] or [help]."},
    "t.task": {"nl": "Taak {n}", "en": "Task {n}"},
    "t.list": {
        "nl": "Er zijn **{count}** taken:\n\n- een\n- twee",
        "en": "There are **{count}** tasks:\n\n- one\n- two",
    },
    "t.body": {
        "nl": "Zie [de petitie](https://example.org/petitie) of <https://example.org/>.",
        "en": "See [the petition](https://example.org/petitie) or <https://example.org/>.",
    },
    "t.field": {"nl": "*Uiterlijk*", "en": "*Due*"},
    "t.link": {"nl": "Teken", "en": "Sign"},
    "t.claimed": {"nl": "Taak {task} is van jou. {call}", "en": "Task {task} is yours. {call}"},
    "t.error": {"nl": "Fout: {key} {what}", "en": "Error: {key} {what}"},
    "t.clock": {"nl": "Het is nu later: {text}", "en": "It is later now: {text}"},
}


def catalogue() -> Catalogue:
    return Catalogue((faq, show_help, task_list, task_claim), WORDS)


def texts() -> Texts:
    of_terminal = pathlib.Path(bot.platforms.terminal.__file__).with_name("texts.yaml")
    return Texts({**TEXTS, **yaml.safe_load(of_terminal.read_text(encoding="utf-8"))})


@dataclasses.dataclass(frozen=True, slots=True)
class Answered:
    reply: Reply
    language: str
    private: bool
    zone: str = "Europe/Amsterdam"
    until: int = UNTIL
    told: bool = False
    unsay: bool = False


class SmallDispatcher:
    """Reads and runs a call like the engine's, without a database."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known

    async def handle(self, call: Invocation) -> Answered:
        language = (call.language or "nl")[:2]
        found: Command | None = None
        try:
            context = Context(call, language)
            if call.command:
                found, raw = self._known[call.command], dict(call.values)
            else:
                found, raw = parsing.read(call.line or "", self._known)
            reply = await found.run(context, **await parsing.bind(found, raw, context))
        except UserError as error:
            what = str(error.values.get("text", ""))[:200]
            reply = Reply(Phrase("t.error", {"key": error.key, "what": what}), kind=Kind.ERROR)
        return Answered(reply, language, call.private or bool(found and found.seen_by is Seen.ASKER))

    async def said(self, *calls: Invocation) -> None:
        """On the other stream, so that a test sees for which calls it came."""
        for call in calls:
            sys.stderr.write(f"said {call.id}\n")

    async def suggest(self, call: Invocation, parameter: str, partial: str) -> Sequence[tuple[str, str]]:
        found = next(p for p in self._known[call.command or ""].parameters if p.name == parameter)
        return await found.kind.suggest(partial, Context(call, "nl"))


def terminal(
    *, json: bool = True, listens: bool = True, advance: Callable[[str], Awaitable[Reply]] | None = None
) -> Terminal:
    rooms = ("#announcements", "#organisers")
    setting = Setting(language="nl", zone="Europe/Amsterdam", rooms=rooms, people=("sjoera",))
    return Terminal(texts(), catalogue(), setting, json=json, listens=listens, advance=advance)


async def _later(text: str) -> Reply:
    return say("t.clock", text=text)


async def main(arguments: Sequence[str]) -> int:
    advance = _later if "--at" in arguments else None
    platform = terminal(json="--json" in arguments, listens="--deaf" not in arguments, advance=advance)
    running = asyncio.create_task(platform.run(SmallDispatcher(catalogue())))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        await running
    except Closed:
        return 3
    except asyncio.CancelledError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
