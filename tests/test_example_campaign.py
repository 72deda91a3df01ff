"""The campaign that ships: what its answers promise, whenever they are asked."""

import datetime as dt
import functools
import os
import pathlib
import re

import pytest

from bot import check
from bot.campaign.content import read_content
from bot.campaign.faq import Answer, Faq, Told
from bot.check import content_paths
from bot.config import load_config, read_text
from bot.core.document import mistakes
from bot.parts import read_faq, read_texts
from commands import CATALOGUE

ROOT = pathlib.Path(__file__).parent.parent
JANUARY = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
MARCH_2020 = dt.datetime(2020, 3, 1, 11, tzinfo=dt.UTC)
TODAY = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@functools.cache
def faq() -> Faq:
    found, problems = read_faq(load_config(ROOT / "config.yaml", os.environ), read_texts())
    assert found, problems
    return found


def ask(question: str, now: dt.datetime) -> Answer:
    return faq().ask(question, now=now, stops={})


def test_check_finds_no_mistake() -> None:
    """What ships passes its own check."""
    assert mistakes(check.check(ROOT / "config.yaml", {})) == []


@pytest.mark.parametrize("question", ["moet ik nu overstappen?", "Should I switch now?"])
def test_advice_of_january_is_given_in_january_only(question: str) -> None:
    """The reader of 27 January 2019 hears "not yet", the reader of 2020 does not."""
    then, later = ask(question, JANUARY), ask(question, MARCH_2020)
    assert then.told is Told.ANSWER
    assert then.text.nl.startswith("Stap nog niet over")
    assert then.text.en.startswith("Do not switch yet")
    assert "2019" in then.text.nl
    assert later.told is Told.ANSWER
    assert later.entry
    assert later.entry.id == "freedom-internet-alternative"
    assert later.instead_of
    assert "nog niet over" not in later.text.nl


NEWS = ("campaign-news-and-calendar", "petition-count", "petition-outcome", "kpn-talks-result", "event-t-shirts")


@pytest.mark.parametrize("id_", NEWS)
@pytest.mark.parametrize("now", [JANUARY, MARCH_2020])
def test_nothing_is_told_before_it_happened(id_: str, now: dt.datetime) -> None:
    """What changed as the campaign went on is told as it stood at the asker's moment."""
    text = ask(id_, now).text.nl
    assert max((int(year) for year in re.findall(r"\b20[12]\d\b", text)), default=0) <= now.year


@pytest.mark.parametrize("now", [JANUARY, MARCH_2020, TODAY])
def test_no_address_for_money_and_no_braces(now: dt.datetime) -> None:
    """No answer holds an account, a mail address, a telephone number but 112, or a value that was not filled in."""
    for entry in faq().entries:
        answer = ask(entry.id, now)
        for text in (answer.text.nl, answer.text.en):
            assert "@" not in text, entry.id
            assert "{" not in text, entry.id
            assert not re.search(r"\bNL\d\d[A-Z]{4}|\b0\d{2,3}[- ]?\d{6,7}\b|\b0[89]00\b", text), entry.id


def test_the_count_has_its_day() -> None:
    """A living number stands there with the day that it is of, and never one of the future."""
    assert "45.500 (stand van 27 januari 2019)" in ask("petition-count", JANUARY).text.nl
    assert "55,000 (as of 11 November 2019)" in ask("petition-count", MARCH_2020).text.en


def test_every_entry_has_many_ways_to_ask() -> None:
    """Fifteen and more in each language, so that people are understood in their own words."""
    config = load_config(ROOT / "config.yaml", os.environ)
    content, _ = read_content(content_paths(config.content), config.campaign.timezone, read_text)
    assert len(content.entries) == 60
    assert all(len(entry.also[language]) >= 15 for entry in content.entries for language in ("nl", "en"))


def test_every_command_is_in_the_readme() -> None:
    """README's table names every command, in both languages."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in CATALOGUE.commands.values():
        for name in command.names.values():
            assert f"`/{name}`" in readme, name


def test_what_is_not_ours_gets_no_answer() -> None:
    """Near misses are not answered with advice about providers."""
    for question in ("wat is de opzegtermijn van mijn huurwoning", "hoi", "tell me a joke", "", "🙃", "\x00\u202e"):
        assert ask(question, JANUARY).told is not Told.ANSWER, question
