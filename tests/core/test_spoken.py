"""Which words stand for which button, and which do not."""

import pytest

from bot.core import spoken
from bot.core.spoken import Chosen, Question, Said, Tap, Turn, Word

YES, NO, DONE, CANNOT, STOP = Word
OFFER = ("Ja, ik kom", "Nee")
CHECK = ("Klaar", "Lukt niet")


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        (
            YES,
            "ja|Ja!|JA.|ja hoor|Jazeker|ja zeker!!|ja, graag|zeker weten|jaaaa|ja dat ben ik|Natuurlijk|doe maar|ja 👍",
        ),
        (YES, "Yes|yes please|yep|Sure!|of course|yes, that's me|ja :)|ja, dank je wel|  ja  |ja…|/ja|“ja”"),
        (NO, "nee|Nee.|nee hoor|nee, dank je|nee dankjewel|Nee bedankt!|sorry, nee|liever niet|née|nee 😢|neeeee"),
        (NO, "no|No thanks|no, thank you|nope|nee helaas"),
        (
            DONE,
            "klaar|Klaar!|gedaan|is klaar|het is al gedaan|ik heb het gedaan|heb ik al gedaan|gelukt ✅|ik ben klaar",
        ),
        (DONE, "done|Done.|finished|all done|it's done|I'm done"),
        (
            CANNOT,
            "lukt niet|Lukt niet...|het lukt me niet|'t lukt niet|’t lukt me helaas niet meer|kan niet|ik kan niet",
        ),
        (CANNOT, "can't|can’t|cant|cannot|I can't make it|sorry, lukt niet|het gaat niet lukken|lukt niet 😔"),
        (STOP, "stop|STOP!|Stop maar|stop alsjeblieft|stop ermee|please stop|unsubscribe"),
    ],
)
def test_words(word: Word, lines: str) -> None:
    """What people type for a word; capitals, punctuation at the end, emoji and courtesies do not matter."""
    for line in lines.split("|"):
        assert spoken.words(line) == {word}, line


@pytest.mark.parametrize(
    "line",
    [
        "ja maar wat kost het?", "ja?", "klaar?", "stop?", "nee maar", "ja nee", "ja, en mijn mailadres", "ok", "👍",
        "kan ik wachten", "kan het niet", "lukt het niet", "is het klaar", "stop met bellen naar mensen", "ik stop",
        "hoe stop ik mijn abonnement", "nee, wat is er met XS4ALL", "jan", "nou", "klaarzetten", "niet", "graag",
        "ja " * 200, "wanneer ben je klaar", "dat kan toch niet zomaar", "no idea", "yes minister", "done deal",
        "ja\n\nmaar", "",
    ],
)  # fmt: skip
def test_what_is_no_such_word(line: str) -> None:
    """A question, or anything that says more than the word, is a line like any other."""
    assert spoken.words(line) == frozenset()


def test_yes_or_no_with_the_reason() -> None:
    """ "Nee, lukt niet" is whichever of the two a button says, and neither when both are there."""
    assert spoken.words("nee, lukt niet") == {NO, CANNOT}
    assert spoken.words("ja, klaar!") == {YES, DONE}
    assert spoken.button("nee, lukt niet", OFFER) == 1
    assert spoken.button("nee, lukt niet", CHECK) == 1
    assert spoken.button("nee, lukt niet", ("Nee", "Lukt niet")) is None


@pytest.mark.parametrize(
    ("line", "labels", "index"),
    [
        ("ja", OFFER, 0), ("nee hoor", OFFER, 1), ("yes", OFFER, 0), ("ja", ("Yes, that is me", "No"), 0),
        ("gedaan", CHECK, 0), ("kan niet", CHECK, 1), ("can't", CHECK, 1), ("done", ("Lukt niet", "Klaar!"), 1),
        ("lukt niet", ("Done", "Can’t"), 1), ("stop", ("Stop hiermee", "Ga door"), 0),
        ("ja", CHECK, None), ("lukt niet", OFFER, None), ("klaar", ("Klaarzetten",), None),
        ("no", ("Noodnummer",), None), ("ja", ("Ja, vandaag", "Ja, morgen", "Nee"), None), ("ja", (), None),
        ("ja", ("", "🙂"), None),
        ("nee", ("Is het nee?",), None),
    ],
)  # fmt: skip
def test_button(line: str, labels: tuple[str, ...], index: int | None) -> None:
    """The one button whose label begins with what the word says; none when two do."""
    assert spoken.button(line, labels) == index


@pytest.mark.parametrize(
    ("line", "talk", "expected"),
    [
        ("ja", [Question("m", OFFER)], Chosen("m", 0)),
        ("ja", [], None),
        ("ja", [Said("Kan ik wachten?"), Question("m", OFFER)], Chosen("m", 0)),
        ("ja", [Question("later", CHECK), Question("m", OFFER)], None),
        ("ja", [Tap("m"), Question("m", OFFER)], None),
        ("ja", [Tap("other"), Question("m", OFFER)], Chosen("m", 0)),
        ("ja", [Tap(None), Question("m", OFFER)], None),
        ("ja", [Said("ja hoor"), Question("m", OFFER)], Chosen("m", 0)),
        ("nee", [Said("ja hoor"), Question("m", OFFER)], None),
        ("nee", [Question("m", OFFER), Said("ja hoor")], Chosen("m", 1)),
    ],
)
def test_last_question(line: str, talk: list[Turn], expected: Chosen | None) -> None:
    """The last question counts, as long as it was not answered otherwise; the same answer may come again."""
    assert spoken.chosen(line, talk) == expected


def test_reply_to_an_older_question() -> None:
    """Who replies to a message means that one, whatever came after it."""
    talk: list[Turn] = [Question("later", OFFER), Said("nee"), Tap("m"), Question("m", OFFER)]
    assert spoken.chosen("ja", talk, about="m") == Chosen("m", 0)
    assert spoken.chosen("ja", talk, about="gone") is None
