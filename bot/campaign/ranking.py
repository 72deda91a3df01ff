"""Which entry a question asks for, and how certain that is."""

import enum
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from typing import Self

from bot.campaign.evidence import Evidence
from bot.campaign.features import Asked, Features
from bot.campaign.stems import LANGUAGES, tokens
from bot.campaign.tally import Tally
from bot.campaign.thesaurus import Thesaurus
from bot.campaign.vocabulary import Vocabulary

MOST_CHOICES = 3
MOST_HITS = 8

# Fitted to the likelihood that the best hit is right, on held-out questions in five folds (bench.faq). RIVAL follows
# how much there is to read: it was 0.7 with 90 phrasings an entry and 1.15 with 140; fit anew when that changes a lot.
LENGTH = 0.3
RIVAL = 1.15
NOT_OURS = 0.9
NOT_OURS_BIAS = 3.9
STRANGE = 4.7

CERTAIN = 0.9
CERTAIN_HARM = 0.94
KNOWN = 0.1  # the least certainty, of all entries together, with which choices are offered


@dataclass(frozen=True, slots=True)
class Document:
    """What the index reads of an entry, by language."""

    id: str
    harm: str
    phrasings: Mapping[str, Sequence[str]]
    keywords: Mapping[str, Sequence[str]]
    body: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry, and the share of certainty that it gets: 0 to 1, all entries and "not ours" together at most 1."""

    id: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The likeliest entries, best first, and the language of the question where that is clear ("nl" or "en")."""

    hits: tuple[Hit, ...]
    language: str | None


class Outcome(enum.Enum):
    """What a ranking is good for."""

    ANSWER = "answer"
    CHOICES = "choices"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer, at most three choices, or neither; with an answer the choices are its neighbours."""

    outcome: Outcome
    entry: str | None = None
    choices: tuple[str, ...] = ()


def decide(
    ranking: Ranking, harm_of: Callable[[str], str], *, certain: float = CERTAIN, certain_harm: float = CERTAIN_HARM
) -> Decision:
    """Answer only when certain, and more so where a wrong answer can cost somebody dearly."""
    hits = ranking.hits
    if not hits or sum(hit.certainty for hit in hits) < KNOWN:
        return Decision(Outcome.UNKNOWN)
    best, *others = (hit.id for hit in hits[: MOST_CHOICES + 1])
    if hits[0].certainty >= (certain_harm if harm_of(best) == "high" else certain):
        return Decision(Outcome.ANSWER, best, tuple(others))
    return Decision(Outcome.CHOICES, choices=(best, *others)[:MOST_CHOICES])


@dataclass(frozen=True, slots=True)
class Index:
    """Entries, ready to be asked for; of their texts only what was counted is kept."""

    _ids: Sequence[str]
    _harm: Mapping[str, str]
    _literal: Mapping[str, str | None]
    _features: Features
    _vocabulary: Vocabulary
    _evidence: Evidence

    @classmethod
    def build(
        cls,
        documents: Iterable[Document],
        elsewhere: Mapping[str, Sequence[str]] | None = None,
        words: Iterable[Mapping[str, Sequence[str]]] = (),
    ) -> Self:
        """Index documents.

        Args:
            documents: Phrasings and keywords count alike, the body half.
            elsewhere: Examples of questions that none of them answers, by language.
            words: Groups of words that mean the same, each by language.
        """
        documents = tuple(documents)
        features = Features(Thesaurus.of(words))
        tally = Tally(features)
        for document in documents:
            tally.ours(_texts(document), document.body)
        tally.elsewhere(elsewhere or {})
        ids = tuple(document.id for document in documents)
        harm = {document.id: document.harm for document in documents}
        literal = _literal(documents, elsewhere or {})
        return cls(ids, harm, literal, features, tally.vocabulary(), Evidence.of(tally.entries()))

    def rank(self, question: str) -> Ranking:
        """The likeliest entries; the same for the same question, and none where not a word of it is known."""
        words = tokens(question)
        asked = self._features.ask(words, self._vocabulary)
        scores = self._evidence.scores(asked.weights)
        not_ours = scores.pop(len(self._ids), 0.0)
        best = nlargest(MOST_HITS, scores, key=scores.__getitem__)
        shares = _certainties(asked, [scores[number] for number in best], not_ours)
        hits = tuple(Hit(self._ids[number], share) for number, share in zip(best, shares, strict=True))
        same = " ".join(words)
        if same in self._literal:
            hits = _foremost(self._literal[same], hits)
        return Ranking(hits, asked.language)

    def decide(self, ranking: Ranking) -> Decision:
        """What to do with a ranking, given the harm of the documents."""
        return decide(ranking, self._harm.__getitem__)


def _literal(documents: Sequence[Document], elsewhere: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """Whose phrasing each text is, word for word; None: not ours. What two entries claim is nobody's."""
    whose: dict[str, set[str | None]] = {}
    for document in documents:
        for text in chain.from_iterable(document.phrasings.values()):
            whose.setdefault(" ".join(tokens(text)), set()).add(document.id)
    for text in chain.from_iterable(elsewhere.values()):
        whose.setdefault(" ".join(tokens(text)), set()).add(None)
    return {text: ids.pop() for text, ids in whose.items() if len(ids) == 1 and text}


def _foremost(id_: str | None, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """What somebody wrote down word for word is certain; the others stay as its neighbours."""
    if id_ is None:
        return ()
    return (Hit(id_, 1.0), *(Hit(hit.id, 0.0) for hit in hits if hit.id != id_))


def _texts(document: Document) -> dict[str, list[str]]:
    return {of: [*document.phrasings.get(of, ()), *document.keywords.get(of, ())] for of in LANGUAGES}


def _certainties(asked: Asked, scores: Sequence[float], not_ours: float) -> list[float]:
    """Share certainty out by score; "not ours" takes part as one more rival, the stronger the stranger the words."""
    if not scores:
        return []
    length = asked.length**LENGTH  # words of one question repeat each other: evidence grows slower than their number
    rivals = [math.exp(RIVAL * (score - scores[0]) / length) for score in scores]
    stranger = NOT_OURS * (not_ours - scores[0]) + STRANGE * asked.strangeness
    total = sum(rivals) + math.exp(min(stranger / length + NOT_OURS_BIAS, 50.0))
    return [rival / total for rival in rivals]
