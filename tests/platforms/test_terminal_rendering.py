"""Words on the terminal: no text of people is markup, and what is typed for a button is read back as its values."""

import json
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core import parsing
from bot.core.parameters import clean
from bot.core.reply import File, Phrase, Picture, Reply, Words, say
from bot.core.texts import Texts
from bot.platforms.terminal.ink import Ink
from bot.platforms.terminal.markdown import is_simple, plain, written
from bot.platforms.terminal.payload import Renderer, addressed, as_json
from bot.platforms.terminal.sheet import Sheet
from bot.platforms.terminal.style import Style
from tests.platforms import small_bot

STYLE = Style(small_bot.catalogue())
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
# Mostly what could mean something, to CommonMark, to a terminal or to whoever cuts lines.
NASTY = st.text(
    st.one_of(st.sampled_from("*_`[]()<>#+-.!|&~=\\\n\t :/@\"'1 )a{}$\x1b\x00\x9b\r\x85\u2028\u202e\u200f\u2066"),
              st.characters(codec=None)),
    max_size=40,
)  # fmt: skip
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]")


def squeezed(text: str) -> str:
    """Without what the layout of lines may change."""
    return re.sub(r"\s+", " ", text).strip()


@given(NASTY)
@example("a\n  - b")
@example("a\n\n     b\n   1. c")
@example("12. a")
@example("a\n===")
@example("a\\\nb\\")
@settings(max_examples=1000)
def test_no_text_of_people_is_markup(value: str) -> None:
    """Whatever stands in a value comes out as it went in, but for control characters and spaces."""
    shown = squeezed(clean(value))
    assert squeezed(plain(STYLE.quote(value))) == shown
    assert squeezed(written("Taak: " + STYLE.quote(value), COLOUR)) == squeezed("Taak: " + shown)


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


@given(st.text(st.sampled_from("ab1 .)-+#=~\\*\n\t:!é\u00a0"), max_size=30))
@settings(max_examples=1000)
def test_the_short_way_gives_the_same_text(text: str) -> None:
    """Text that needs no parser comes out as the parser would have it."""
    if is_simple(text):
        assert plain(text) == written(text, Ink(on=False))


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("Een **vet** en *schuin* woord", "Een vet en schuin woord"),
        ("- een\n- twee\n  - drie\n- vier", "• een\n• twee\n  • drie\n• vier"),
        ("3. een\n4. twee\n   regel", "3. een\n4. twee regel"),
        ("Zie [de petitie](https://x.nl/a)", "Zie de petitie (https://x.nl/a)"),
        ("[https://x.nl](https://x.nl) <https://y.nl>", "https://x.nl https://y.nl"),
        ("Mail <info@x.nl>", "Mail info@x.nl"),
        ("# Kop\ntekst", "Kop\n\ntekst"),
        ("een\ntwee  \ndrie\\\nvier", "een twee\ndrie\nvier"),
        ("> citaat\n>\n> meer\n\nna", "> citaat\n>\n> meer\n\nna"),
        ("`a*b*` <b>x</b> &amp;", "a*b* <b>x</b> &"),
        ("```\ncode  \n  in\n```", "code\n  in"),
        ("een\n\n---\n\ntwee", "een\n\n────────\n\ntwee"),
        ("![foto](a.png)", "foto (a.png)"),
        ("- een\n\n- twee\n\n  alinea", "• een\n\n• twee\n\n  alinea"),
        ("lijst:\n- een\n\nna", "lijst:\n\n• een\n\nna"),
        ("-\n- b", "•\n• b"),
        ("[x](javascript:a)", "[x](javascript:a)"),
        ("", ""),
    ],
)
def test_markdown_as_text(marked: str, shown: str) -> None:
    """CommonMark of organisers reads well without its marks."""
    assert plain(marked) == shown


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


@given(task=NASTY, note=NASTY)
@example(task="", note="x")
@example(task="x y:z", note="\xad")
@settings(max_examples=500)
def test_a_typed_command_is_read_back(task: str, note: str) -> None:
    """What is printed for a command is read as the same command and values, in both languages."""
    values = {"task": task, "note": note}
    wanted = {name: squeezed(clean(value)) for name, value in values.items() if value}
    if any(set("\"'“”„‘’‚«»") & set(value) for value in wanted.values()):
        return
    for language in ("nl", "en"):
        line = STYLE.line("task.claim", values, language)
        assert line.startswith("/taak oppakken" if language == "nl" else "/task claim")
        command, raw = parsing.read(line[1:], small_bot.catalogue())
        assert command.id == "task.claim"
        assert {name: squeezed(value) for name, value in raw.items() if value} == {k: v for k, v in wanted.items() if v}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"task": "12"}, "/taak oppakken 12"),
        ({"task": "12", "note": "kort"}, "/taak oppakken 12 note:kort"),
        ({"task": 'de "Waag" en \'s avonds'}, '/taak oppakken «de "Waag" en \'s avonds»'),
        ({"task": "note:x"}, '/taak oppakken "note:x"'),
        ({"task": "--"}, '/taak oppakken "--"'),
    ],
)
def test_values_are_quoted_where_needed(values: dict[str, str], line: str) -> None:
    """A typed command is as short as can be, and no shorter."""
    assert STYLE.line("task.claim", values, "nl") == line


def test_an_unknown_command_has_some_form() -> None:
    """A text may name a command that is not built in."""
    assert STYLE.typed("task.thank", {}, "nl") == "/task thank"


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
