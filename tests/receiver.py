"""A stand-in for a chat platform's server: a process of its own, so that it survives the bot's death.

It speaks lines of JSON over loopback. It remembers keys for as long as it is told to and has a clock of its own; it
can be told to go wrong before or after it stores a message, and it says what it holds. As Matrix does, it forgets a
key but keeps it in the history, where `find` sees it.
"""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from bot.core.invocation import Address
from bot.core.platform import Dispatcher, Payload, PlatformRefused, TryAfter, Unknown
from bot.core.reply import Phrase, Reply

# How a call can go wrong; "lost": it never comes in and nobody answers, "mute": it is stored and nobody answers.
FAULTS = ("lost", "mute", "5xx-after", "5xx-before", "cut-before", "cut-after", "try-after", "slow", "refused")


# -- the server -----------------------------------------------------------------------------------------


@dataclasses.dataclass
class Stored:
    """One visible message, with every text it has had."""

    ref: str
    room: str
    key: str
    texts: list[str]
    at: float


class Server:
    """What a platform's server knows."""

    def __init__(self) -> None:
        self.messages: list[Stored] = []
        self.known: dict[tuple[str, str], tuple[str, float]] = {}
        self.window = 0.0
        self.remembers_changes = True
        self.clock = 0.0
        self.faults: list[dict[str, Any]] = []
        self.calls = 0

    def answer(self, call: dict[str, Any]) -> dict[str, Any] | None:
        """Do one call; None: hang up without an answer."""
        match call["do"]:
            case "send":
                return self._faulty(call, self._send)
            case "find":
                return self._faulty(call, self._find)
            case "set":
                for name, value in call["values"].items():
                    setattr(self, name, value)
            case "fault":
                self.faults += call["plan"]
            case "forget":
                vars(self).update(vars(Server()))
            case "held":
                return {"messages": [dataclasses.asdict(m) for m in self.messages], "calls": self.calls}
        return {}

    def _faulty(self, call: dict[str, Any], act: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any] | None:
        """Go wrong as planned: the first fault that fits this call is used up, unless it is for good."""
        self.calls += 1
        fault = next((f for f in self.faults if f["do"] == call["do"] and f["room"] in {call["room"], None}), None)
        if fault is None:
            return act(call)
        if not fault["always"]:
            self.faults.remove(fault)
        stored = act(call) if fault["what"] in {"mute", "5xx-after", "cut-after", "slow"} else {}
        match fault["what"]:
            case "slow":
                return {**stored, "slow": fault["seconds"]}
            case "5xx-before" | "5xx-after":
                return {"error": "unknown"}
            case "try-after":
                return {"error": "try-after", "seconds": fault["seconds"]}
            case "refused":
                return {"error": "refused"}
            case "lost" | "mute":
                return {"error": "silence"}
        return None

    def _send(self, call: dict[str, Any]) -> dict[str, Any]:
        known = self.known.get((call["room"], call["key"]))
        fresh = known is not None and self.clock - known[1] < self.window
        if known is not None and fresh and (call["edits"] is None or self.remembers_changes):
            return {"ref": known[0]}
        if call["edits"] is not None:
            message = next(m for m in self.messages if m.ref == call["edits"])
            message.texts.append(call["text"])
            ref = f"{message.ref}.{len(message.texts)}"
        else:
            ref = f"m{len(self.messages)}"
            self.messages.append(Stored(ref, call["room"], call["key"], [call["text"]], self.clock))
        self.known[call["room"], call["key"]] = ref, self.clock
        return {"ref": ref}

    def _find(self, call: dict[str, Any]) -> dict[str, Any]:
        found = (m.ref for m in self.messages if m.room == call["room"] and m.key == call["key"])
        return {"ref": next(found, None)}


async def serve() -> None:
    """Serve until standard input ends; print the port first."""
    server = Server()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                answer = server.answer(json.loads(line))
                if answer is None:
                    break
                await asyncio.sleep(answer.pop("slow", 0))
                if answer.get("error") != "silence":
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - to whoever started us
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    listener.close()


# -- from the outside -----------------------------------------------------------------------------------


async def ask(port: int, call: Mapping[str, Any]) -> dict[str, Any]:
    """One call over a connection of its own.

    Raises:
        ConnectionError: it was cut.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(json.dumps(call).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    if not line:
        raise ConnectionResetError("cut")
    answer: dict[str, Any] = json.loads(line)
    return answer


class Receiver:
    """The server as a test sees it."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def forget(self, **values: object) -> None:
        """Begin anew."""
        await ask(self.port, {"do": "forget"})
        await self.set(**values)

    async def set(self, **values: object) -> None:
        await ask(self.port, {"do": "set", "values": values})

    async def fault(self, *what: str, room: str | None = None, do: str = "send", always: bool = False) -> None:
        """Also go wrong in these ways, one call after the other."""
        plan = [{"what": w, "room": room, "do": do, "always": always, "seconds": 0.1} for w in what]
        await ask(self.port, {"do": "fault", "plan": plan})

    async def mend(self) -> None:
        """Go wrong no more."""
        await self.set(faults=[])

    async def held(self) -> list[Stored]:
        """Every message that people see, in order."""
        return [Stored(**message) for message in (await ask(self.port, {"do": "held"}))["messages"]]

    async def texts(self, room: str) -> list[str]:
        """What stands in a room now."""
        return [message.texts[-1] for message in await self.held() if message.room == room]

    async def calls(self) -> int:
        """How often it was asked to send or find something."""
        return int((await ask(self.port, {"do": "held"}))["calls"])


class ReceivingPlatform:
    """The bot's side: a platform (`bot.core.platform.Platform`) that talks to the server."""

    def __init__(self, name: str, port: int, remembers: dt.timedelta) -> None:
        self.name = name
        self.remembers = remembers
        self._port = port

    async def run(self, dispatcher: Dispatcher) -> None:
        """Hears nothing."""

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        """One message for the lead and one for each paragraph, in words that tests can read.

        Raises:
            KeyError: the text is called "missing".
        """
        if reply.lead.key == "missing":
            raise KeyError(reply.lead.key)
        return tuple({"text": f"{language}: {_words(phrase)}"} for phrase in (reply.lead, *reply.body))

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None = None) -> str:
        call = {"do": "send", "room": to.id, "text": payload["text"], "key": key, "edits": edits}
        return str((await self._ask(call))["ref"])

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        answer = await self._ask({"do": "find", "room": to.id, "key": key})
        ref: str | None = answer["ref"]
        return ref

    async def delete(self, to: Address, ref: str) -> None:
        raise PlatformRefused("not here")

    async def _ask(self, call: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await ask(self._port, call)
        except OSError as error:
            raise Unknown(str(error)) from error
        match answer.get("error"):
            case "unknown":
                raise Unknown("5xx")
            case "try-after":
                raise TryAfter(answer["seconds"])
            case "refused":
                raise PlatformRefused("no permission")
        return answer


def _words(phrase: Phrase) -> str:
    values = " ".join(_words(v) if isinstance(v, Phrase) else str(v) for v in phrase.values.values())
    return f"{phrase.key} {values}".strip()


@contextlib.contextmanager
def started() -> Iterator[Receiver]:
    """A server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.receiver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("pipes were asked for")
        try:
            yield Receiver(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(10)


@pytest.fixture(scope="session")
def receiving() -> Iterator[Receiver]:
    """One server for the whole run."""
    with started() as receiver:
        yield receiver


@pytest.fixture
async def receiver(receiving: Receiver) -> Receiver:
    """A server that holds nothing and remembers keys for a day."""
    await receiving.forget(window=24 * 3600)
    return receiving


if __name__ == "__main__":
    asyncio.run(serve())
