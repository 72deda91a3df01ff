"""What people may type that could mean something to whoever shows it."""

import re

from hypothesis import strategies as st

# Mostly what could mean something, to CommonMark, to HTML, to a terminal or to whoever cuts lines.
NASTY = st.text(
    st.one_of(st.sampled_from("*_`[]()<>#+-.!|&~=\\\n\t :/@\"'1 )a{}$\x1b\x00\x9b\r\x85\u2028\u202e\u200f\u2066"),
              st.characters(codec=None)),
    max_size=40,
)  # fmt: skip


def squeezed(text: str) -> str:
    """Without what the layout of lines may change."""
    return re.sub(r"\s+", " ", text).strip()
