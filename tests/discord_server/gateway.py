"""The gateway: what a connected bot hears, and picks up again when the connection was lost."""

import asyncio
import dataclasses
import itertools
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from tests.discord_server.connection import Connection
from tests.discord_server.world import ALWAYS, GUILDS, MESSAGE_CONTENT, PRIVILEGED, Event, World

JSON = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
AUTHENTICATION_FAILED, DISALLOWED_INTENTS, NOT_AUTHENTICATED = 4004, 4014, 4003
KEPT_EVENTS = 20_000
"""A session that misses more than this is over."""


@dataclasses.dataclass(eq=False)
class Session:
    """What one bot process hears, across its connections.

    Attributes:
        events: Number and text, those that may still have to be sent again.
        connection: None: it is away and may come back.
    """

    id: str
    intents: int
    number: int = 0
    events: deque[tuple[int, str]] = dataclasses.field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    connection: Connection | None = None
    more: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def put(self, event: Event) -> bool:
        """Queue an event, when this session wants it."""
        if event.intent != ALWAYS and not self.intents & event.intent:
            return False
        data = event.data if event.bare is None or self.intents & MESSAGE_CONTENT else event.bare
        self.number += 1
        self.events.append((self.number, json.dumps({"op": DISPATCH, "t": event.name, "s": self.number, "d": data})))
        self.more.set()
        return True

    def heard(self, number: int) -> None:
        """Forget what the bot says that it has."""
        while self.events and self.events[0][0] <= number:
            self.events.popleft()

    async def after(self, number: int) -> AsyncIterator[str]:
        """What comes after a number, for ever."""
        while True:
            self.more.clear()
            fresh = list(itertools.takewhile(lambda one: one[0] > number, reversed(self.events)))  # noqa: B023
            for each, text in reversed(fresh):
                yield text
                number = each
            if not fresh:
                await self.more.wait()


class Gateway:
    """All sessions, and what a test does to them.

    Attributes:
        allowed: The privileged intents that are switched on for the application.
        open: Whether connections are let in.
        identified: How often a session was begun; `resumed`: how often one was picked up.
    """

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.allowed = 0
        self.open = True
        self.heartbeat_seconds = 41.25
        self.identified = 0
        self.resumed = 0
        self.sessions: dict[str, Session] = {}
        self._changed = asyncio.Event()
        world.announce = self.announce
        world.listening = lambda: bool(self.sessions)

    def announce(self, event: Event) -> bool:
        """Tell every session; whether there is one that may still answer."""
        heard = [session.put(event) for session in self.sessions.values()]
        return any(heard)

    @property
    def connected(self) -> bool:
        return any(session.connection is not None for session in self.sessions.values())

    async def ready(self, timeout: float = 10) -> None:  # noqa: ASYNC109 - for a test to wait at most
        """Wait until a bot is connected."""
        async with asyncio.timeout(timeout):
            while not self.connected:
                self._changed.clear()
                await self._changed.wait()

    # -- what a test does

    async def drop(self, code: int = 4000) -> None:
        """Close every connection; they may be picked up again."""
        for connection in self._connections():
            await connection.close(code)

    async def reconnect(self) -> None:
        """Ask every bot to connect again and resume."""
        for connection in self._connections():
            await connection.send({"op": RECONNECT, "d": None})

    async def invalidate(self) -> None:
        """Tell every bot that its session is over; what it missed is lost."""
        connections = self._connections()
        self.sessions.clear()
        for connection in connections:
            await connection.send({"op": INVALID, "d": False})

    def forget(self) -> None:
        """Forget the sessions that are away: what they missed is lost."""
        self.sessions = {name: one for name, one in self.sessions.items() if one.connection is not None}

    async def close(self) -> None:
        self.open = False
        await self.drop(1001)

    def _connections(self) -> list[Connection]:
        return [one.connection for one in self.sessions.values() if one.connection is not None]

    # -- a connection

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from HELLO to the end."""
        if not self.open:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket)
        await connection.send({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_seconds * 1000)}})
        admitted = await self._admitted(connection)
        if admitted is not None:
            await self._converse(*admitted, connection)
        return socket

    async def _admitted(self, connection: Connection) -> tuple[Session, int] | None:
        async for payload in connection.received():
            match payload["op"]:
                case code if code == HEARTBEAT:
                    await connection.send({"op": ACK})
                case code if code == IDENTIFY:
                    return await self._identify(connection, payload["d"])
                case code if code == RESUME:
                    found = await self._resume(connection, payload["d"])
                    if found is not None:
                        return found
                case _:
                    await connection.close(NOT_AUTHENTICATED)
        return None

    async def _identify(self, connection: Connection, data: JSON) -> tuple[Session, int] | None:
        if data["token"] != self.token:
            await connection.close(AUTHENTICATION_FAILED)
            return None
        if data["intents"] & PRIVILEGED & ~self.allowed:
            await connection.close(DISALLOWED_INTENTS)
            return None
        self.forget()  # whoever begins anew does not come back for what it missed
        session = Session(secrets.token_hex(16), data["intents"])
        session.put(Event("READY", self._welcome(session)))
        for guild in self.world.guilds.values():
            session.put(Event("GUILD_CREATE", guild.created(), GUILDS))
        self.sessions[session.id] = session
        self.identified += 1
        return session, 0

    async def _resume(self, connection: Connection, data: JSON) -> tuple[Session, int] | None:
        session = self.sessions.get(data["session_id"])
        first = session.events[0][0] if session and session.events else 0
        if session is None or data["token"] != self.token or first > data["seq"] + 1:
            self.sessions.pop(data["session_id"], None)
            await connection.send({"op": INVALID, "d": False})
            return None
        if session.connection is not None:
            await session.connection.close(4000)
        session.put(Event("RESUMED", {}))
        self.resumed += 1
        return session, data["seq"]

    def _welcome(self, session: Session) -> JSON:
        return {
            "v": 10,
            "user": self.world.bot.own_payload(),
            "guilds": [{"id": one, "unavailable": True} for one in self.world.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.world.gateway_url,
            "application": {"id": self.world.bot.id, "flags": 0},
        }

    async def _converse(self, session: Session, number: int, connection: Connection) -> None:
        session.connection = connection
        self._changed.set()
        writing = asyncio.create_task(_write(session, connection, number))
        try:
            async for payload in connection.received():
                if payload["op"] == HEARTBEAT:
                    session.heard(payload["d"] or 0)
                    await connection.send({"op": ACK})
        finally:
            self._ended(session, connection)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def _ended(self, session: Session, connection: Connection) -> None:
        if session.connection is connection:
            session.connection = None
        if connection.goodbye:
            self.sessions.pop(session.id, None)
            for asked in self.world.interactions.values():
                asked.changed()
        self._changed.set()


async def _write(session: Session, connection: Connection, number: int) -> None:
    async for text in session.after(number):
        await connection.send_text(text)
