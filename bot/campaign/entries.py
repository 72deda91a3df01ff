"""faq.yaml: the answers that people wrote, with their sources and the time in which they hold."""

import datetime as dt
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.campaign.reading import LANGUAGES, Node
from bot.core.document import suggestion

HARMS = ("none", "low", "medium", "high")
LEAST_PHRASINGS = 3
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")  # it must fit in a button, whose values are at most 100 bytes
_EARLIEST, _LATEST = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)

_SOURCE = ("title", "url", "date", "party", "undated")
_VARIANT = ("valid_from", "valid_until", "answer", "sources")

CheckAnswer = Callable[[Node], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from. `date` is None only when the page is `undated`."""

    title: str
    url: str
    date: dt.date | None
    party: str | None
    undated: bool


@dataclass(frozen=True, slots=True)
class Variant:
    """The answer in a part of the time: from `valid_from` up to, not including, `valid_until`; None is open."""

    valid_from: dt.datetime | None
    valid_until: dt.datetime | None
    answer: Mapping[str, str]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One question with its answer; texts are {nl: …, en: …}.

    Attributes:
        variants: In the order of time; outside their windows `answer` and `sources` hold.
        valid_from: UTC, the first moment in which this is advice; None is open.
        valid_until: UTC, the first moment in which it no longer is.
        review_by: UTC, the first moment after the day on which its owner should have read it again.
    """

    id: str
    question: Mapping[str, str]
    also: Mapping[str, tuple[str, ...]]
    keywords: Mapping[str, tuple[str, ...]]
    answer: Mapping[str, str]
    sources: tuple[Source, ...]
    facts: tuple[str, ...]
    variants: tuple[Variant, ...]
    valid_from: dt.datetime | None
    valid_until: dt.datetime | None
    superseded_by: str | None
    recheck: bool
    review_by: dt.datetime | None
    owner: str | None
    harm: str


_ENTRY = tuple(Entry.__slots__)


def read_entries(root: Node, check_answer: CheckAnswer) -> tuple[Entry, ...]:
    """All entries, in the order of the file.

    Args:
        root: Of faq.yaml.
        check_answer: Reports what is wrong with the words of an answer.
    """
    pairs = [(node, _entry(node, check_answer)) for node in root.items() if node.known(_ENTRY)]
    _check_ids(pairs)
    _check_successors(pairs)
    _check_phrasings(pairs)
    return tuple(entry for _, entry in pairs)


def _entry(node: Node, check_answer: CheckAnswer) -> Entry:
    id_ = node["id"].required().text()
    if id_ and not _ID.fullmatch(id_):
        node["id"].mistake("content.id")
    check_answer(node["answer"])
    sources = _sources(node["sources"].required())
    valid_from, valid_until = _window(node)
    return Entry(
        id=id_,
        question=node["question"].required().both(),
        also=node["also"].lists(),
        keywords=node["keywords"].lists(),
        answer=node["answer"].required().both(),
        sources=sources,
        facts=node["facts"].texts(),
        variants=_variants(node["variants"], sources, check_answer),
        valid_from=valid_from,
        valid_until=valid_until,
        superseded_by=node["superseded_by"].text() or None,
        recheck=node["recheck"].flag(),
        review_by=node["review_by"].end(),
        owner=node["owner"].text() or None,
        harm=node["harm"].choice(HARMS, "low"),
    )


def _window(node: Node) -> tuple[dt.datetime | None, dt.datetime | None]:
    start, end = node["valid_from"].start(), node["valid_until"].end()
    if start and end and end <= start:
        node["valid_until"].mistake("content.window")
    return start, end


def _sources(node: Node) -> tuple[Source, ...]:
    if node.value == []:
        node.mistake("content.no-sources")
    return tuple(_source(item) for item in node.items() if item.known(_SOURCE))


def _source(node: Node) -> Source:
    date, undated = node["date"], node["undated"].flag()
    if not date and not undated:
        date.mistake("content.undated")
    if date and undated:
        node["undated"].mistake("content.dated")
    url = node["url"].required().text()
    if url and not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", url):
        node["url"].mistake("content.url")
    return Source(node["title"].required().text(), url, date.day(), node["party"].text() or None, undated)


def _variants(node: Node, sources: tuple[Source, ...], check_answer: CheckAnswer) -> tuple[Variant, ...]:
    pairs = [(item, _variant(item, sources, check_answer)) for item in node.items() if item.known(_VARIANT)]
    pairs.sort(key=lambda pair: pair[1].valid_from or _EARLIEST)
    for (_, earlier), (item, later) in itertools.pairwise(pairs):
        if (earlier.valid_until or _LATEST) > (later.valid_from or _EARLIEST):
            item.mistake("content.overlap")
    return tuple(variant for _, variant in pairs)


def _variant(node: Node, sources: tuple[Source, ...], check_answer: CheckAnswer) -> Variant:
    if not node["valid_from"] and not node["valid_until"]:
        node.mistake("content.no-window")
    check_answer(node["answer"])
    own = _sources(node["sources"]) if node["sources"] else sources
    return Variant(*_window(node), node["answer"].required().both(), own)


def _check_ids(pairs: Iterable[tuple[Node, Entry]]) -> None:
    seen: set[str] = set()
    for node, entry in pairs:
        if entry.id in seen:
            node["id"].mistake("content.twice")
        seen.add(entry.id)


def _check_successors(pairs: Sequence[tuple[Node, Entry]]) -> None:
    following = {entry.id: entry.superseded_by for _, entry in pairs}
    told: set[str] = set()
    for node, entry in pairs:
        if entry.superseded_by and entry.superseded_by not in following:
            _lost(node["superseded_by"], entry.superseded_by, following)
        circle = _circle(entry.id, following)
        if circle and not told.intersection(circle):
            node["superseded_by"].mistake("content.circle", circle=" → ".join((*circle, entry.id)))
            told.update(circle)


def _lost(node: Node, name: str, known: Collection[str]) -> None:
    meant = suggestion(name, known)
    if meant:
        node.mistake("content.successor-like", meant=meant)
    else:
        node.mistake("content.successor")


def _circle(first: str, following: Mapping[str, str | None]) -> list[str]:
    """The ids from an entry back to itself; empty when it does not come back."""
    passed = [first]
    while (after := following.get(passed[-1])) and after not in passed:
        passed.append(after)
    return passed if after == first else []


def _check_phrasings(pairs: Iterable[tuple[Node, Entry]]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for node, entry in pairs:
        for language in LANGUAGES:
            phrasings = [entry.question[language], *entry.also[language]]
            if len(phrasings) < LEAST_PHRASINGS:
                node["also"].note("content.few", language=language, count=len(phrasings), least=LEAST_PHRASINGS)
            for phrasing in phrasings:
                owner = owners.setdefault((language, " ".join(phrasing.lower().split())), entry.id)
                if phrasing and owner != entry.id:
                    node["also"].note("content.shared", phrasing=phrasing, owner=owner)
