"""Words on the terminal: whatever the values are, they come out as text, in colour and as JSON."""

import json
import re
import time

import pytest
from hypothesis import given, settings

from bot.core.markdown import written
from bot.core.markup import Markup
from bot.core.reply import File, Phrase, Picture, Reply, Words, say
from bot.core.texts import Texts
from bot.platforms.terminal.ink import Ink
from bot.platforms.terminal.payload import Renderer, addressed, as_json
from bot.platforms.terminal.sheet import Sheet
from tests.nasty import NASTY
from tests.platforms import small_bot

STYLE = Markup(small_bot.catalogue())
TEXTS = Texts({
    **{key: {"nl": text, "en": text} for key, text in {
        "t.bare": "{value}", "t.bold": "Taak **{value}** van {value}", "t.item": "- {value}\n- {value}",
        "t.two": "Eerst.\n\n{value}\n\n> {value}", "t.words": "{words}",
    }.items()},
    "terminal.picture": {"nl": "Afbeelding: {alt} ({path})", "en": "Picture: {alt} ({path})"},
    "terminal.file": {"nl": "Bestand: {name} ({path})", "en": "File: {name} ({path})"},
    "terminal.edited": {"nl": "gewijzigd", "en": "changed"},
})  # fmt: skip
RENDERER = Renderer(TEXTS, STYLE)
COLOUR = Ink(on=True)
SHEET = Sheet(TEXTS, STYLE, COLOUR, "Europe/Amsterdam")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]")


@pytest.mark.parametrize("key", ["t.bare", "t.bold", "t.item", "t.two"])
@given(value=NASTY)
@settings(max_examples=300)
def test_rendering_never_raises(key: str, value: str) -> None:
    """A reply with any values becomes a line of JSON, and a page with only our own escape codes."""
    reply = Reply(
        Phrase(key, {"value": value}), (Phrase("t.bare", {"value": value}),),
        picture=Picture(value, Phrase("t.bare", {"value": value})), file=File(value, value),
    )  # fmt: skip
    payload = addressed(
        RENDERER.render(reply, language="nl", zone="Europe/Amsterdam"), to="bram", key=value, edits=True
    )
    payload = json.loads(json.dumps(payload))
    line = as_json(payload)
    assert len(line.splitlines()) == 1
    assert not FORBIDDEN.search(payload["text"])
    page = re.sub(r"\x1b\[(?:1|3|4|22|23|24|36|39)m", "", SHEET.draw(payload))
    assert not FORBIDDEN.search(page)


def test_markdown_in_colour() -> None:
    """A person sees bold words and underlined links."""
    assert written("**a** [b](https://x.nl)", COLOUR) == "\x1b[1ma\x1b[22m b (\x1b[4mhttps://x.nl\x1b[24m)"


@pytest.mark.parametrize(
    ("environ", "tty", "on"), [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({}, False, False)]
)
def test_colour_only_where_it_is_wanted(environ: dict[str, str], tty: bool, on: bool) -> None:
    """Escape codes go to a terminal only, and not when NO_COLOR is set."""
    assert Ink.of(tty=tty, environ=environ).on is on


def test_a_reply_has_its_own_language() -> None:
    """A reply that must be in English is, whoever reads."""
    said = Renderer(small_bot.texts(), STYLE).render(
        Reply(Phrase("t.choose"), language="en"), language="nl", zone="Europe/Amsterdam"
    )
    assert said["text"] == "Choose one."


def test_a_short_reply_is_quick() -> None:
    """A short reply becomes its payload in well under a millisecond (about 0.1)."""
    reply = say("t.bold", value="Flyers uitdelen bij Waag (2 mensen).")
    best = min(_seconds(reply) for _ in range(200))
    assert best < 0.001


def _seconds(reply: Reply) -> float:
    start = time.perf_counter()
    RENDERER.render(reply, language="nl", zone="Europe/Amsterdam")
    return time.perf_counter() - start


def test_a_long_text_takes_no_long_time() -> None:
    """20 kB of the worst text of people, more than any value may hold, is written in a moment."""
    start = time.perf_counter()
    for piece in ("*_`[<", "](", "&#", "\\", "a\n", "> "):
        RENDERER.render(say("t.bare", value=piece * (20_000 // len(piece))), language="nl", zone="Europe/Amsterdam")
    RENDERER.render(say("t.words", words=Words("**a " * 5000)), language="nl", zone="Europe/Amsterdam")
    assert time.perf_counter() - start < 10
