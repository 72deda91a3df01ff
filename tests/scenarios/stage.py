"""Where scenarios are played, whatever the platform: `await anna.asks(room, "hulp")` is the post that answers her.

A platform takes part with one file that makes a `Stage`, and a line in `conftest.py`. Whatever a scenario sees of the
bot, it sees as the platform's server has it, never as the bot remembers it.
"""

import contextlib
import dataclasses
from typing import Protocol

from bot.core.reply import Reply
from bot.store.database import Database


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A room, or a private talk.

    Attributes:
        address: As the bot's tables have it: "platform:id".
        private: Nobody but one person and the bot is there.
    """

    address: str
    private: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Post:
    """A message of the bot's as the server has it now, changes included.

    Attributes:
        place: Where it stands; for an answer that only the asker sees, where they see it.
        id: The server's own; it stays when the message is changed.
        text: What people read in it, without markup.
        alone: The server shows it to one person and nobody else.
    """

    place: Place
    id: str
    text: str
    alone: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Something that was said to the bot, or a tap on a button: what an answer belongs to."""

    place: Place
    id: str


class Actor(Protocol):
    """Somebody with an account of their own."""

    @property
    def address(self) -> str:
        """As the bot's tables have it: "platform:id"."""

    async def says(self, place: Place, line: str) -> Asked:
        """Say a line: a command with its values, or in a private talk also a question.

        A platform without lines reads it as the bot would, and calls the command with these values.
        """

    async def taps(self, post: Post, label: str) -> Asked:
        """Tap the button of this name under a post."""

    async def hears(self, asked: Asked) -> Post:
        """The one answer to what they said or tapped, waited for.

        Raises:
            AssertionError: it did not come, or came twice.
        """

    async def asks(self, place: Place, line: str) -> Post:
        """Say a line and hear the answer."""


class Stage(Protocol):
    """A platform with its server, and a bot that can be up or down.

    Rooms and people are made before the bot is up for the first time; private talks while it is up.
    """

    @property
    def database(self) -> Database:
        """The bot's, while it is up."""

    @property
    def keeps(self) -> bool:
        """What is said while the bot is down reaches it when it is up again."""

    @property
    def buttons_stay(self) -> bool:
        """Buttons outlast the bot; where they do not, a tap on an old one is what stands beside it, typed."""

    async def actor(self, name: str, *, organiser: bool = False) -> Actor:
        """Somebody new; as an organiser they have that role by their account."""

    async def room(self, kind: str, maker: Actor, *others: Actor) -> Place:
        """A room of the campaign, Dutch, with these people and the bot; `kind` as in the configuration."""

    def up(self) -> contextlib.AbstractAsyncContextManager[None]:
        """The bot for the length of a block, ready to hear; before it and after it the bot is down."""

    async def private_talk(self, actor: Actor) -> Place:
        """Where somebody talks with the bot alone."""

    async def post(self, cause: str, reply: Reply, *places: Place) -> None:
        """Put a message in the outbox, as the bot's own jobs do."""

    async def settled(self) -> None:
        """Wait until the outbox has nothing left to say."""

    async def posts(self, place: Place) -> list[Post]:
        """Every message of the bot's that stands in a place, oldest first.

        Raises:
            AssertionError: one of them stands there twice, by the key with which it was sent.
        """
