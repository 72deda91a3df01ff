"""What a question comes to at a moment: validity, variants, values, and answers that organisers stopped."""

import datetime as dt
import pathlib

import pytest

from bot.campaign import faq
from bot.campaign.content import ContentPaths, read_content
from bot.campaign.faq import Faq, Stop, Told, index_of
from bot.core.document import mistakes
from bot.parts import read_texts
from bot.store.database import Database

AMSTERDAM = "Europe/Amsterdam"
NOON = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
ENTRIES = """
- id: wait
  question: {nl: Moet ik nu overstappen?, en: Should I switch now?}
  also: {nl: [wachten of weggaan], en: [wait or leave]}
  keywords: {nl: [overstappen], en: [switch]}
  answer:
    nl: "Wacht nog. De teller staat op {petition.count}. Kijk later weer."
    en: "Wait. The counter says {petition.count}. Look again."
  sources: [{title: Nieuws, url: "https://example.org/a", date: 2019-01-26, party: committee}]
  valid_from: 2019-01-26
  valid_until: 2019-11-10
  superseded_by: new
  harm: high
- id: new
  question: {nl: Is er een nieuwe aanbieder?, en: Is there a new provider?}
  also: {nl: [alternatief gevonden], en: [alternative found]}
  answer: {nl: Ja., en: Yes.}
  sources: [{title: Nieuws, url: "https://example.org/b", date: 2019-11-11, party: press}]
  valid_from: 2019-11-11
- id: mail
  question: {nl: Houd ik mijn mailadres?, en: Do I keep my mail address?}
  also: {nl: [mailbox behouden], en: [keep mailbox]}
  answer: {nl: Zes maanden., en: Six months.}
  sources: [{title: Regels, url: "https://example.org/c", undated: true, party: sector}]
  variants:
    - {valid_until: 2020-06-30, answer: {nl: Een maand., en: One month.}}
  harm: low
"""
VALUES = "petition.count: [{value: 39600, as_of: 2019-01-21}, {value: 45500, as_of: 2019-01-27}]"


@pytest.fixture(scope="module")
def answers() -> Faq:
    texts = {"faq.yaml": ENTRIES, "values.yaml": VALUES}
    paths = ContentPaths(faq=pathlib.Path("faq.yaml"), values=pathlib.Path("values.yaml"))
    content, problems = read_content(paths, AMSTERDAM, lambda path: texts[path.name])
    assert not mistakes(problems), problems
    return Faq(content, index_of(content), read_texts(), AMSTERDAM)


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T12:00:00+01:00")


@pytest.mark.parametrize(
    ("moment", "entry", "instead_of"),
    [
        ("2019-01-26T00:00:00+01:00", "wait", None),
        ("2019-11-10T23:59:59+01:00", "wait", None),
        ("2019-11-11T00:00:00+01:00", "new", "wait"),
    ],
)
def test_advice_ends_at_midnight(answers: Faq, moment: str, entry: str, instead_of: str | None) -> None:
    """A day counts whole in the campaign's zone; then the successor answers, and says what it came instead of."""
    answer = answers.ask("wait", now=dt.datetime.fromisoformat(moment), stops={})
    assert answer.entry
    assert answer.entry.id == entry
    assert (answer.instead_of.id if answer.instead_of else None) == instead_of


def test_nothing_is_answered_before_it_holds(answers: Faq) -> None:
    """What is not in force yet is neither given nor offered."""
    answer = answers.ask("Is er een nieuwe aanbieder?", now=NOON, stops={})
    assert answer.told is not Told.ANSWER
    assert "new" not in [entry.id for entry in answer.choices]


def test_without_a_moment_validity_is_not_looked_at(answers: Faq) -> None:
    """`faq eval` without --at asks outside time."""
    answer = answers.ask("wait", now=None, stops={})
    assert answer.entry
    assert answer.entry.id == "wait"


def test_variant_of_the_day(answers: Faq) -> None:
    """The words in force at the asker's moment are given."""
    assert answers.ask("mail", now=at("2020-06-30"), stops={}).text.nl == "Een maand."
    assert answers.ask("mail", now=at("2020-07-01"), stops={}).text.en == "Six months."


def test_values_carry_their_day(answers: Faq) -> None:
    """The newest reading that is not in the future is filled in, with its day."""
    assert "45.500 (stand van 27 januari 2019)" in answers.ask("wait", now=NOON, stops={}).text.nl
    assert "39,600 (as of 21 January 2019)" in answers.ask("wait", now=at("2019-01-26"), stops={}).text.en


def test_unknown_value_drops_its_sentence(answers: Faq) -> None:
    """A value that is not known takes its sentence along, and never leaves braces."""
    early = dt.datetime(2019, 1, 12, tzinfo=dt.UTC)
    assert answers._fill("Wacht nog. De teller staat op {petition.count}. Kijk later weer.", "nl", early) == (
        "Wacht nog. Kijk later weer."
    )


def test_stopped_answer_is_not_given(answers: Faq) -> None:
    """People hear that it was withdrawn, when and why."""
    stop = Stop("mail", "De regels zijn veranderd", None, NOON)
    answer = answers.ask("Houd ik mijn mailadres?", now=NOON, stops={"mail": stop})
    assert answer.told is not Told.ANSWER
    assert answer.stop == stop


def test_stopped_answer_with_replacement(answers: Faq) -> None:
    """The replacement is given, with the reason."""
    stop = Stop("mail", "Verouderd", "wait", NOON)
    answer = answers.ask("mail", now=NOON, stops={"mail": stop})
    assert answer.entry
    assert answer.entry.id == "wait"
    assert answer.stop == stop
    assert answer.caution


def test_replacement_chosen_before_its_window(answers: Faq) -> None:
    """What organisers chose is given, also before the day that stands in the file."""
    answer = answers.ask("wait", now=NOON, stops={"wait": Stop("wait", "Er is nieuws", "new", NOON)})
    assert answer.entry
    assert answer.entry.id == "new"


def test_replacements_in_a_circle_end(answers: Faq) -> None:
    """Two answers that replace each other give none, and no endless loop."""
    stops = {"mail": Stop("mail", "a", "wait", NOON), "wait": Stop("wait", "b", "mail", NOON)}
    assert answers.ask("mail", now=NOON, stops=stops).told is not Told.ANSWER


async def test_stop_and_resume(tmp_path: pathlib.Path) -> None:
    """A stop is kept with its reason; stopping again renews it; resuming ends it."""
    async with Database.connect(f"sqlite:///{tmp_path}/bot.db") as database, database.write() as tx:
        by = await tx.value("INSERT INTO person (created_at) VALUES (0) RETURNING id")
        assert await faq.stop(tx, "mail", reason="a", replacement=None, by=by, now=NOON)
        assert not await faq.stop(tx, "mail", reason="b", replacement="wait", by=by, now=NOON)
        assert await faq.stops(tx) == {"mail": Stop("mail", "b", "wait", NOON)}
        assert await faq.resume(tx, "mail")
        assert not await faq.resume(tx, "mail")
