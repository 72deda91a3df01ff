"""A reply as messages of Discord: whole, within every limit, and without effect on anybody."""

import datetime as dt
import importlib.resources
import json
import re
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import commands
from bot.core.document import Document
from bot.core.invocation import Address
from bot.core.parameters import clean
from bot.core.platform import Payload
from bot.core.reply import (
    Button,
    Field,
    File,
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
from bot.core.texts import LANGUAGES, Texts, slots
from bot.platforms.discord.cutting import parts
from bot.platforms.discord.escaping import escaped
from bot.platforms.discord.lines import joined, units
from bot.platforms.discord.markdown import lines_of
from bot.platforms.discord.renderer import Renderer
from tests.core.small_catalogue import CATALOGUE
from tests.nasty import NASTY, squeezed
from tests.platforms.discord.reader import Reader
from tests.talk import ROOT
from tests.test_texts import sentences

OWN = Document("", (importlib.resources.files("bot.platforms.discord") / "texts.yaml").read_text("utf-8")).value
TEXTS = Texts({
    **{key: {"nl": text, "en": text} for key, text in {
        "t.bare": "{value}", "t.bold": "Taak **{value}** van {value}.", "t.list": "Taken:{value}",
        "t.typed": "Typ {value}.", "t.numbered": "1. {value}\n2. {value}\n3. {value}", "t.words": "{words}",
        "t.moment": "Op **{value}**, {value:day} om {value:time}.",
    }.items()},
    "t.hello": {"nl": "Hoi", "en": "Hello"},
    **OWN,
})  # fmt: skip
RENDERER = Renderer(TEXTS, CATALOGUE, "nl")
NOON = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
MARK = "e\u0301\u0302\u0303\u0327"  # one letter with four accents
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1f3\U0001f1f1"
UNSEEN = "\u200b"
ROUND = str.maketrans("[]", "()")


def bare(text: str) -> Phrase:
    return Phrase("t.bare", {"value": text})


def words(text: str) -> Phrase:
    return Phrase("t.words", {"words": Words(text, text)})


def claim(number: int, **more: Any) -> Button:
    return Button(bare(f"Neem T{number}"), "task.claim", {"task": str(number)}, **more)


def render(reply: Reply, language: str = "nl", renderer: Renderer = RENDERER) -> Sequence[Mapping[str, Any]]:
    payloads = renderer.render(reply, language=language, zone="Europe/Amsterdam")
    assert json.loads(json.dumps(payloads)) == [dict(payload) for payload in payloads]
    for payload in payloads:
        check(payload)
    assert not any("components" in payload or "files" in payload for payload in payloads[:-1])
    return payloads


def check(payload: Payload) -> None:
    """Discord takes it, with a footer of a hundred characters in the last frame."""
    assert payload.keys() <= {"content", "embeds", "components", "files"}
    assert payload
    assert all(payload.values())
    assert units(payload.get("content", "x")) <= 2000
    total = 0
    for embed in payload.get("embeds", ()):
        assert "footer" not in embed
        total += units(embed.get("title", "")) + units(embed.get("description", ""))
        assert 1 <= units(embed.get("description", "x")) <= 4096
        assert len(embed.get("fields", ())) <= 25
        for field in embed.get("fields", ()):
            assert 1 <= units(field["name"]) <= 256
            assert 1 <= units(field["value"]) <= 1024
            total += units(field["name"]) + units(field["value"])
    assert total <= 5900
    assert len(payload.get("embeds", ())) <= 9
    assert all(units(file["alt"]) <= 1024 for file in payload.get("files", ()))


def texts_of(payload: Payload) -> list[str]:
    """Everything that is read, in its order."""
    found = [payload.get("content", "")]
    for embed in payload.get("embeds", ()):
        found += [embed.get("title", ""), embed.get("description", "")]
        found += [text for field in embed.get("fields", ()) for text in (field["name"], field["value"])]
    return [text for text in found if text]


def only(reply: Reply, language: str = "nl") -> Mapping[str, Any]:
    (payload,) = render(reply, language)
    return payload


# -- one message ------------------------------------------------------------------------------------------


def test_a_sentence() -> None:
    """A reply of one sentence is that sentence and nothing else."""
    assert render(say("t.bold", value="A & B")) == ({"content": "Taak **A & B** van A & B."},)


def test_a_few_sentences_have_no_frame() -> None:
    """A short body stands beneath the lead, as people write themselves."""
    assert only(Reply(bare("Eerst."), (bare("Dan."),), kind=Kind.ERROR)) == {"content": "Eerst.\n\nDan."}


def test_everything_in_order() -> None:
    """The lead is the text; all else is framed beneath it, in the order of every platform."""
    reply = Reply(
        bare("Eerst."), (bare("Dan."), Phrase("t.typed", {"value": Typed("task.claim", {"task": "2"})})),
        (Field(bare("Waar"), bare("Waag")), Field(bare("Wie"), bare("a\nb"))), Progress(45_123, of=50_000),
        Picture("/a/vlag b.png", bare("Een *vlag*")), File("/a/x.ics", "agenda.ics"),
        (Link("https://x.nl/a?b=1&c", bare("Teken")), Link("https://y.nl", bare("Lees"))), (claim(2),),
    )  # fmt: skip
    assert only(reply) == {
        "content": "Eerst.",
        "embeds": [{
            "description": "Dan.\n\nTyp `/taak oppakken taak:2`.",
            "fields": [
                {"name": "Waar", "value": "Waag", "inline": False},
                {"name": "Wie", "value": "a\nb", "inline": False},
                {
                    "name": UNSEEN,
                    "value": "██████████░░ 45.123 / 50.000\n\n- [Teken](<https://x.nl/a?b=1&c>)\n- [Lees](<https://y.nl>)",
                    "inline": False,
                },
            ],
            "image": {"url": "attachment://vlag_b.png"},
        }],
        "components": [{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Neem T2",
             "button": {"command": "task.claim", "values": {"task": "2"}, "whose": "asker"}},
        ]}],
        "files": [
            {"path": "/a/vlag b.png", "name": "vlag_b.png", "alt": "Een *vlag*"},
            {"path": "/a/x.ics", "name": "agenda.ics", "alt": ""},
        ],
    }  # fmt: skip


def test_progress_without_fields_stands_under_the_paragraphs() -> None:
    """No empty name above a bar when there are no other fields."""
    found = only(Reply(bare("Hoi."), (bare("Al zoveel:"),), progress=Progress(1, of=2)))
    assert found["embeds"] == [{"description": "Al zoveel:\n\n██████░░░░░░ 1 / 2"}]


def test_kinds_have_colours() -> None:
    """What failed, what is only a preview and what is announced look different; a preview also says so."""
    fields = (Field(bare("Waar"), bare("Waag")),)
    colours = [only(Reply(bare("x"), fields=fields, kind=kind))["embeds"][0].get("color") for kind in Kind]
    assert [colour is not None for colour in colours] == [False, True, True, False, False, True]
    assert len(set(colours)) == 4
    assert only(Reply(bare("x"), fields=fields, kind=Kind.PREVIEW))["embeds"][0]["title"] == "Voorbeeld"
    assert only(Reply(bare("Kom!"), kind=Kind.PREVIEW), "en")["content"] == "**Preview**\n\nKom!"


def test_a_reply_has_its_own_language() -> None:
    """A reply that must be in English is, whoever reads."""
    assert only(Reply(Phrase("t.hello"), language="en")) == only(say("t.hello"), "en") == {"content": "Hello"}


def test_pictures_and_files() -> None:
    """A picture without a frame is attached with its description; two files never have one name."""
    reply = Reply(bare(""), picture=Picture("/a/b.png", bare("x" * 2000)), file=File("/b", "b.png"))
    found = only(reply)
    assert [file["name"] for file in found["files"]] == ["b.png", "2-b.png"]
    assert "embeds" not in found
    assert only(Reply(bare(""), file=File("/b", "../é *.ics")))["files"][0]["name"] == "_.ics"
    assert only(Reply(bare(""))) == {"content": UNSEEN}


def test_commands_are_named_alike_for_everybody() -> None:
    """Who reads English sees the names that Discord offers, which are the campaign's."""
    line = Typed("task.claim", {"task": "12"})
    assert only(say("t.typed", value=line), "en") == only(say("t.typed", value=line), "nl")


def test_rooms_are_shown_by_name() -> None:
    """A room of Discord is a link that people read by its name; one elsewhere stands as it is configured."""
    assert only(say("t.bare", value=Address("discord", "1001")))["content"] == "<#1001>"
    assert "actie" in only(say("t.bare", value=Address("matrix", "#actie:example.org")))["content"]
    assert "<#" not in only(say("t.bare", value="[kamer](room:1001)"))["content"]


def test_moments_are_everybodys_own() -> None:
    """A moment is shown in the zone of whoever reads, on a button in words; a day is no moment."""
    reply = Reply(
        Phrase("t.moment", {"value": NOON}), (bare("x"), Phrase("t.bare", {"value": NOON.date()})),
        buttons=(Button(Phrase("t.bare", {"value": NOON}), "faq", {"question": "a"}),),
    )  # fmt: skip
    found = only(reply)
    assert found["content"] == "Op **<t:1548586800:F>**, <t:1548586800:D> om <t:1548586800:t>.\n\nx\n\n27 januari 2019"
    assert found["components"][0]["components"][0]["label"] == "zondag 27 januari 2019 12:00"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"title": "Flyers uitdelen", "seats": "2"}, "`/taak nieuw titel:Flyers uitdelen plekken:2`"),
        ({"title": "a`b\nc"}, "``/taak nieuw titel:a`b c``"),
        ({}, "`/taak nieuw`"),
    ],
)
def test_a_command_as_it_is_typed(values: Mapping[str, str], line: str) -> None:
    """Each option with its name, since Discord fills them in by name."""
    assert only(say("t.typed", value=Typed("task.add", values)))["content"] == f"Typ {line}."
    assert only(say("t.typed", value=Typed("no.such")))["content"] == "Typ `/no such`."


# -- Markdown ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("een **twee** *drie* `vier*`", "een **twee** *drie* `vier*`"),
        ("een\ntwee\\\ndrie", "een twee\ndrie"),
        ("***a** b* c", "***a** b* c"),
        ("**a `*` b**", "**a **`*`** b**"),
        ("een\n\ntwee", "een\n\ntwee"),
        ("lijst:\n\n- a\n\n- b\n  - c\n\n  d\n\nna", "lijst:\n- a\n- b\n  - c\n  d\n\nna"),
        ("3. a\n4. b\n   - c", "3. a\n4. b\n   - c"),
        ("- a\n\n1. b", "- a\n\n1. b"),
        ("# Kop\ntekst\n\n#### Klein #5", "# Kop\ntekst\n\n### Klein #5"),
        ("# C\\#", f"# C#{UNSEEN}"),
        ("> a\\\n> b\n\nc", "> a\n> b\n\nc"),
        ("```sh\na*\n\nb\n```\nc", "```\na*\n\nb\n```\n\nc"),
        ("[a *b*](https://x.nl/\\(a*)", "[a b](<https://x.nl/%28a%2A>)"),
        ("[a\\[1\\]](https://x.nl)", "[a(1)](<https://x.nl>)"),
        ("[https://x.nl](https://x.nl) <https://y.nl/a_b>", "<https://x.nl> <https://y.nl/a_b>"),
        ("[zie https://x.nl](https://y.nl)", "zie <https://x.nl> (<https://y.nl>)"),
        ("Zie https://x.nl/a_b_c, of (https://y.nl/a_(b)).", "Zie <https://x.nl/a_b_c>, of (<https://y.nl/a_(b)>)."),
        ("<mailto:a@x.nl> [b](mailto:c@x.nl) [d](/e)", "a@x.nl b (c@x.nl) d (/e)"),
        ("![foto](https://x.nl/a.png)", "[foto](<https://x.nl/a.png>)"),
        ("1.180 klanten, -5 graden, 12:30, a_b, 5~6", "1.180 klanten, -5 graden, 12:30, a\\_b, 5\\~6"),
        ("<b>x</b> &amp; &lt;@1&gt;", f"\\<b>x\\</b> & \\<@{UNSEEN}1>"),
        ("een\n\n---\n\ntwee", "een\n\n────────\n\ntwee"),
        ("[x](moment:5:R) [y](moment:a)", "<t:5:R> y (moment:a)"),
        ("", ""),
    ],
)
def test_what_organisers_write(markdown: str, shown: str) -> None:
    """CommonMark of organisers looks on Discord as they meant it."""
    assert joined(lines_of(markdown)) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("@everyone <@1> <@&2> <#3>", f"@{UNSEEN}everyone \\<@{UNSEEN}1> \\<@{UNSEEN}&2> \\<#{UNSEEN}3>"),
        ("<t:5:R> :smile: 12:30:45", "\\<t\\:5:R> \\:smile: 12\\:30:45"),
        ("- a\n# b\n> c\n-# d\n1. e", "\\- a\n\\# b\n\\> c\n\\-# d\n1\\. e"),
        ("discord.gg/x steam://a https://discord.gg/x", "discord.gg\\/x steam\\://a <https://discord.gg/x>"),
        ("||a|| ~~b~~ [c](https://x.nl)", "\\|\\|a\\|\\| \\~\\~b\\~\\~ \\[c\\](<https://x.nl>)"),
    ],
)
def test_what_people_type(typed: str, shown: str) -> None:
    """What people type stands there as they typed it, without previews, and calls nobody."""
    assert only(say("t.bare", value=typed))["content"] == shown


NASTIER = st.one_of(
    NASTY,
    st.lists(
        st.sampled_from([
            "@everyone", "@here", "<@1>", "<@&1>", "<#1>", "<t:1:R>", ":smile:", "<:a:1>", "</a:1>", "<id:home>",
            "||", "**", "~~", "`", "```", "\n", " ", "- ", "-# ", "# ", "> ", ">>> ", "1. ", "https://", "http://x.nl/",
            "discord.gg/a",
            "[a](", ")", "]", "(https://x.nl)", "\\", "_", "__", "steam://a", "a", "é", "<", ">", "<https://x.nl>", "*",
            "<+31201234>", "<a@b.nl>", ":", "/", "@", "|", "#", '"', "ã",
        ]),
        max_size=12,
    ).map("".join),
)  # fmt: skip


def read(text: str) -> tuple[list[str], str]:
    """Tags and words; addresses of people are links without a preview, and are read as they are."""
    found = Reader(text)
    return [tag for tag in found.tags if tag != "bare"], read_words(found.words)


def read_words(text: str) -> str:
    return squeezed(urllib.parse.unquote(text.replace(UNSEEN, "")))


@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        "Taak **{}** van {}",
        "- {}\n- *{}*",
        "Eerst.\n\n{}\n\n> {}",
        "# {}",
        "1. {}\n\n   {}",
        "***{}** b*",
        "a{}b",
    ],
)
@given(value=NASTIER)
@example("https://x.nl/**a**b_c_`d`||e||")
@example("**https://x.nl**")
@example("a\n\n- b\n# c\n    d\n```e")
@example("#")
@settings(max_examples=150)
def test_text_of_people_is_no_markup(frame: str, value: str) -> None:
    """Whatever stands in a value, a client sees only our own markup, and the value's words."""
    quoted = RENDERER._timed.quote(value)
    if not quoted:
        return  # bold nothing is four stars, our own
    lines = len(quoted.split("\\\n"))
    if frame.startswith("#") and (lines > 1 or quoted.endswith("#")):
        return  # in CommonMark a heading is one line, and signs at its end are its own
    tags, words = read(joined(lines_of(frame.replace("{}", quoted))))
    harmless, expected = read(joined(lines_of(frame.replace("{}", "Anna"))))
    # Each line wears the marks of its paragraph.
    assert set(tags) == set(harmless)
    assert tags == harmless or lines > 1
    assert words == read_words(expected.replace("Anna", clean(value).strip()))


@given(value=NASTIER)
@settings(max_examples=150)
def test_no_mention_is_in_the_text(value: str) -> None:
    """Whoever looks for mentions with no eye for escapes finds none either."""
    assert not re.search(r"@everyone|@here|<@[!&]?\d|<#\d", escaped(value), re.IGNORECASE)


@given(value=NASTIER, label=NASTIER)
@example("", "")
@example("x", "[")
@example("x", "https://x.nl ](")
@settings(max_examples=150)
def test_labels_and_codes_are_no_markup(value: str, label: str) -> None:
    """A label stays in its link, and a typed command in its code, within a frame too."""
    reply = Reply(
        Phrase("t.typed", {"value": Typed("task.add", {"title": value})}), (bare("a"),),
        (Field(bare(value), bare(label)),), links=(Link("https://x.nl/(a)*b", bare(label)),),
    )  # fmt: skip
    (payload, *more) = render(reply)
    assert not more
    assert [tag for tag in read(payload["content"])[0] if tag != "invite"] == ["code"]  # no card comes from code
    name, text, _, links = texts_of(payload)[2:]
    assert read(name)[0] == read(text)[0] == []
    assert [tag.partition(" ")[0] for tag in read(links)[0]] in (["item"], ["item", "link"])
    assert all(tag in {"item", "link https://x.nl/%28a%29%2Ab"} for tag in read(links)[0])


# -- what is too long -------------------------------------------------------------------------------------


def flat(text: str) -> str:
    return re.sub(rf"[\s{UNSEEN}]+", "", text)


def said(reply: Reply) -> list[str]:
    """What is read of each message."""
    return ["".join(Reader(text).words for text in texts_of(payload)) for payload in render(reply)]


LONG = [
    "woord " * 10_000, "é" * 6000, MARK * 3000, "e" + "\u0301" * 5000, FAMILY * 1000, FLAG * 2000, "a", "😀" * 6000,
    "<&>" * 3000, "regel\n" * 3000, "alinea\n\n" * 2000, "a " + "b" * 9000, "*_`[" * 3000, "\\" * 6000,
    "Een zin. " * 2000,
    "\n\n".join("x" * n for n in range(100, 200)), "e\u0301 \n" * 3000, '"' * 6000, ":" * 6000, "1. " * 3000,
    "https://x.nl/" + "a" * 5000, "https://x.nl/a " * 600, "@everyone" * 900,
]  # fmt: skip


@pytest.mark.parametrize("text", LONG)
@pytest.mark.parametrize("key", ["t.bare", "t.bold"])
def test_a_long_text_comes_whole(text: str, key: str) -> None:
    """Nothing of a long text is lost or comes twice, in the text and in its frame, and the parts are filled."""
    whole = clean(text).strip()
    whole = whole if key == "t.bare" else f"Taak {whole} van {whole}."
    found = said(say(key, value=text))
    assert flat("".join(found)) == flat(whole)
    assert len(found) <= 2 * units(escaped(whole)) / 2000 * 4 + 2
    framed = said(Reply(bare("x"), (Phrase(key, {"value": text}),), (Field(bare("Naam"), bare(text)),)))
    assert flat("".join(framed)) == flat("x" + whole + "Naam" + clean(text).strip())


@given(
    st.lists(NASTIER, min_size=1, max_size=20).map(" ".join), st.integers(1, 40), st.integers(60, 400),
    st.sampled_from(["{}", "**{}**", "- {}\n- {}", "> {}", "[{}](https://x.nl) {}", "## {}"]),
)  # fmt: skip
@example("0000000\r-", 2, 60, "[{}](https://x.nl) {}")
@settings(max_examples=150, deadline=None)
def test_any_cut_holds_together(text: str, times: int, most: int, frame: str) -> None:
    """Wherever it is cut, each part is within its limit, marked up as the whole was, and nothing is lost."""
    quoted = RENDERER._timed.quote(" ".join([text] * times))
    if not quoted:
        return
    lines = lines_of(frame.replace("{}", quoted))
    cut = [joined(part) for part in parts(lines, most)]
    assert all(units(part) <= most for part in cut)
    whole = Reader(joined(lines))
    kinds = {tag.partition(" ")[0] for tag in whole.tags}
    assert {tag.partition(" ")[0] for part in cut for tag in Reader(part).tags} <= kinds
    together = flat(urllib.parse.unquote("".join(Reader(part).words for part in cut)))
    # A link that fits in no part becomes words with its address, and brackets in its label are round.
    wanted = flat(urllib.parse.unquote(whole.words))
    together, wanted = (t.translate(ROUND).replace("(https://x.nl)", "") for t in (together, wanted))
    assert together == wanted


@pytest.mark.parametrize(("piece", "count"), [(MARK, 900), (FAMILY, 900), (FLAG, 1500), ("👍🏽", 1500)])
def test_no_character_is_cut(piece: str, count: int) -> None:
    """Accents stay on their letter, and the parts of an emoji together."""
    found = said(say("t.bare", value=piece * count))
    assert len(found) > 1
    assert all(part.replace(piece, "") == "" for part in found)


def test_cut_between_paragraphs_then_lines_then_sentences_then_words() -> None:
    """A text is cut where it hurts least."""
    paragraphs = [f"Alinea {n}. " + "tekst " * 100 + "einde" for n in range(12)]
    for reply in (say("t.bare", value="\n\n".join(paragraphs)), Reply(bare("Hoi."), tuple(map(bare, paragraphs)))):
        found = [text for payload in render(reply) for text in texts_of(payload)]
        assert len(found) > 2
        assert all(part.endswith(("einde", "Hoi.")) and part.startswith(("Alinea", "Hoi.")) for part in found)
    found = said(say("t.bare", value="\n".join(f"regel {n} is hier op" for n in range(400))))
    assert all(part.startswith("regel") and part.endswith("op") for part in found)
    found = said(say("t.bare", value="Een zin van een paar woorden. " * 300))
    assert len(found) > 1
    assert all(part.startswith("Een") and part.endswith("woorden.") for part in found)
    found = said(say("t.bare", value=" ".join(f"w{n}x" for n in range(1500))))
    assert all(re.fullmatch(r"w\d+x( w\d+x)*", part) for part in found)


def test_cut_between_items() -> None:
    """A long list is cut between its items, which keep their looks; a numbered one counts on."""
    items = Listing(tuple(Phrase("t.bold", {"value": f"T{n}"}) for n in range(300)))
    texts = [payload["content"] for payload in render(say("t.list", value=items))]
    assert len(texts) > 1
    assert all(re.fullmatch(r"(Taken:\n)?(- Taak \*\*T\d+\*\* van T\d+\.\n?)+", text) for text in texts)
    assert sum(text.count("**") for text in texts) == 600
    numbered = [payload["content"] for payload in render(say("t.numbered", value="woord " * 250))]
    assert [text[:8] for text in numbered] == ["1. woord", "2. woord", "3. woord"]


def test_a_link_or_command_is_not_cut() -> None:
    """A link and a command that stand at the end of what fits go to the next message whole."""
    for atom in ("[label van een link](https://x.nl/a)", "`/taak oppakken taak:12`", "[x](moment:1548586800:F)"):
        for size in range(1940, 2010, 7):
            found = render(Reply(words(f"{'a' * size} {atom} na")))
            together = "".join(payload["content"] for payload in found)
            assert joined(lines_of(atom)) in together
            assert len(found) <= 2


def test_many_fields() -> None:
    """A long page of help becomes several frames, each field whole; what is too long for one goes on in the next."""
    fields = tuple(Field(bare(f"Naam {n}"), bare("uitleg " * 20 + "klaar")) for n in range(60))
    payloads = render(Reply(bare("Hulp."), fields=fields, buttons=(claim(1),)))
    assert [len(payload["embeds"][0]["fields"]) for payload in payloads] == [25, 25, 10]
    assert "components" in payloads[-1]
    long = said(Reply(bare("Hulp."), fields=(Field(bare("n" * 600), bare("v" * 9000)), Field(bare("x"), bare("")))))
    assert flat("".join(long)) == "Hulp." + "n" * 600 + "v" * 9000 + "x–"


def test_a_long_text_is_quick() -> None:
    """Cutting takes no time that grows with the square of the length."""
    for text in ("woord " * 3_000, "\\" * 15_000, "a" * 20_000, "regel\n" * 3_000):
        assert _cost(text * 4) < 10 * _cost(text)  # the square of four would be sixteen


def _cost(text: str) -> float:
    """Seconds of computing, the least of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        render(say("t.bare", value=text))
        spent.append(time.process_time() - start)
    return min(spent)


# -- what the bot really says -----------------------------------------------------------------------------

REAL = Renderer(Texts({**sentences(), **OWN}), commands.CATALOGUE, "nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence(language: str) -> None:
    """Every text of the bot comes out, with values of people in it, as markup that closes."""
    for key, both in sentences().items():
        values: dict[str, Any] = dict.fromkeys(slots(both[language]), "*Anna* @here")
        for payload in render(Reply(Phrase(key, values), (Phrase(key, values),)), language, REAL):
            for text in texts_of(payload):
                found = Reader(text)
                assert not {"mention", "emoji", "url", "spoiler", "underline", "strike"} & set(found.tags), key
                assert "**" not in found.words, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer(language: str) -> None:
    """Every answer of the campaign is one message, with its words whole."""
    entries = yaml.safe_load((ROOT / "campaign" / "faq.yaml").read_text("utf-8"))
    for entry in entries:
        texts = [entry["answer"], *(variant["answer"] for variant in entry.get("variants", ()))]
        for both in texts:
            (payload,) = render(Reply(words(both[language])), language)
            found = Reader(payload["content"])
            assert "**" not in found.words
            assert {tag.partition(" ")[0] for tag in found.tags} <= {"item", "strong", "em", "link", "bare", "code"}
    assert len(entries) > 50
