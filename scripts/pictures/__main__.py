"""Makes docs/pictures: one conversation on Discord and Matrix, as the bot really held it (`make pictures`)."""

import asyncio
import pathlib
import sys
import tempfile

from scripts.pictures import discord, matrix
from scripts.pictures.browser import Browser, NoBrowser, program
from scripts.pictures.markdown import Markdown
from scripts.pictures.panel import Entry, Panel, page
from scripts.pictures.play import ACTION, ORGANISERS, TALK, Held, held
from tests.discord_server import Channel
from tests.synapse import Absent
from tests.talk import ZONE

FOLDER = pathlib.Path(__file__).parent.parent.parent / "docs/pictures"
WIDTH, SCALE = 450, 2.0  # readable on a phone, which is about as wide
NAME = "Actiebot"


async def main() -> None:
    """Hold the conversation and take the pictures."""
    program()  # before all the work
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with held(pathlib.Path(folder)) as talk:
            pages = {name: page(name.split("-")[0], panels) for name, panels in _panels(talk).items()}
        async with Browser.running() as browser:
            for name, shown in pages.items():
                drawn = pathlib.Path(folder) / f"{name}.html"
                drawn.write_text(shown)
                (FOLDER / f"{name}.png").write_bytes(await browser.picture(drawn, width=WIDTH, scale=SCALE))


def _panels(talk: Held) -> dict[str, list[Panel]]:
    """The rooms of each picture, by its name."""
    return {
        "discord-room": [Panel("Discord", f"# {ACTION} · iedereen leest mee", _on_discord(talk, talk.channel))],
        "matrix-room": [
            Panel("Matrix", f"#{ORGANISERS} · alleen organisatoren", _on_matrix(talk, ORGANISERS)),
            Panel("Matrix", f"#{ACTION} · iedereen leest mee", _on_matrix(talk, ACTION)),
        ],
        "discord-talk": [Panel("Discord", "Anna privé met de bot", _on_discord(talk, talk.talk))],
        "matrix-talk": [Panel("Matrix", "Anna privé met de bot, versleuteld", _on_matrix(talk, TALK))],
    }


def _on_discord(talk: Held, channel: Channel) -> list[Entry]:
    markdown = Markdown(
        language="nl", zone=ZONE, names={one.id: one.name for one in talk.discord.world.channels.values()}
    )
    said = sorted(talk.discord.world.messages.values(), key=lambda message: int(message.id))
    return [
        discord.entry(talk.discord, message, talk.moments[message.id], markdown)
        for message in said
        if message.channel is channel and not message.deleted
    ]


def _on_matrix(talk: Held, room: str) -> list[Entry]:
    return matrix.entries(talk.rooms[room], talk.moments.__getitem__, talk.bot, NAME)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (Absent, NoBrowser) as reason:
        sys.exit(str(reason))
