"""Lines that look like questions and are none, through the whole road of a call."""

import pytest

import commands
from bot.store.database import Database
from tests.talk import Talk, bot

ANSWERS = {
    "hoi": "faq.hello", "Dank je wel!": "faq.thanks", "ja": "faq.nothing_open", "nee hoor": "faq.nothing_open",
}  # fmt: skip


@pytest.mark.parametrize("line", ANSWERS)
async def test_no_question(database: Database, line: str) -> None:
    """Who greets is greeted, who thanks is welcome, and a word that answers nothing gets no three questions."""
    anna = Talk(database, bot(commands.CATALOGUE)).person("anna")
    await anna.says(f"/vraag {line}")
    assert anna.key == ANSWERS[line]
    await anna.says(f"/vraag {line}, maar wat kost overstappen?")
    assert anna.key != ANSWERS[line]
