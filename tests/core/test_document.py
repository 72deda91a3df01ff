"""YAML files: plain values, the line of everything, and what is wrong with a file that is no YAML."""

import pytest
import yaml

from bot.core import document as documents
from bot.core.document import Document, Problem, Severity, composer, mistakes, plain, suggestion

LOADERS: list[type] = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(params=LOADERS, ids=[loader.__name__ for loader in LOADERS], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything holds with the parser in C and with the one in Python."""
    monkeypatch.setattr(documents, "_compose", composer(request.param))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("0", 0),
        ("45500", 45500),
        ("-3", -3),
        ("06", "06"),
        ("22:00", "22:00"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("45.500", 45.5),
        ("2019-01-27", "2019-01-27"),
        ("2.846,76", "2.846,76"),
        ("-", "-"),
        ("9" * 30, "9" * 30),
    ],
)
def test_words_without_quotes(text: str, value: object) -> None:
    """A word without quotes reads as people mean it: no octal numbers, no clocks counted in sixties, no dates."""
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_values_and_lines() -> None:
    """Values come out plain, and every place knows its line."""
    document = Document("f.yaml", 'a:\n  - x\n  - {b: "06", c: 06}\nd: |-\n  one\n  two\ne: !!str 5\n')
    assert document.value == {"a": ["x", {"b": "06", "c": "06"}], "d": "one\ntwo", "e": "5"}
    assert [document.line(place) for place in [(), ("a",), ("a", 1, "c"), ("d",), ("e",)]] == [1, 1, 3, 4, 7]
    assert not document.problems


def test_line_of_what_is_missing() -> None:
    """What is not there has the line of what surrounds it."""
    document = Document("f.yaml", "a:\n  b: 1\nc:\n  d: [1]\n")
    assert document.line(("c", "nothing")) == 3
    assert document.line(("c", "d", 7)) == 4
    assert document.line(("nothing",)) == 1
    assert document.at(("c", "d", 0)) == 1
    assert document.at(("c", "d", 7), missing="no") == "no"
    assert not document.has(("a", "b", "c"))


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: b: c", 1, "document.colon"),
        ("a: 1\n b: 2", 2, "document.colon"),
        ("a:\n\tb: 1", 2, "document.start"),
        ("a: 1\nb: @here", 2, "document.start"),
        ("x: 1\na: 'x\nb: 2", 2, "document.unclosed"),
        ("a: [1, 2\nb: 2\n", 2, "document.unclosed"),
        ("a: *x", 1, "document.alias"),
        ("a: 1\n---\nb: 2", 2, "document.several"),
        ('a: "\\q"', 1, "document.escape"),
        ("a: |\n  x\n\nb", 4, "document.no-colon"),
        ("- a\nb: 1", 2, "document.indent"),
        ("a: 1\nb: \x01", 2, "document.character"),
    ],
)
def test_broken(text: str, line: int, key: str) -> None:
    """Broken YAML is one problem, with the line where it went wrong."""
    document = Document("f.yaml", text)
    assert document.broken
    assert [(problem.line, problem.key) for problem in document.problems] == [(line, key)]


@pytest.mark.parametrize(
    ("text", "line", "path", "key"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "b.c", "document.twice"),
        ("a: {{ x }}\n", 1, "a", "document.name"),
        ("a:\n  ? [x]\n  : 1\n", 2, "a", "document.name"),
        ("a: !secret x\n", 1, "a", "document.tag"),
        ("a: !!python/object:os.system {}\n", 1, "a", "document.tag"),
        ("a: &x [*x]\n", 1, "a.0", "document.depth"),
        ("a: " + "[" * 99 + "]" * 99, 1, "a" + ".0" * 60, "document.depth"),
    ],
)
def test_refused(text: str, line: int, path: str, key: str) -> None:
    """What YAML allows and we do not is a problem at its place."""
    assert [(p.line, p.path, p.key) for p in Document("f.yaml", text).problems][:1] == [(line, path, key)]


def test_the_first_of_two_counts() -> None:
    """Of a name that stands twice the first counts, and the problem names its line."""
    document = Document("f.yaml", "a: 1\nb: 2\na: 3\n")
    assert document.value == {"a": 1, "b": 2}
    assert document.problems[0].values == {"first": 1}


def test_aliases_are_built_once() -> None:
    """A file of aliases of aliases costs no more than it is long."""
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    assert not Document("f.yaml", "\n".join(lines)).problems


def test_a_problem_in_words() -> None:
    """A problem is one line: file, line, path, what is wrong."""
    words = {
        "document.whole": {"nl": "bestand", "en": "file"},
        "document.note": {"nl": "(ter info) {sentence}", "en": "(note) {sentence}"},
        "x": {"nl": "dat is {n};\n kan niet.", "en": "that is {n}."},
    }
    problem = Problem("f.yaml", 3, "a.b", "x", {"n": 5})
    note = Problem("f.yaml", 1, "", "x", {"n": "{5}"}, Severity.NOTE)
    assert problem.said(words, "nl") == "f.yaml:3: a.b: dat is 5; kan niet."
    assert note.said(words, "en") == "f.yaml:1: file: (note) that is {5}."
    assert mistakes([problem, note]) == [problem]


def test_suggestion() -> None:
    """A near miss gets the word that was meant, nonsense gets none."""
    assert suggestion("Kampaign", ["campaign", "content"]) == "campaign"
    assert suggestion("xyz", ["campaign", "content"]) is None
