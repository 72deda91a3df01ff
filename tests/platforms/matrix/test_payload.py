"""A reply as messages of Matrix: in order, whole, and without effect on anybody."""

import json
import pathlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings

import bot.platforms.matrix
from bot.core.parameters import clean
from bot.core.platform import Payload
from bot.core.reply import (
    Button,
    Field,
    File,
    For,
    Kind,
    Link,
    Listing,
    Phrase,
    Picture,
    Progress,
    Reply,
    Typed,
    Words,
    say,
)
from bot.core.texts import Texts
from bot.platforms.matrix.payload import MOST_BYTES, Renderer
from tests.core.small_catalogue import CATALOGUE
from tests.nasty import NASTY, squeezed
from tests.platforms.matrix.reader import Reader

_OWN = pathlib.Path(bot.platforms.matrix.__file__).with_name("texts.yaml")
TEXTS = Texts({
    **{key: {"nl": text, "en": text} for key, text in {
        "t.bare": "{value}", "t.bold": "Taak **{value}** van {value}.", "t.list": "Taken:{value}", "t.words": "{words}",
        "t.typed": "Typ {value}.", "t.numbered": "1. {value}\n2. {value}\n3. {value}",
    }.items()},
    "t.hello": {"nl": "Hoi", "en": "Hello"},
    **yaml.safe_load(_OWN.read_text("utf-8")),
})  # fmt: skip
RENDERER = Renderer(TEXTS, CATALOGUE, "!")
MARK = "e\u0301\u0302\u0303\u0327"  # one letter with four accents
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1f3\U0001f1f1"


def bare(text: str) -> Phrase:
    return Phrase("t.bare", {"value": text})


def render(reply: Reply, language: str = "nl") -> Sequence[Payload]:
    payloads = RENDERER.render(reply, language=language, zone="Europe/Amsterdam")
    assert json.loads(json.dumps(payloads)) == [dict(payload) for payload in payloads]
    for payload in payloads:
        assert len(json.dumps(payload["content"])) <= MOST_BYTES
        assert payload["content"]["m.mentions"] == {}
    return payloads


def content(reply: Reply, language: str = "nl") -> Mapping[str, Any]:
    """Of a reply that is one message."""
    (payload,) = render(reply, language)
    found: Mapping[str, Any] = payload["content"]
    return found


def claim(number: int, **more: Any) -> Button:
    return Button(bare(f"Neem T{number}"), "task.claim", {"task": str(number)}, **more)


# -- one message ------------------------------------------------------------------------------------------


def test_a_sentence() -> None:
    """A reply of one sentence is a notice with that sentence, in HTML and in plain text."""
    assert render(say("t.bold", value="A & B")) == (
        {
            "content": {
                "msgtype": "m.notice",
                "body": "Taak A & B van A & B.",
                "format": "org.matrix.custom.html",
                "formatted_body": "Taak <strong>A &amp; B</strong> van A &amp; B.",
                "m.mentions": {},
            }
        },
    )


def test_everything_in_order() -> None:
    """Lead, paragraphs, fields, progress, links and buttons come in the order of every platform."""
    found = content(
        Reply(
            bare("Eerst."), (bare("Dan."), Phrase("t.typed", {"value": Typed("task.claim", {"task": "2"})})),
            (Field(bare("Waar"), bare("Waag")), Field(bare("Wie"), bare("a\nb"))), Progress(45_123, of=50_000),
            links=(Link("https://x.nl/a?b=1&c", bare("Teken")), Link("https://y.nl", bare("Lees"))),
            buttons=(claim(2),),
        )
    )  # fmt: skip
    assert found["body"] == (
        "Eerst.\n\nDan.\n\nTyp !taak oppakken 2.\n\nWaar: Waag\nWie: a\nb\n\n██████████░░ 45.123 / 50.000\n\n"
        "Teken: https://x.nl/a?b=1&c\nLees: https://y.nl\n\n1. Neem T2 — !taak oppakken 2\n\n"
        "Reageer met 1️⃣, antwoord op dit bericht met 1, of typ de opdracht."
    )
    rel = 'rel="noopener noreferrer"'
    assert found["formatted_body"] == (
        "<p>Eerst.</p><p>Dan.</p><p>Typ <code>!taak oppakken 2</code>.</p>"
        "<ul><li><strong>Waar</strong>: Waag</li><li><strong>Wie</strong>: a<br>b</li></ul>"
        "<p>██████████░░ 45.123 / 50.000</p>"
        f'<p><a href="https://x.nl/a?b=1&amp;c" {rel}>Teken</a><br><a href="https://y.nl" {rel}>Lees</a></p>'
        "<ol><li>Neem T2 — <code>!taak oppakken 2</code></li></ol>"
        "<p>Reageer met 1️⃣, antwoord op dit bericht met 1, of typ de opdracht.</p>"
    )


def test_a_field_with_a_list() -> None:
    """A list in a field stands beneath the field's name."""
    found = content(
        Reply(bare("Ja."), fields=(Field(bare("Wat"), Phrase("t.list", {"value": Listing((bare("a"), bare("b")))})),))
    )
    assert found["body"] == "Ja.\n\nWat:\nTaken:\n\n• a\n• b"
    assert found["formatted_body"] == (
        "<p>Ja.</p><ul><li><strong>Wat</strong>:<p>Taken:</p><ul><li>a</li><li>b</li></ul></li></ul>"
    )


def test_a_preview_says_so() -> None:
    """What is only a preview cannot be taken for the real thing."""
    found = content(Reply(bare("Kom!"), kind=Kind.PREVIEW))
    assert found["body"] == "Voorbeeld\n\nKom!"
    assert found["formatted_body"] == "<p><strong>Voorbeeld</strong></p><p>Kom!</p>"


def test_a_reply_has_its_own_language() -> None:
    """A reply that must be in English is, whoever reads."""
    assert content(Reply(Phrase("t.hello"), language="en"))["body"] == "Hello"
    assert content(Reply(Phrase("t.hello")), language="en")["body"] == "Hello"


@pytest.mark.parametrize(
    ("value", "of", "full"), [(0, 10, 0), (5, 10, 6), (10, 10, 12), (99, 10, 12), (-1, 5, 0), (1, 0, 12)]
)
def test_progress_stays_within_its_bar(value: int, of: int, full: int) -> None:
    """The bar is never longer than it is."""
    assert content(Reply(bare("x"), progress=Progress(value, of)))["body"].startswith(
        "x\n\n" + "█" * full + "░" * (12 - full) + " "
    )


# -- buttons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "language", "how"),
    [
        (1, "nl", "Reageer met 1️⃣, antwoord op dit bericht met 1, of typ de opdracht."),
        (2, "nl", "Reageer met 1️⃣ of 2️⃣, antwoord op dit bericht met het nummer, of typ de opdracht."),
        (2, "en", "React with 1️⃣ or 2️⃣, reply to this message with the number, or type the command."),
        (5, "nl", "Antwoord op dit bericht met het nummer van je keuze, of typ de opdracht."),
    ],
)
def test_how_to_press_a_button(count: int, language: str, how: str) -> None:
    """Under the buttons stands how to answer; reactions only where there are one or two."""
    found = content(Reply(bare("Kies."), buttons=tuple(map(claim, range(count)))), language)
    assert found["body"].endswith(f"\n\n{how}")
    assert found["formatted_body"].endswith(f"</ol><p>{how}</p>")
    assert found["formatted_body"].count("<li>") == count


def test_what_buttons_do() -> None:
    """Beside the text stands what each button is called and does, in order, and what taking it back offers."""
    back = Button(bare("Geef T2 *terug*"), "task.list")
    (payload,) = render(
        Reply(bare("Kies."), buttons=(claim(2, whose=For.ANYONE, back=back), Button(bare("Lijst"), "task.list")))
    )
    assert payload["buttons"] == [
        {
            "label": "Neem T2", "command": "task.claim", "values": {"task": "2"}, "whose": "anyone",
            "back": {
                "label": "Geef T2 *terug*", "language": "nl", "command": "task.list", "values": {}, "whose": "asker",
            },
        },
        {"label": "Lijst", "command": "task.list", "values": {}, "whose": "asker"},
    ]  # fmt: skip
    assert "buttons" not in render(say("t.hello"))[0]


# -- pictures and files -----------------------------------------------------------------------------------


def test_a_picture_and_a_file_come_after_the_text() -> None:
    """A picture has its description for those who cannot see it; a file its name."""
    reply = Reply(bare("Kijk."), picture=Picture("/a/b.png", bare("Een *vlag*")), file=File("/a/x.ics", "agenda.ics"))
    text, picture, file = render(reply)
    assert text["content"]["body"] == "Kijk."
    assert picture == {
        "upload": {"path": "/a/b.png", "name": "b.png", "alt": "Een *vlag*", "kind": "picture"},
        "content": {"msgtype": "m.image", "body": "Een *vlag*", "filename": "b.png", "m.mentions": {}},
    }
    assert file == {
        "upload": {"path": "/a/x.ics", "name": "agenda.ics", "alt": "", "kind": "file"},
        "content": {"msgtype": "m.file", "body": "agenda.ics", "filename": "agenda.ics", "m.mentions": {}},
    }


def test_a_picture_alone() -> None:
    """A picture without a word comes without an empty message before it; a reply without anything is one message."""
    (picture,) = render(Reply(bare(""), picture=Picture("/a/b.png", bare(""))))
    assert picture["content"]["body"] == "b.png"
    assert content(Reply(bare("")))["body"] == ""


def test_long_names_fit() -> None:
    """Neither a description nor a name makes an event too big; a name keeps its ending."""
    reply = Reply(bare("x"), picture=Picture("/a.png", bare("é" * 20_000)), file=File("/x", "é" * 20_000 + ".ics"))
    assert render(reply)[2]["content"]["filename"].endswith("é.ics")


# -- whatever people type -----------------------------------------------------------------------------------


@given(NASTY)
@example("@room @anna:x.nl <script>alert(1)</script> **b** [x](https://x.nl)")
@example("\x00")
@settings(max_examples=500)
def test_text_of_people_has_no_effect(value: str) -> None:
    """A value comes out as visible text, everywhere in a reply, and mentions nobody."""

    def reply(text: str) -> Reply:
        phrase, button = bare(text), Button(bare(text), "faq", {"question": text})
        return Reply(
            phrase, (Phrase("t.bold", {"value": text}), Phrase("t.list", {"value": Listing((phrase, phrase))})),
            (Field(phrase, phrase),), links=(Link("https://x.nl", phrase),), buttons=(button,),
        )  # fmt: skip

    if not (shown := clean(value).strip()):
        return
    found, harmless = content(reply(value)), content(reply("Anna"))
    read, expected = Reader(found["formatted_body"]), Reader(harmless["formatted_body"])
    assert [tag for tag in read.tags if tag != "br"] == [tag for tag in expected.tags if tag != "br"]
    assert squeezed(read.words).count(squeezed(shown)) >= squeezed(expected.words).count("Anna") - 1  # one was typed
    assert squeezed(found["body"]).count(squeezed(shown)) >= 7


# -- what is too long -------------------------------------------------------------------------------------


def flat(text: str) -> str:
    return re.sub(r"[\s•]+", "", text)


def bodies(payloads: Sequence[Payload]) -> list[str]:
    return [payload["content"]["body"] for payload in payloads]


def split(reply: Reply) -> list[str]:
    """The plain text of every part; each says the same in HTML that holds together."""
    payloads = render(reply)
    for payload in payloads:
        assert flat(Reader(payload["content"]["formatted_body"]).words) == flat(payload["content"]["body"])
    return bodies(payloads)


@pytest.mark.parametrize(
    "text",
    [
        "woord " * 10_000, "é" * 60_000, MARK * 12_000, "e" + "\u0301" * 30_000, FAMILY * 4000, FLAG * 8000, "a",
        "😀" * 15_000, "<&>" * 20_000, "regel\n" * 10_000, "alinea\n\n" * 8000, "a " + "b" * 60_000, "*_`[" * 15_000,
        "\\" * 60_000,
        "\n\n".join("x" * n for n in range(200, 400)), "e\u0301 \n" * 9000, '"' * 60_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["t.bare", "t.bold"])
def test_a_long_text_comes_whole(text: str, key: str) -> None:
    """Nothing of a long text is lost and nothing comes twice, and the parts are well filled."""
    found = split(say(key, value=text))
    whole = clean(text).strip()
    assert flat("".join(found)) == flat(whole if key == "t.bare" else f"Taak {whole} van {whole}.")
    needed = 2 * len(json.dumps("".join(found)))
    assert len(found) <= needed / MOST_BYTES * 3 + 1


@pytest.mark.parametrize(("piece", "count"), [(MARK, 5000), (FAMILY, 3000), (FLAG, 5000), ("👍🏽", 5000)])
def test_no_character_is_cut(piece: str, count: int) -> None:
    """Accents stay on their letter, and the parts of an emoji together."""
    found = split(say("t.bare", value=piece * count))
    assert len(found) > 1
    assert all(part.replace(piece, "") == "" for part in found)


def test_cut_between_paragraphs() -> None:
    """Where the paragraphs fit in parts, no paragraph is cut."""
    paragraphs = [f"Alinea {n}. " + "tekst " * 300 + "einde" for n in range(40)]
    for reply in (say("t.bare", value="\n\n".join(paragraphs)), Reply(bare("Hoi."), tuple(map(bare, paragraphs)))):
        found = split(reply)
        assert len(found) > 2
        assert all(part.endswith("einde") and part.startswith(("Alinea", "Hoi.")) for part in found)


def test_cut_between_lines_then_words() -> None:
    """A paragraph that is too long is cut between its lines, and a line that is too long between its words."""
    found = split(say("t.bare", value="\n".join(f"regel {n} is hier op" for n in range(4000))))
    assert len(found) > 1
    assert all(part.startswith("regel") and part.endswith("op") for part in found)
    found = split(say("t.bare", value=" ".join(f"w{n}x" for n in range(15_000))))
    assert len(found) > 1
    assert all(re.fullmatch(r"w\d+x( w\d+x)*", part) for part in found)


def test_cut_between_items() -> None:
    """A long list is cut between its items, which keep their looks; a numbered one counts on."""
    items = Listing(tuple(Phrase("t.bold", {"value": f"T{n}"}) for n in range(1500)))
    payloads = render(say("t.list", value=items))
    assert len(payloads) > 1
    lists = [payload["content"]["formatted_body"] for payload in payloads]
    assert sum(shown.count("<li>Taak <strong>T") for shown in lists) == 1500
    assert all(shown.count("<ul>") == 1 and shown.endswith("</ul>") for shown in lists)
    long = "woord " * 800 + "é" * 1000
    numbered = render(say("t.numbered", value=long))
    assert [re.findall(r"<ol[^>]*>", p["content"]["formatted_body"]) for p in numbered] == [
        ['<ol start="1">'], ['<ol start="2">'], ['<ol start="3">'],
    ]  # fmt: skip
    assert [body[:8] for body in bodies(numbered)] == ["1. woord", "2. woord", "3. woord"]


def test_cut_between_fields() -> None:
    """A long page of help is cut between its fields, each with its bold name."""
    fields = tuple(Field(bare(f"Naam {n}"), bare("uitleg " * 20 + "klaar")) for n in range(300))
    payloads = render(Reply(bare("Hulp."), fields=fields))
    assert len(payloads) > 1
    for payload in payloads:
        assert re.search(r"<ul><li><strong>Naam \d+</strong>: ", payload["content"]["formatted_body"])
        assert payload["content"]["formatted_body"].count("<ul>") == 1
        assert payload["content"]["body"].endswith("klaar")
    assert sum(payload["content"]["formatted_body"].count("<strong>") for payload in payloads) == 300


def test_a_long_field_and_label_come_whole() -> None:
    """A field, a link or a button that is too long by itself is cut like any text."""
    long = bare("regel\n" * 5000 + "é" * 10_000)
    reply = Reply(
        bare("Ja."), fields=(Field(bare("a"), bare("b")), Field(long, long)), links=(Link("https://x.nl", long),),
        buttons=(Button(long, "task.list"),),
    )  # fmt: skip
    found = flat("".join(bodies(render(reply))))
    assert found.count("regel") == 4 * 5000
    assert found.count("é") == 4 * 10_000
    assert found.endswith("oftypdeopdracht.")


def test_buttons_are_on_the_last_part() -> None:
    """Buttons stand together beneath the last part, before pictures."""
    picture = Picture("/a.png", bare("x"))
    payloads = render(Reply(bare("woord " * 10_000), buttons=tuple(map(claim, range(5))), picture=picture))
    *first, last, upload = payloads
    assert len(first) > 1
    assert len(last["buttons"]) == 5
    assert last["content"]["body"].count(" — !taak oppakken") == 5
    assert not any("buttons" in payload or "— !taak" in payload["content"]["body"] for payload in (*first, upload))


def test_organisers_text_that_is_too_long() -> None:
    """CommonMark of organisers is cut too, between its own paragraphs and lists, and keeps its looks there."""
    text = "\n\n".join(f"Alinea **{n}**:\n\n- a\n- [b](https://x.nl/{n})\n\n> citaat" for n in range(500))
    payloads = render(Reply(Phrase("t.words", {"words": Words(text)})))
    assert len(payloads) > 1
    shown = [payload["content"]["formatted_body"] for payload in payloads]
    assert [sum(part.count(tag) for part in shown) for tag in ("<strong>", "<a ", "<blockquote>")] == [500, 500, 500]
    assert all(Reader(part).tags for part in shown)


# -- speed --------------------------------------------------------------------------------------------------


def test_a_short_reply_is_quick() -> None:
    """A short reply becomes its payload in a fraction of a millisecond (about 0.05)."""
    reply = say("t.bare", value="Flyers uitdelen bij Waag (2 mensen).")
    assert min(_seconds(reply) for _ in range(200)) < 0.001


def test_a_long_reply_takes_no_long_time() -> None:
    """60 kB of the worst that people may type takes less than two seconds."""
    for piece in (MARK, "😀", "*_`[<", "](", "&#", "\\", "a\n"):
        assert _seconds(say("t.bare", value=piece * (60_000 // len(piece.encode())))) < 2


def _seconds(reply: Reply) -> float:
    start = time.perf_counter()
    RENDERER.render(reply, language="nl", zone="Europe/Amsterdam")
    return time.perf_counter() - start
