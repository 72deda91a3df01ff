"""One thing that a person did with the bot, and what came back."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from tests.discord_server.message import Message
from tests.discord_server.place import Channel
from tests.discord_server.user import User

JSON = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5

PATIENCE_SECONDS = 3.0
"""How long Discord waits for the first answer."""


class NotThere(Exception):
    """The person reads that the application did not respond."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """What a person has before them at one moment."""

    id: str
    channel: Channel
    content: str
    embeds: list[JSON]
    components: list[JSON]
    attachments: list[str]
    ephemeral: bool
    text: str
    buttons: list[str]

    @classmethod
    def of(cls, message: Message) -> "Shown":
        return cls(
            id=message.id,
            channel=message.channel,
            content=message.content,
            embeds=message.embeds,
            components=message.components,
            attachments=[file.name for file in message.attachments],
            ephemeral=message.ephemeral,
            text=message.text,
            buttons=message.buttons,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Modal:
    """A form that the bot opened for one person."""

    custom_id: str
    title: str
    components: list[JSON]
    interaction: "Interaction"

    @property
    def fields(self) -> dict[str, JSON]:
        """The inputs by what stands above them."""
        found: dict[str, JSON] = {}
        for part in self.components:
            inner = part.get("components") or ([part["component"]] if "component" in part else [])
            found |= {str(part.get("label") or one.get("label")): one for one in inner}
        return found


@dataclasses.dataclass(eq=False)
class Interaction:
    """What was done, and how far the bot is with its answer.

    Attributes:
        at: When, by the stand-in's clock; seconds.
        source: The message whose button or select was used.
        acknowledged: The type of the first answer; None: not yet.
        original: The message that is the answer; for a changed source, that message.
        settled: It says what it has to say: not thinking any more.
        choices: What an autocompletion offered.
        reached: Whether there is a bot that may hear it, connected or coming back.
    """

    id: str
    token: str
    kind: int
    user: User
    channel: Channel
    at: float
    data: JSON
    payload: JSON
    source: Message | None = None
    trigger: "Interaction | None" = None
    acknowledged: int | None = None
    original: Message | None = None
    followups: list[Message] = dataclasses.field(default_factory=list)
    settled: bool = False
    modal: Modal | None = None
    choices: list[JSON] | None = None
    reached: Callable[[], bool] = lambda: True
    patience_seconds: float = PATIENCE_SECONDS
    _began: float = dataclasses.field(default_factory=time.monotonic)
    _news: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def changed(self) -> None:
        """Wake who waits for it."""
        self._news.set()

    def metadata(self) -> JSON:
        """As the messages that answer it carry it."""
        found: JSON = {
            "id": self.id,
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.payload["authorizing_integration_owners"],
        }
        if self.source is not None and self.kind == COMPONENT:
            found["interacted_message_id"] = self.source.id
        if self.trigger is not None:
            found["triggering_interaction_metadata"] = self.trigger.metadata()
        return found

    async def answer(self, timeout: float = 10) -> Shown:  # noqa: ASYNC109 - how long a person looks at the screen
        """What the person reads in the end; of an answer that is still to come, not before it has come.

        Raises:
            NotThere: nothing came in the time that Discord gives.
            TimeoutError: it said that it was thinking, and went on thinking.
        """
        await self.until(lambda: self.settled or self.modal is not None, timeout)
        if self.original is None:
            raise AssertionError(f"a form was opened or nothing is shown: {self.modal}")
        return Shown.of(self.original)

    async def form(self, timeout: float = 10) -> Modal:  # noqa: ASYNC109
        """The form that it opens."""
        await self.until(lambda: self.settled or self.modal is not None, timeout)
        if self.modal is None:
            raise AssertionError(f"no form: {self.original and self.original.text}")
        return self.modal

    def shown(self) -> list[Shown]:
        """Everything that stands there now: the answer and what followed it."""
        first = [] if self.original is None else [self.original]
        return [Shown.of(message) for message in (*first, *self.followups) if not message.deleted]

    async def until(self, true: Callable[[], bool], timeout: float = 10) -> None:  # noqa: ASYNC109
        """Wait for something about it; the first answer has to come in Discord's own time."""
        ends = time.monotonic() + timeout
        while not true():
            if self.acknowledged is None and not self.reached():
                raise NotThere(self.id)
            left = (ends if self.acknowledged is not None else self._began + self.patience_seconds) - time.monotonic()
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                if self.acknowledged is None:
                    raise NotThere(self.id) from None
                raise TimeoutError(f"no news of interaction {self.id} in {timeout:g} s") from None
