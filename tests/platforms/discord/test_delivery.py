"""What the outbox holds reaches Discord once, whatever happens in between."""

import pathlib

import pytest

from bot.campaign import people
from bot.core.invocation import Address
from bot.core.reply import Button, For, Kind, Phrase, Picture, Reply
from bot.platforms.discord import failing
from bot.platforms.discord.message import mark, nonce
from bot.store.database import Database
from tests.discord_server import Channel, Message, Person
from tests.discord_server.call import Answer, Call
from tests.discord_server.faults import Fault, banned, cut, error, limited
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.running import Running

NEWS = Reply(Phrase("trial.news", {"text": "45.500 handtekeningen"}), kind=Kind.ANNOUNCEMENT)
POSTS = "/channels/.*/messages$"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failing, "_DEFAULT_WAIT_SECONDS", 0.2)


async def states(bot: Running, cause: str) -> list[str]:
    """How the rows of a cause stand."""
    async with bot.database.read() as tx:
        rows = await tx.all("SELECT state FROM outbox WHERE cause = :cause ORDER BY destination, part", cause=cause)
    return [row["state"] for row in rows]


async def forget(scene: Scene, *, seconds: int) -> None:
    """The bot died between sending and writing down, so long ago."""
    async with Database.connect(f"sqlite:///{scene.home.folder / 'bot.db'}") as database, database.write() as tx:
        await tx.run(
            "UPDATE outbox SET state = 'sending', ref = NULL, ended_at = NULL, attempts = 1, "
            f"first_try = first_try - {seconds * 1000}"
        )


def room(channel: Channel) -> str:
    return f"discord:{channel.id}"


async def test_every_room_once(scene: Scene) -> None:
    """Twenty rooms hear it once, with the nonce and the mark by which it is known; asked again, it is one message."""
    rooms = [scene.guild.channel(f"kamer-{n}") for n in range(20)]
    async with scene.home.running() as bot:
        for _ in range(2):
            await bot.announce("news:1", NEWS, *map(room, rooms))
        await bot.drained()
        assert await states(bot, "news:1") == ["sent"] * 20
    for channel in rooms:
        (said,) = scene.server.messages(channel)
        key = f"news:1/{room(channel)}/0"
        assert said.nonce == nonce(key)
        assert mark(key) in said.text


FAULTS = (
    error(500), error(500, stored=True), error(503), error(503, stored=True), cut(), cut(stored=True), limited(0.3),
    limited(0.3, everywhere=True), banned(),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_fault(scene: Scene, fault: Fault) -> None:
    """Discord fails, hangs up or asks for patience, before or after it took the message: it stands there once."""
    async with scene.home.running() as bot:
        scene.server.faults.plan(fault, "POST", POSTS, times=2)
        await bot.announce("news:1", NEWS, room(scene.room))
        await bot.announce("news:2", NEWS, room(scene.room))
        await bot.drained()
        assert await states(bot, "news:1") == await states(bot, "news:2") == ["sent"]
        assert len(scene.said()) == 2


async def test_died_a_moment_ago(scene: Scene) -> None:
    """Sent but not written down: sent once more with the same nonce it is still one message."""
    async with scene.home.running() as bot:
        await bot.announce("news:1", NEWS, room(scene.room))
        await bot.drained()
    await forget(scene, seconds=0)
    async with scene.home.running() as bot:
        await bot.drained()
        assert await states(bot, "news:1") == ["sent"]
    assert len(scene.said()) == 1


@pytest.mark.parametrize("said", [True, False])
async def test_died_long_ago(scene: Scene, said: bool) -> None:
    """Later than Discord knows a nonce it is looked for in the channel, no further back than needed."""
    yesterday = int(scene.room.id) - (86_400_000 << 22)
    scene.server.world.history[scene.room.id] = [
        Message(str(yesterday + n), scene.room, scene.bram.user, scene.server.clock.stamp(), "oud") for n in range(250)
    ]
    async with scene.home.running() as bot:
        await bot.announce("news:1", NEWS, room(scene.room))
        await bot.drained()
    if not said:
        scene.server.world.remove(scene.server.messages(scene.room)[0])
    for n in range(150):
        await scene.bram.says(scene.room, f"nieuw {n}")
    await forget(scene, seconds=200)
    scene.server.nonce_seconds = 0
    scene.server.rest.calls.clear()
    async with scene.home.running() as bot:
        await bot.drained()
        assert await states(bot, "news:1") == ["sent"]
    assert len(scene.said()) == 1
    looks = [path for method, path in scene.server.rest.calls if method == "GET" and path.endswith("/messages")]
    assert 1 <= len(looks) <= 2


async def test_due_while_we_were_down(scene: Scene) -> None:
    """What came due while the bot was down is said at the next start; a conversation in between is not in its way."""
    async with scene.home.running():
        pass
    async with scene.home.running(ready=False) as bot:
        await bot.announce("news:1", NEWS, room(scene.room), room(scene.desk))
        await bot.drained()
    assert (len(scene.said()), len(scene.said(scene.desk))) == (1, 1)


@pytest.mark.parametrize("code", [50001, 50013])
async def test_closed_room(scene: Scene, code: int) -> None:
    """A room where the bot may not speak is left alone after three refusals; organisers hear why."""
    async with scene.home.running() as bot:
        scene.guild.forbids(scene.room, code)
        for n in range(4):
            await bot.announce(f"news:{n}", NEWS, room(scene.room))
            await bot.drained()
        asked = [path for method, path in scene.server.rest.calls if method == "POST" and scene.room.id in path]
        assert len(asked) == 3
        assert any("actie" in text or scene.room.id in text for text in scene.said(scene.desk))


async def test_room_that_is_gone(scene: Scene) -> None:
    """A channel that was taken away is reported to the organisers, once."""
    async with scene.home.running() as bot:
        scene.guild.closes(scene.room)
        await bot.announce("news:1", NEWS, room(scene.room))
        await bot.drained()
        assert await states(bot, "news:1") == ["failed"]
        assert len(scene.said(scene.desk)) == 1


async def person_of(bot: Running, person: Person) -> int:
    async with bot.database.write() as tx:
        met = await people.meet(tx, Address("discord", person.id), role="member", now=bot.clock.now())
    assert met.id is not None
    return met.id


async def test_private_message(scene: Scene) -> None:
    """A message to a person comes in the private talk with their account."""
    async with scene.home.running() as bot:
        number = await person_of(bot, scene.anna)
        await bot.announce("duty:1", NEWS, f"person:{number}")
        await bot.drained()
        (said,) = scene.said(await scene.anna.dm())
        assert "45.500" in said


async def test_closed_talk(scene: Scene) -> None:
    """Who takes no private messages hears in the room that there is one, without what it says."""
    async with scene.home.running() as bot:
        scene.anna.closes_dms()
        number = await person_of(bot, scene.anna)
        await bot.announce("duty:1", NEWS, f"person:{number}", origin=room(scene.room))
        await bot.drained()
        assert await states(bot, "duty:1") == ["sent"]
        (said,) = scene.said()
        assert "45.500" not in said
        assert scene.said(await scene.anna.dm()) == []


async def test_change(scene: Scene) -> None:
    """A change replaces the message where it stands; that one was taken away is told to the organisers."""
    async with scene.home.running() as bot:
        await bot.announce("news:1", NEWS, room(scene.room))
        await bot.drained()
        changed = Reply(Phrase("trial.news", {"text": "45.600 handtekeningen"}), kind=Kind.ANNOUNCEMENT)
        scene.server.faults.plan(cut(stored=True), "PATCH", "/messages/")
        await bot.announce("news:1:v2", changed, room(scene.room), edits="news:1")
        await bot.drained()
        (said,) = scene.server.messages(scene.room)
        assert said.edited
        assert ("45.600" in said.text, "45.500" in said.text) == (True, False)
        scene.server.world.remove(said)
        await bot.announce("news:1:v3", NEWS, room(scene.room), edits="news:1")
        await bot.drained()
        assert await states(bot, "news:1:v3") == ["failed"]
        assert (len(scene.said()), len(scene.said(scene.desk))) == (0, 1)


async def test_picture(scene: Scene, tmp_path: pathlib.Path) -> None:
    """A picture comes with the words that say what is on it, also when the first attempt is cut."""
    png = tmp_path / "stand.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    alt = Phrase("trial.news", {"text": "een lijn omhoog"})
    buttons = (Button(Phrase("trial.take"), "trial.take", {}, For.ANYONE),)
    shown = Reply(Phrase("trial.news", {"text": "de stand"}), picture=Picture(str(png), alt), buttons=buttons)
    async with scene.home.running() as bot:
        scene.server.faults.plan(cut(), "POST", POSTS)
        await bot.announce("news:1", shown, room(scene.room))
        await bot.drained()
        (said,) = scene.server.messages(scene.room)
        (file,) = said.attachments
        assert (file.description, len(file.data)) == ("Nieuws: een lijn omhoog", 508)
        assert said.buttons == ["Ik kom"]


async def test_picture_that_is_gone(scene: Scene, tmp_path: pathlib.Path) -> None:
    """A message whose picture is not there any more is not said by halves; organisers hear of it."""
    shown = Reply(Phrase("trial.news", {"text": "x"}), picture=Picture(str(tmp_path / "weg.png"), Phrase("trial.card")))
    async with scene.home.running() as bot:
        await bot.announce("news:1", shown, room(scene.room))
        await bot.drained()
        assert await states(bot, "news:1") == ["failed"]
        assert (len(scene.said()), len(scene.said(scene.desk))) == (0, 1)


async def test_everybody_is_not_called(scene: Scene) -> None:
    """Whoever is named in what is said, nobody's telephone rings."""
    async with scene.home.running() as bot:
        sent: list[object] = []
        real = scene.server.rest._checked

        def checked(call: Call) -> Answer:
            sent.append(call.fields.get("allowed_mentions"))
            return real(call)

        scene.server.rest._checked = checked  # type: ignore[method-assign]
        text = f"@everyone <@{scene.anna.id}>"
        await bot.announce("news:1", Reply(Phrase("trial.news", {"text": text})), room(scene.room))
        await bot.drained()
        assert sent == [{"parse": []}]
