"""Somebody whose app is not ours: matrix-js-sdk with its crypto in Rust, told to trust signed devices only.

It stands in for Element, which is made of it. `tests/js/talk.mjs` is that app; `make test` installs what it needs where
node and npm are.
"""

import asyncio
import contextlib
import functools
import itertools
import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.matrix_people import WAIT_SECONDS, Person, wait
from tests.synapse import Absent, Account, Synapse

NODE = 20
START_SECONDS = 30.0
STOP_SECONDS = 5.0
_FOLDER = pathlib.Path(__file__).parent / "js"
_LONGEST_LINE = 1_000_000
# Its key may come after the message: that is no verdict yet.
_NO_KEY_YET = {None, "MEGOLM_UNKNOWN_INBOUND_SESSION_ID"}


@dataclass(frozen=True, slots=True)
class Said:
    """A message as the app shows it.

    Attributes:
        event: Its id.
        body: None: the app cannot read it.
        failure: Why not: "UNSIGNED_SENDER_DEVICE" and the like.
        shield: "NONE", "GREY" or "RED"; None where it was not encrypted, or cannot be read.
        reason: Of a shield that is shown.
    """

    event: str
    room: str
    sender: str
    body: str | None
    failure: str | None
    shield: str | None
    reason: str | None


class JsPerson(Person):
    """Somebody with that app, and with an identity that signed it; it speaks in encrypted rooms only.

    Rooms are made and left as every `Person` does, over the homeserver's API; the app sees them in its sync. Its keys
    come with that, and a `sync` besides it would take them away.
    """

    def __init__(self, synapse: Synapse, account: Account, process: asyncio.subprocess.Process) -> None:
        super().__init__(synapse, account)
        self._process = process
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._said: dict[str, Said] = {}
        self._read: set[str] = set()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    @contextlib.asynccontextmanager
    async def living(cls, synapse: Synapse, name: str) -> AsyncIterator[Self]:
        """Somebody new for the length of a block. What the app complains of is seen where a test fails.

        Raises:
            Absent: there is no node here, or the app is not installed.
        """
        command = [_node(), str(_FOLDER / "talk.mjs")]
        account = await synapse.register(synapse.unique(name))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, limit=_LONGEST_LINE, start_new_session=True
        )
        person = cls(synapse, account, process)
        try:
            await person._start()
            yield person
        finally:
            await person._stop()

    async def invites(self) -> set[str]:
        """The rooms that they are invited to and have not joined, as far as the app has seen."""
        return set(await self._do("invites"))

    async def join(self, room: str) -> str:
        """Accept an invitation, waited for."""
        return str(await self._do("join", room=room))

    async def send(
        self, room: str, content: Mapping[str, Any], kind: str = "m.room.message", *, txn: str | None = None
    ) -> str:
        """Send an event, encrypted for signed devices; the app makes its own transaction ids."""
        return str(await self._do("send", room=room, type=kind, content=content))

    async def reads(self, room: str, *, by: str, seconds: float = WAIT_SECONDS) -> Said:
        """The next message of somebody that was not looked at before, waited for: read, or found to be unreadable.

        Raises:
            AssertionError: none came in time, or its key did not.
        """

        def next_one() -> Said | None:
            theirs = (one for one in self._said.values() if (one.room, one.sender) == (room, by))
            said = next((one for one in theirs if one.event not in self._read), None)
            return said if said and (said.body is not None or said.failure not in _NO_KEY_YET) else None

        try:
            said: Said = await wait(next_one, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; the app saw {list(self._said.values())}") from None
        self._read.add(said.event)
        return said

    # -- the process --------------------------------------------------------------------------------------

    async def _start(self) -> None:
        account = self.account
        known = {"user": account.user_id, "device": account.device_id, "token": account.token}
        url, password = self.synapse.url, account.password
        await self._do("start", seconds=START_SECONDS, homeserver=url, password=password, **known)

    async def _do(self, command: str, *, seconds: float = 2 * WAIT_SECONDS, **values: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        assert not self._listening.done(), "node has ended"
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": number, "do": command, **values}).encode() + b"\n")
        async with asyncio.timeout(seconds):
            return await answer

    async def _listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            self._take(json.loads(line))
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(AssertionError("node has ended"))

    def _take(self, line: Mapping[str, Any]) -> None:
        if "said" in line:
            said = Said(**line["said"])
            self._said[said.event] = said  # the place stays that of its first time
            return
        answer = self._answers.pop(line["id"])
        if answer.done():  # given up
            return
        if "error" in line:
            answer.set_exception(AssertionError(line["error"]))
        else:
            answer.set_result(line.get("answer"))

    async def _stop(self) -> None:
        """It ends with its input; where it does not, it is killed."""
        process = self._process
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await self._listening


@functools.cache
def _node() -> str:
    """Where node is.

    Raises:
        Absent: it is not, is too old, or the app was not installed.
    """
    node = shutil.which("node")
    if node is None:
        raise Absent("there is no node here")
    version = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout.strip()
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major[1]) < NODE:
        raise Absent(f"node is {version or 'broken'}, and matrix-js-sdk needs {NODE} or newer")
    if not (_FOLDER / "node_modules/.stamp").exists():
        raise Absent("matrix-js-sdk is not installed: scripts/setup.sh js installs it, or says why it cannot")
    return node
