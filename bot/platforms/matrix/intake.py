"""What a sync brings: rooms that change, invitations, and messages that go to the conversation, room by room."""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog
from nio import InviteMemberEvent, RoomMemberEvent

from bot.core.invocation import Address, Invocation
from bot.core.platform import Desk
from bot.core.reply import Phrase
from bot.platforms.matrix import hearing, unreadable
from bot.platforms.matrix.answers import Answers, Asked
from bot.platforms.matrix.conversation import Conversation, Setting
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.lanes import Lanes
from bot.platforms.matrix.places import Places
from bot.platforms.matrix.progress import Progress
from bot.platforms.matrix.receipts import Receipts
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.syncing import Batch, is_sealed
from bot.platforms.matrix.unreadable import Unreadable

log = structlog.get_logger()


class Intake:
    """Takes batches; what it begins goes on while the next one comes."""

    def __init__(
        self, setting: Setting, rooms: Rooms, places: Places, desk: Desk, *, progress: Progress, lanes: Lanes,
        conversation: Conversation, answers: Answers, invitations: Invitations, unreadable: Unreadable,
        receipts: Receipts,
    ) -> None:  # fmt: skip
        self._setting = setting
        self._rooms = rooms
        self._places = places
        self._desk = desk
        self._progress = progress
        self._lanes = lanes
        self._conversation = conversation
        self._answers = answers
        self._invitations = invitations
        self._unreadable = unreadable
        self._receipts = receipts
        self._counted: dict[str, int] = {}

    async def take(self, batch: Batch) -> None:
        """Deal with one answer of the homeserver."""
        rooms = batch.answer.rooms
        for event in batch.answer.to_device_events:
            unreadable.withheld(event)
        for room, info in rooms.join.items():
            if self._rooms.take(room, (*info.state, *info.timeline.events)):
                await self._changed(room)
            if room not in self._counted or any(
                isinstance(e, RoomMemberEvent) for e in (*info.state, *info.timeline.events)
            ):
                await self._count(room)
        for room, info in rooms.leave.items():
            await self._left(room, (*info.state, *info.timeline.events))
        for room, invitation in rooms.invite.items():
            self._invited(room, invitation.invite_state)
        self._begin(batch.answer.next_batch, await batch.heard())

    # -- messages ---------------------------------------------------------------------------------------

    def _begin(self, token: str, events: Iterable[tuple[str, Any]]) -> None:
        wanted = {e.event_id: (room, e) for room, e in events if e.sender != self._setting.me}
        new = self._progress.begin(token, wanted)
        done = self._progress.batch()
        for id_, (room, event) in wanted.items():
            if id_ in new:
                self._lanes.put(room, self._work(room, event, done))

    def _work(self, room: str, event: Any, done: Any) -> Any:
        async def work() -> None:
            call: Invocation | None = None
            try:
                call = await self._hear(room, event)
            except asyncio.CancelledError:  # it comes again at the next start
                raise
            except Exception:
                log.exception("an event was not dealt with")
            done(event.event_id, call)

        return work

    async def _hear(self, room: str, event: Any) -> Invocation | None:
        if room not in self._rooms:
            return None
        source = event.source
        if is_sealed(event):
            source = await self._unreadable.read(event)
            if source is None:
                await self._say_unreadable(room, event)
                return None
        heard = hearing.read(source)
        if heard is None:
            return None
        call = await self._conversation.hear(room, heard)
        if call is not None:
            self._receipts.read(room, heard.id)
        return call

    async def _say_unreadable(self, room: str, event: Any) -> None:
        """In a room of ours or a private talk: somebody waits for an answer that cannot come."""
        ours = self._rooms.is_private(room) or self._places.name(room) is not None
        if ours and self._unreadable.may_say_so(room):
            setting, asked = self._setting, Asked(room, event.event_id, event.event_id)
            await self._answers.remark(
                asked, Phrase("matrix.unreadable"), language=setting.language, zone=setting.zone,
                key=f"unreadable:{event.event_id}",
            )  # fmt: skip

    # -- rooms ------------------------------------------------------------------------------------------

    async def _changed(self, room: str) -> None:
        """A room of ours was upgraded, or is the one that another was upgraded to."""
        facts = self._rooms.facts(room)
        if (name := self._places.name(room)) and facts.successor:
            via = facts.successor.partition(":")[2] or self._setting.me.partition(":")[2]
            if facts.successor not in self._rooms:
                self._invitations.join(facts.successor, [via])
            else:
                await self._move(name, room, facts.successor)
        if facts.predecessor and (name := self._places.name(facts.predecessor)):
            await self._move(name, facts.predecessor, room)

    async def _move(self, name: str, old: str, new: str) -> None:
        """Follow an upgrade, when the two rooms agree about it: anybody can name another's room as predecessor."""
        if self._rooms.facts(new).predecessor == old and self._rooms.facts(old).successor == new:
            await self._places.move(name, new)
            log.info("a room was upgraded; the bot speaks in the new one")
            await self._desk.tell(f"moved:{new}", Phrase("matrix.moved", {"room": name}))

    async def _left(self, room: str, events: Iterable[Any]) -> None:
        """We were put out, or left; also while the bot was down."""
        name = self._places.name(room)
        upgraded = self._rooms.facts(room).successor is not None
        self._rooms.forget(room)
        self._counted.pop(room, None)
        gone = [e for e in events if isinstance(e, RoomMemberEvent) and e.state_key == self._setting.me]
        if name and gone and not upgraded:
            await self._desk.tell(f"left:{gone[-1].event_id}", Phrase("matrix.left", {"room": name}))

    async def refused(self, room: str, reason: str) -> None:
        """A room will not have us; people hear of it when it is where one of ours went."""
        for old in self._rooms:
            if self._rooms.facts(old).successor == room and (name := self._places.name(old)):
                values = {"room": name, "why": reason}
                await self._desk.tell(f"upgrade:{room}", Phrase("matrix.not_moved", values))

    def _invited(self, room: str, state: Iterable[Any]) -> None:
        for event in state:
            # The callback fires for each stripped event, those of others among them (M13).
            ours = isinstance(event, InviteMemberEvent) and event.state_key == self._setting.me
            if ours and event.membership == "invite":
                self._invitations.take(room, event.sender)

    async def _count(self, room: str) -> None:
        """How many people a room of ours reaches, for whoever writes an announcement."""
        if self._places.name(room) is None:
            self._counted[room] = 0
            return
        people = sum(self._rooms.joined(room, user) for user in self._rooms.members(room))
        if self._counted.get(room) != people:
            self._counted[room] = people
            await self._desk.counted(Address("matrix", self._places.name(room) or room), people)
