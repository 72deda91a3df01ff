"""Campaign files: what they say, and every mistake in them."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.campaign.content import Content, ContentPaths, read_content
from bot.campaign.figures import Reading
from bot.core.document import Problem, Severity, mistakes
from bot.core.reply import Money, Words

ZONE = "Europe/Amsterdam"
PATHS = ContentPaths(Path("faq.yaml"), Path("values.yaml"), Path("elsewhere.yaml"), Path("words.yaml"))
VALUES = """\
petition.count:
  - {value: 45000, as_of: 2019-01-25, source: SP4}
  - {value: 45500, as_of: 2019-01-27T10:30, source: SP5}
donations.total: {value: 2846.76 EUR, as_of: 2019-01-27, source: SD2}
event.waag.when: {value: 2019-01-28T20:00}
hall: {value: {nl: de grote zaal, en: the large hall}}
"""
ENTRY: Mapping[str, str] = {
    "id": "mail",
    "question": "{nl: Houd ik mijn mail?, en: Do I keep my mail?}",
    "also": "{nl: [mail houden, postvak kwijt], en: [keep my mail, lose my mailbox]}",
    "answer": "{nl: Ja., en: Yes.}",
    "sources": "[{title: Mail, url: https://example.org/mail, date: 2019-01-27, party: kpn}]",
}


def entry(**changes: str | None) -> str:
    """One entry as it is written, with some of its lines changed or left out."""
    lines = {**ENTRY, **changes}
    return "- " + "\n  ".join(f"{name}: {value}" for name, value in lines.items() if value is not None) + "\n"


def answer(nl: str, en: str = "Yes.") -> str:
    return f"{{nl: '{nl.replace(chr(39), chr(39) * 2)}', en: '{en}'}}"


def read(faq: str = "[]", values: str = VALUES, **others: str) -> tuple[Content, list[Problem]]:
    texts = {"faq": faq, "values": values, "elsewhere": "[]", "words": "[]", **others}
    return read_content(PATHS, ZONE, lambda path: texts[path.stem])


def found(faq: str, values: str = VALUES) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.path, problem.key) for problem in read(faq, values)[1]]


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_an_entry() -> None:
    """An entry comes out with everything that was written, windows as moments in UTC."""
    content, problems = read(
        entry(
            keywords="{nl: [mailbox, 14], en: [mailbox]}",
            facts="[SM1]",
            valid_from="2019-01-10",
            valid_until="2019-11-10",
            review_by="2019-03-01",
            recheck="true",
            owner="sjoera",
            harm="high",
            variants="[{valid_from: '2019-12-23T08:30', valid_until: 2020-02-29, answer: {nl: Nee., en: No.}}]",
        )
    )
    assert not problems
    (mail,) = content.entries
    assert (mail.id, mail.question["en"], mail.answer["nl"]) == ("mail", "Do I keep my mail?", "Ja.")
    assert mail.also["nl"] == ("mail houden", "postvak kwijt")
    assert mail.keywords["nl"] == ("mailbox", "14")
    assert (mail.valid_from, mail.valid_until) == (utc("2019-01-09T23:00"), utc("2019-11-10T23:00"))
    assert (mail.review_by, mail.recheck, mail.owner, mail.harm) == (utc("2019-03-01T23:00"), True, "sjoera", "high")
    assert mail.sources[0].date == dt.date(2019, 1, 27)
    (variant,) = mail.variants
    assert (variant.valid_from, variant.valid_until) == (utc("2019-12-23T07:30"), utc("2020-02-29T23:00"))
    assert variant.sources == mail.sources


def test_defaults() -> None:
    """What may be left out has a safe value."""
    mail = read(entry())[0].entries[0]
    assert (mail.harm, mail.recheck, mail.owner, mail.valid_from, mail.variants) == ("low", False, None, None, ())


def test_summer_time() -> None:
    """A day is as long as it is in the campaign's zone."""
    mail = read(entry(valid_from="2019-03-31", valid_until="2019-03-31"))[0].entries[0]
    assert (mail.valid_from, mail.valid_until) == (utc("2019-03-30T23:00"), utc("2019-03-31T22:00"))


@pytest.mark.parametrize(
    ("changes", "line", "path", "key"),
    [
        ({"id": None}, 1, "0.id", "content.missing"),
        ({"id": "Mijn mail"}, 1, "Mijn mail.id", "content.id"),
        ({"id": "12"}, 1, "0.id", "content.text"),
        ({"qestion": "{nl: x, en: y}"}, 6, "mail.qestion", "content.unknown-like"),
        ({"zzz": "1"}, 6, "mail.zzz", "content.unknown"),
        ({"question": None}, 1, "mail.question", "content.missing"),
        ({"question": "tekst"}, 2, "mail.question", "content.mapping"),
        ({"question": "{nl: Waarom?}"}, 2, "mail.question.en", "content.language"),
        ({"question": "{nl: 5, en: Why?}"}, 2, "mail.question.nl", "content.text"),
        ({"question": "{nl: ' ', en: Why?}"}, 2, "mail.question.nl", "content.blank"),
        ({"question": "{nl: a, en: b, de: c}"}, 2, "mail.question.de", "content.unknown"),
        ({"answer": "{en: Yes.}"}, 4, "mail.answer.nl", "content.language"),
        ({"also": "{nl: een, en: [a, b]}"}, 3, "mail.also.nl", "content.list"),
        ({"also": "{nl: [a, b], en: [c, true]}"}, 3, "mail.also.en.1", "content.text"),
        ({"also": "{nl: [a, b], en: [c, null]}"}, 3, "mail.also.en.1", "content.missing"),
        ({"sources": None}, 1, "mail.sources", "content.missing"),
        ({"sources": "[]"}, 5, "mail.sources", "content.no-sources"),
        ({"sources": "[{title: a, url: https://a.nl}]"}, 5, "mail.sources.0.date", "content.undated"),
        (
            {"sources": "[{title: a, url: https://a.nl, date: 2019-01-01, undated: true}]"},
            5,
            "mail.sources.0.undated",
            "content.dated",
        ),
        ({"sources": "[{title: a, url: /mail, undated: true}]"}, 5, "mail.sources.0.url", "content.url"),
        ({"sources": "[{title: a, url: https://a.nl, date: 2019-02-30}]"}, 5, "mail.sources.0.date", "content.day"),
        ({"sources": "[{title: a, url: https://a.nl, date: 27-01-2019}]"}, 5, "mail.sources.0.date", "content.day"),
        ({"sources": "[https://a.nl]"}, 5, "mail.sources.0", "content.mapping"),
        ({"recheck": "yes"}, 6, "mail.recheck", "content.flag"),
        ({"harm": "severe"}, 6, "mail.harm", "content.choice"),
        ({"valid_from": "2019-13-01"}, 6, "mail.valid_from", "content.moment"),
        ({"valid_from": "20190101"}, 6, "mail.valid_from", "content.moment"),
        ({"valid_from": "1 mei"}, 6, "mail.valid_from", "content.moment"),
        ({"valid_from": "2019-03-31T02:30"}, 6, "mail.valid_from", "content.skipped"),
        ({"valid_from": "2019-02-01", "valid_until": "2019-01-01"}, 7, "mail.valid_until", "content.window"),
        ({"superseded_by": "post"}, 6, "mail.superseded_by", "content.successor"),
        ({"superseded_by": "mails"}, 6, "mail.superseded_by", "content.successor-like"),
        ({"superseded_by": "mail"}, 6, "mail.superseded_by", "content.circle"),
        ({"variants": "[{answer: {nl: a, en: b}}]"}, 6, "mail.variants.0", "content.no-window"),
        ({"variants": "[{valid_from: 2019-01-01}]"}, 6, "mail.variants.0.answer", "content.missing"),
        (
            {"variants": "[{valid_from: 2019-01-01, answer: {nl: a, en: b}, sources: []}]"},
            6,
            "mail.variants.0.sources",
            "content.no-sources",
        ),
    ],
)
def test_mistakes(changes: dict[str, str | None], line: int, path: str, key: str) -> None:
    """Each mistake is found once, at its line, and is the only one."""
    problems = mistakes(read(entry(**changes))[1])
    assert [(problem.line, problem.path, problem.key) for problem in problems] == [(line, path, key)]


@pytest.mark.parametrize(
    ("windows", "overlap"),
    [
        (["{valid_until: 2019-01-31", "{valid_from: 2019-02-01"], False),
        (["{valid_from: 2019-02-01", "{valid_until: 2019-01-31"], False),
        (["{valid_until: 2019-01-31", "{valid_from: 2019-01-31"], True),
        (["{valid_from: 2019-01-01", "{valid_from: 2019-02-01"], True),
        (["{valid_until: 2019-01-31T12:00", "{valid_from: 2019-01-31T12:00"], False),
        (["{valid_until: 2019-01-10", "{valid_from: 2019-03-01"], False),
    ],
)
def test_variants_do_not_overlap(windows: list[str], *, overlap: bool) -> None:
    """At one moment there is one answer; a gap is fine."""
    variants = ", ".join(f"{window}, answer: {{nl: a, en: b}}}}" for window in windows)
    keys = [key for _, _, key in found(entry(variants=f"[{variants}]"))]
    assert keys == (["content.overlap"] if overlap else [])


def test_ids_and_successors() -> None:
    """An id stands once; a circle is told once, with the way round."""
    two = {"also": "{nl: [c, d], en: [e, f]}", "question": "{nl: g, en: h}"}
    assert found(entry() + entry(**two))[0] == (6, "mail.id", "content.twice")
    circle = entry(superseded_by="post") + entry(id="post", superseded_by="mail", **two)
    (problem,) = read(circle)[1]
    assert problem.values == {"circle": "mail → post → mail"}


@pytest.mark.parametrize(
    "text",
    [
        "Kom morgen langs.",
        "Morgenavond is het zover.",
        "Dat was gisteren.",
        "Overmorgen weten we meer.",
        "Vandaag nog.",
        "Het is vanavond.",
        "Volgende week meer.",
        "Vorige week nog niet.",
        "Komende maandag is er een bijeenkomst.",
        "Bel deze week.",
        "Volgend jaar.",
    ],
)
def test_relative_days_dutch(text: str) -> None:
    """A day that depends on when one reads is a mistake."""
    assert found(entry(answer=answer(text))) == [(4, "mail.answer.nl", "content.relative")]


@pytest.mark.parametrize(
    "text",
    [
        "Goedemorgen, 's morgens om acht uur.",
        "In de morgen van 28 januari 2019.",
        "Goede morgen!",
        "Vandaag de dag heeft iedereen mail.",
        "Je zegt op tegen het eind van de volgende maand.",
        "Maandagmorgen 28 januari 2019.",
        "De weken erna.",
    ],
)
def test_what_is_no_relative_day(text: str) -> None:
    """A morning is no tomorrow, and a term is no day."""
    assert found(entry(answer=answer(text))) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("It is tomorrow.", ["content.relative"]),
        ("Today and yesterday.", ["content.relative", "content.relative"]),
        ("See you next week or next Monday.", ["content.relative", "content.relative"]),
        ("Last year it was free.", ["content.relative"]),
        ("In the last week of your contract, the next month.", []),
    ],
)
def test_relative_days_english(text: str, keys: list[str]) -> None:
    """The same in English."""
    assert [key for _, _, key in found(entry(answer=answer("Ja.", text)))] == keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("De teller staat op {petition.count}, {donations.total}, {event.straks.when}, {hall}.", None),
        ("Er zijn {petition.cuont} namen.", "content.placeholder-like"),
        ("Er zijn {zzzz} namen.", "content.placeholder"),
        ("Er zijn {petition.count namen.", "content.brace"),
        ("Er zijn 45.500 namen.", "content.by-hand"),
        ("Er zijn 45,000 namen.", "content.by-hand"),
        ("Er zijn 45500 namen.", "content.by-hand"),
        ("Er is 2.846,76 euro.", "content.by-hand"),
        ("Er is € 2,846.76 opgehaald.", "content.by-hand"),
        ("Er zijn 145.500 namen.", None),
        ("Het kostte € 45.500.", None),
        ("Op 27 januari 2019 waren er 45.500 namen.", None),
        ("OPTA houdt toezicht.", "content.dissolved"),
        ("De NMa ook.", "content.dissolved"),
        ("OPTA (nu ACM) houdt toezicht.", None),
        ("Adopta is een naam.", None),
        ("x" * 1501, "content.too-long"),
        ("x" * 901, "content.long"),
        ("x" * 900, None),
    ],
)
def test_words_of_an_answer(text: str, key: str | None) -> None:
    """What comes true or untrue by itself may not stand in an answer, nor in a variant of it."""
    expected = [key] if key else []
    assert [found_key for _, _, found_key in found(entry(answer=answer(text)))] == expected
    variants = f"[{{valid_from: 2019-01-01, answer: {answer(text)}}}]"
    assert [found_key for _, _, found_key in found(entry(variants=variants))] == expected


def test_notes() -> None:
    """Few phrasings, shared phrasings and long answers are notes, not mistakes."""
    problems = read(entry(also=None) + entry(id="post", also="{nl: [houd ik mijn  mail?, b], en: [c, d]}"))[1]
    assert {problem.severity for problem in problems} == {Severity.NOTE}
    assert [(problem.path, problem.key) for problem in problems] == [
        ("mail.also", "content.few"),
        ("mail.also", "content.few"),
        ("post.also", "content.shared"),
        ("post.also", "content.shared"),
        ("post.also", "content.shared"),
    ]


def test_readings() -> None:
    """The newest reading that is not in the future counts; one without a moment always does."""
    content, problems = read()
    assert not problems
    assert content.reading("petition.count", utc("2019-01-24T22:59")) is None
    first, second = content.readings["petition.count"]
    assert content.reading("petition.count", utc("2019-01-24T23:00")) == first
    assert content.reading("petition.count", utc("2019-01-27T09:30")) == second
    assert (first.whole_day, second.whole_day, second.source) == (True, False, "SP5")
    total = content.reading("donations.total", utc("2019-02-01"))
    assert total == Reading(Money(284676, "EUR"), utc("2019-01-26T23:00"), whole_day=True, source="SD2")
    waag, hall = (content.reading(key, utc("2019-01-01")) for key in ("event.waag.when", "hall"))
    assert waag is not None
    assert waag.value == utc("2019-01-28T19:00")
    assert hall is not None
    assert hall.value == Words(nl="de grote zaal", en="the large hall")


@pytest.mark.parametrize(
    ("values", "path", "key"),
    [
        ("Petitie!: {value: 1, as_of: 2019-01-01}", "Petitie!", "content.figure-name"),
        ("a.b: 5", "a.b", "content.mapping"),
        ("a.b:", "a.b", "content.missing"),
        ("a.b: {as_of: 2019-01-01}", "a.b.value", "content.missing"),
        ("a.b: {value: 5}", "a.b.as_of", "content.missing"),
        ("a.b: {value: 45.500, as_of: 2019-01-01}", "a.b.value", "content.quantity"),
        ("a.b: {value: true, as_of: 2019-01-01}", "a.b.value", "content.quantity"),
        ("a.b: {value: -5, as_of: 2019-01-01}", "a.b.value", "content.quantity"),
        ("a.b: {value: '2.846,76 EUR', as_of: 2019-01-01}", "a.b.value", "content.quantity"),
        ("a.b: {value: {nl: x}, as_of: 2019-01-01}", "a.b.value.en", "content.language"),
        ("a.b: {value: 2019-02-30T10:00}", "a.b.value", "content.moment"),
        ("a.b: {value: 5, asof: 2019-01-01, as_of: 2019-01-01}", "a.b.asof", "content.unknown-like"),
        ("a.b: [{value: 5, as_of: 2019-01-01}, {value: 6, as_of: 2019-01-01}]", "a.b", "content.same-moment"),
        ("a.b: [{value: 5, as_of: 2019-01-01}, {value: 6 EUR, as_of: 2019-01-02}]", "a.b", "content.mixed"),
        ("[1]", "", "content.mapping"),
    ],
)
def test_mistakes_in_values(values: str, path: str, key: str) -> None:
    """Each mistake in values.yaml is found, and is the only one."""
    assert found("[]", values) == [(1, path, key)]


def test_words_and_elsewhere() -> None:
    """Groups of words stay groups; examples of others' questions become one list a language."""
    content, problems = read(
        words="- {nl: [vertrekken, weggaan], en: [leave]}\n- {en: [quit, cancel]}\n",
        elsewhere="- {nl: [hoe laat is het], en: [what time is it]}\n- {nl: [wie wint]}\n",
    )
    assert not problems
    assert content.words == ({"nl": ("vertrekken", "weggaan"), "en": ("leave",)}, {"nl": (), "en": ("quit", "cancel")})
    assert content.elsewhere == {"nl": ("hoe laat is het", "wie wint"), "en": ("what time is it",)}
    assert read(elsewhere="nl: [wie wint]\n")[0].elsewhere == {"nl": ("wie wint",), "en": ()}


def test_every_mistake_at_once() -> None:
    """A file with many mistakes says all of them, in the order of its lines, beside those of other files."""
    faq = entry(harm="x", recheck="1") + entry(id="post", answer=answer("Morgen."), sources="[]")
    problems = read(faq, "a.b: 5\n", words="{}", elsewhere="a: b: c")[1]
    assert [(problem.file, problem.line) for problem in problems if problem.severity is Severity.MISTAKE] == [
        ("values.yaml", 1),
        ("faq.yaml", 6),
        ("faq.yaml", 7),
        ("faq.yaml", 11),
        ("faq.yaml", 12),
        ("elsewhere.yaml", 1),
        ("words.yaml", 1),
    ]


def test_files_that_cannot_be_read() -> None:
    """A file that is not there, or is no text, is a problem like another."""

    def refuse(path: Path) -> str:
        if path.stem == "faq":
            raise FileNotFoundError(path)
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid")

    _, problems = read_content(ContentPaths(faq=Path("faq.yaml"), values=Path("values.yaml")), ZONE, refuse)
    assert [problem.key for problem in problems] == ["document.unreadable", "document.missing"]


def test_no_files() -> None:
    """A campaign without files has empty content; an empty file of answers is a mistake."""
    content, problems = read_content(ContentPaths(), ZONE, lambda path: path.read_text(encoding="utf-8"))
    assert (content.entries, content.readings, problems) == ((), {}, [])
    assert [problem.key for problem in read("# nothing yet\n")[1]] == ["document.empty"]
