"""Nothing that people typed becomes markup, and what is printed for a command is read back as its values."""

import pytest
from hypothesis import example, given, settings

from bot.core import parsing
from bot.core.markdown import BARE, is_simple, parsed, plain, written
from bot.core.markup import Markup
from bot.core.parameters import clean
from tests.core.small_catalogue import CATALOGUE
from tests.nasty import NASTY, squeezed

SLASH = Markup(CATALOGUE)
CODE = Markup(CATALOGUE, "!", code=True)


class Loud:
    """Marks that are seen in the text."""

    def bold(self, text: str) -> str:
        return f"\0{text}"

    italic = underlined = bold


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
    assert squeezed(plain(SLASH.quote(value))) == shown
    assert squeezed(written("Taak: " + SLASH.quote(value), Loud())) == squeezed("Taak: " + shown)


@given(NASTY)
@example("a `b` c")
@example("``a` ```")
@example("`")
@settings(max_examples=1000)
def test_a_typed_command_is_one_piece_of_code(value: str) -> None:
    """As code, a typed command shows what is typed and nothing else, whatever its values are."""
    values = {"title": value, "place": value}
    marked = f"Typ {CODE.typed('task.add', values, 'nl')} of *{CODE.quote(value) or 'a'}*."
    kinds = [(token.type, token.content) for line in parsed(marked) for token in line.children or ()]
    assert [content for type_, content in kinds if type_ == "code_inline"] == [CODE.line("task.add", values, "nl")]


def test_a_typed_command_as_code() -> None:
    """A platform chooses what stands before a command, and whether it stands out as code."""
    assert CODE.typed("task.claim", {"task": "2"}, "nl") == "`!taak oppakken 2`"
    assert CODE.typed("task.claim", {"task": "a`b`"}, "nl") == "`` !taak oppakken a`b` ``"
    assert SLASH.typed("task.claim", {"task": "2"}, "nl") == "/taak oppakken 2"
    assert is_simple(SLASH.typed("task.claim", {"task": "a`b`"}, "nl"))


@pytest.mark.parametrize("markup", [SLASH, CODE], ids=["slash", "code"])
@given(title=NASTY, place=NASTY)
@example(title="", place="x")
@example(title="x y:z", place="\xad")
@settings(max_examples=300)
def test_a_typed_command_is_read_back(markup: Markup, title: str, place: str) -> None:
    """What is printed for a command is read as the same command and values, in both languages."""
    values = {"title": title, "place": place}
    wanted = {name: squeezed(clean(value)) for name, value in values.items() if value}
    if any(set("\"'“”„‘’‚«»") & set(value) for value in wanted.values()):
        return
    for language in ("nl", "en"):
        line = markup.line("task.add", values, language)
        assert line[1:].startswith("taak nieuw" if language == "nl" else "task add")
        command, raw = parsing.read(line[1:], CATALOGUE)
        assert command.id == "task.add"
        assert {name: squeezed(value) for name, value in raw.items() if value} == {k: v for k, v in wanted.items() if v}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"title": "12"}, "/taak nieuw 12"),
        ({"title": "12", "place": "kort"}, "/taak nieuw 12 waar:kort"),
        ({"title": 'de "Waag" en \'s avonds'}, '/taak nieuw «de "Waag" en \'s avonds»'),
        ({"title": "waar:x"}, '/taak nieuw "waar:x"'),
        ({"title": "--"}, '/taak nieuw "--"'),
    ],
)
def test_values_are_quoted_where_needed(values: dict[str, str], line: str) -> None:
    """A typed command is as short as can be, and no shorter."""
    assert SLASH.line("task.add", values, "nl") == line


def test_an_unknown_command_has_some_form() -> None:
    """A text may name a command that is not built in."""
    assert SLASH.typed("group.unheard", {}, "nl") == "/group unheard"
    assert written(CODE.typed("group.unheard", {}, "nl"), BARE) == "!group unheard"
