"""Replies are values that survive being written down."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reply import (
    Button,
    Field,
    File,
    For,
    Kind,
    Link,
    Listing,
    Money,
    Phrase,
    Picture,
    Progress,
    Reply,
    Said,
    Typed,
    Value,
    Words,
    say,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
NAMES = st.sampled_from(["type", "values", "text", "kind", "whose", "iso", "count"])  # the words of the form itself
RAW = st.dictionaries(NAMES, TEXT, max_size=3)
PLAIN: st.SearchStrategy[Value] = st.one_of(
    TEXT,
    st.integers(),
    st.none(),
    st.builds(Money, st.integers(), st.sampled_from(["EUR", "GBP"])),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.dates(),
    st.timedeltas(),
    st.builds(Words, TEXT, TEXT),
    st.builds(Said, TEXT, TEXT),
    st.builds(Typed, TEXT, RAW),
)


def _more(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.one_of(
        st.lists(inner, max_size=3).map(tuple), st.builds(Phrase, TEXT, st.dictionaries(NAMES, inner, max_size=3))
    )


VALUES = st.recursive(PLAIN, _more, max_leaves=6)
LISTINGS = st.builds(Listing, st.lists(st.builds(Phrase, TEXT), max_size=2).map(tuple))
PHRASES = st.builds(Phrase, TEXT, st.dictionaries(NAMES, VALUES | LISTINGS, max_size=3))


def some(strategy: st.SearchStrategy[Value] | st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


REPLIES = st.builds(
    Reply,
    lead=PHRASES,
    body=some(PHRASES),
    fields=some(st.builds(Field, PHRASES, PHRASES)),
    progress=st.none() | st.builds(Progress, st.integers(), st.integers()),
    picture=st.none() | st.builds(Picture, TEXT, PHRASES),
    file=st.none() | st.builds(File, TEXT, TEXT),
    links=some(st.builds(Link, TEXT, PHRASES)),
    buttons=some(st.builds(Button, PHRASES, TEXT, RAW, st.sampled_from(For))),
    kind=st.sampled_from(Kind),
    language=st.sampled_from([None, "nl", "en"]),
    private=st.booleans(),
)


@given(REPLIES)
def test_round_trip(reply: Reply) -> None:
    """A reply that was written down is the same reply, its kinds of values too."""
    text = reply.to_json()
    again = Reply.from_json(text)
    assert again == reply
    assert again.to_json() == text
    assert text.encode()
    assert isinstance(again.kind, Kind)
    assert all(isinstance(button.whose, For) for button in again.buttons)


def test_moment_keeps_its_instant() -> None:
    """A moment of another zone comes back as the same instant."""
    moment = dt.datetime(2019, 1, 28, 20, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    back = Reply.from_json(say("x", due=moment).to_json()).lead.values["due"]
    assert back == moment


def test_short_form() -> None:
    """What is not there is not written: a notice is a few dozen bytes."""
    assert json.loads(say("hello").to_json()) == {"type": "Reply", "lead": {"type": "Phrase", "key": "hello"}}


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "3", '"x"', "{}", '{"type":"Reply"}', '{"type":"Phrase","key":"x"}', '{"type":"Unknown"}',
        '{"type":"Reply","lead":{"type":"Phrase"}}', '{"type":"Reply","lead":{"type":"Phrase","key":"x"},"more":1}',
        '{"type":"Reply","lead":{"type":"Phrase","key":"x"},"kind":"odd"}',
        '{"type":"date"}', '{"type":"span","microseconds":null}', '{"type":[]}',
    ],
)  # fmt: skip
def test_not_a_reply(text: str) -> None:
    """Anything else is one clear error."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own is one
        Reply.from_json(text)
