"""Named parameters: found where they are parameters, and only there."""

import pytest

from bot.store.parameters import numbered, pick


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("a = :a AND b = :b OR c = :a", "a = $1 AND b = $2 OR c = $1", ("a", "b")),
        ("'x:y' ':z' :a", "'x:y' ':z' $1", ("a",)),
        ("'it''s :b' :a", "'it''s :b' $1", ("a",)),
        ('":b" :a', '":b" $1', ("a",)),
        (":a::bigint", "$1::bigint", ("a",)),
        ("1 -- today's :b\n:a", "1 -- today's :b\n$1", ("a",)),
        ("/* it's\n:b */ :a", "/* it's\n:b */ $1", ("a",)),
        ("LIKE 'person:%'", "LIKE 'person:%'", ()),
    ],
)
def test_numbered(sql: str, text: str, names: tuple[str, ...]) -> None:
    """Quotes, casts and comments are left alone; a name has one number."""
    assert numbered(sql).text == text
    assert numbered(sql).names == names


@pytest.mark.parametrize("value", [1.5, b"x", ["x"]])
def test_other_kinds_are_refused(value: object) -> None:
    """What is no text, number, truth or moment is not stored."""
    with pytest.raises(TypeError, match="cannot store"):
        pick(numbered(":a"), {"a": value})  # type: ignore[dict-item]
