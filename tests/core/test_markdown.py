"""CommonMark reads well as plain text."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.markdown import BARE, is_simple, plain, written


@given(st.text(st.sampled_from("ab1 .)-+#=~\\*\n\t:!é\u00a0"), max_size=30))
@example("a\\\nb")
@example("a\\\n\\\nb")
@example("a\\\n\\\nb\n\nc\\\\\\\nd")
@settings(max_examples=2000)
def test_the_short_way_gives_the_same_text(text: str) -> None:
    """Text that needs no parser comes out as the parser would have it."""
    if is_simple(text):
        assert plain(text) == written(text, BARE)


@pytest.mark.parametrize("text", ["a", "a\n\nb", "a\\*b\\*", "a\\\nb", "a\\\n\\\nb", "12\\. a"])
def test_text_of_people_takes_the_short_way(text: str) -> None:
    """Paragraphs, escaped characters and hard breaks are all that text of people has."""
    assert is_simple(text)


@pytest.mark.parametrize("text", ["*a*", "- a", "a\\\n- b", "a\nb", "# a", "<a>", "a\\\n b", "a\\\n\nb"])
def test_markup_needs_the_parser(text: str) -> None:
    """What may be markup does not take the short way."""
    assert not is_simple(text)


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


def test_a_long_text_takes_no_long_time() -> None:
    """20 kB of the worst CommonMark is written in a moment."""
    start = time.perf_counter()
    for piece in ("*_`[<", "](", "&#", "\\", "a\n", "> ", "**a "):
        plain(piece * (20_000 // len(piece)))
    assert time.perf_counter() - start < 10
