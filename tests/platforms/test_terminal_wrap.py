"""Breaking lines for a person's window."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.terminal.wrap import columns, wrapped


def test_breaks_between_words_and_hangs_under_the_bullet() -> None:
    """A line is broken at a space, and what follows a bullet stays under its text."""
    text = "• Het comité belooft hoe dan ook een oplossing"
    assert wrapped(text, 24) == "• Het comité belooft hoe\n  dan ook een oplossing"


def test_addresses_stay_whole() -> None:
    """A long word without spaces is not cut."""
    address = "https://example.org/" + "a" * 60
    assert address in wrapped(f"zie {address} daar", 30).split("\n")


def test_ink_takes_no_columns() -> None:
    """Escape sequences are not counted."""
    bold = "\x1b[1mvet\x1b[22m"
    assert columns(bold) == 3
    assert wrapped(f"{bold} " * 6 + "x", 26) == " ".join([bold] * 6) + " x"


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300),
    st.integers(20, 120),
)
def test_every_word_survives(text: str, width: int) -> None:
    """Nothing is lost or joined, whatever the text."""
    assert re.sub(r"[ \n]+", " ", wrapped(text, width)).strip(" \n") == re.sub(r" +", " ", text).strip(" ")
