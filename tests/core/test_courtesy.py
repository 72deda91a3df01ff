"""Greetings and thanks are told from questions."""

import pytest

from bot.core.courtesy import Courtesy, of


@pytest.mark.parametrize("text", ["hoi", "Hallo!", "hoi bot", "Goedemorgen allemaal", "goede avond", "Hi there", "dag"])
def test_greetings(text: str) -> None:
    """Who only greets is greeted."""
    assert of(text) is Courtesy.HELLO


@pytest.mark.parametrize("text", ["bedankt", "Dank je wel!", "hartelijk dank", "thanks", "Thank you very much", "top"])
def test_thanks(text: str) -> None:
    """Who thanks hears that it was no trouble."""
    assert of(text) is Courtesy.THANKS


@pytest.mark.parametrize(
    "text",
    [
        "", "…", "hoi, kan ik mijn mailadres houden", "goed", "goede provider", "dank aan wie tekende", "morgen",
        "hallo?", "help", "ik dank mijn nummer aan KPN", "avond in Waag", "je", "de antwoorden",
    ],
)  # fmt: skip
def test_everything_else(text: str) -> None:
    """A line that says something is a question, however politely it begins."""
    assert of(text) is None
