"""What people and modified clients send to do harm: it is answered, and does none."""

import pytest

from tests.discord_server import Channel, Person
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.reader import Reader

HARM = (
    "@everyone", "@here kom", "<@&1>", "<@1>", "<#1> </hulp:1>", "[gratis](https://kwaad.example)",
    "[a](<https://kwaad.example>) https://kwaad.example", "discord.gg/kwaad", "*" * 3000, "||" * 1500, "```\n" * 700,
    "> " * 1500, "# groot\n" * 300, "~~" * 1500, "[" * 3000, "`" * 3001, "\u202e\u200b\u2066\ufeff", "\u0000\u0007",
    "z" + "\u0300\u0489\u0323" * 600, "\U0001f468\u200d\U0001f469" * 500, "<t:1:F><:a:1>", "x" * 6000, "{text} {0}",
    "</hulp:1> `/bericht versturen bericht:B1`", "\\", "-# klein", "\n\n\n", "' OR 1=1 --",
)  # fmt: skip
HARMFUL = {"mention", "invite", "emoji", "moment", "heading", "block"}


async def harmless(person: Person, where: Channel, line: str, values: dict[str, str]) -> None:
    asked = await person.slash(where, line, values, forged=True)
    await asked.until(lambda: any(one.text for one in asked.shown()))
    for shown in asked.shown():
        read = Reader(shown.content)
        assert not HARMFUL & set(read.tags), (shown.content[:300], read.tags)
        assert not any("kwaad" in tag for tag in read.tags)


OPTIONS = (("vraag", "vraag"), ("proef kleur", "kleur"), ("mijn tijdzone", "tijdzone"), ("hulp", "opdracht"))


@pytest.mark.parametrize(("line", "option"), OPTIONS)
async def test_harm(scene: Scene, line: str, option: str) -> None:
    """Whatever stands in an option is said again, if at all, without effect, and nobody is named by it."""
    async with scene.home.running():
        for text in HARM:
            await harmless(scene.anna, scene.room, line, {option: text})
        assert all(one.mentions == [] for one in scene.server.messages(scene.room))


@pytest.mark.parametrize("text", ["@everyone <@&1>", "[gratis](https://kwaad.example)", "# groot", "y" * 1500])
async def test_announcement(scene: Scene, text: str) -> None:
    """An announcement names nobody whom the bot does not mean to name, and says what was written."""
    async with scene.home.running() as bot:
        shown = await (await scene.sjoera.slash(scene.desk, "bericht nieuw", {"tekst": text})).answer()
        await (await scene.sjoera.tap(shown, "Versturen")).answer()
        await bot.drained()
        (said,) = scene.server.messages(scene.room)
        assert "mention" not in Reader(said.content).tags


async def test_value_of_another_kind(scene: Scene) -> None:
    """A modified client that sends a number or a yes for a text is answered."""
    async with scene.home.running():
        for value in (5, True, 1.5, ""):
            asked = await scene.anna.slash(scene.room, "proef kleur", {"kleur": value}, forged=True)
            await asked.until(lambda asked=asked: any(one.text for one in asked.shown()))  # type: ignore[misc]


async def test_name_that_looks_like_a_command(scene: Scene) -> None:
    """A person's name has no effect where it is shown."""
    eve = scene.guild.person("@everyone](https://kwaad.example)", nick="**<@&1>**")
    async with scene.home.running():
        await harmless(eve, scene.room, "rechten", {})
