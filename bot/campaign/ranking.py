"""Which entry a question asks for, and how certain that is."""

import enum
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Self

from bot.campaign.evidence import Evidence
from bot.campaign.features import Asked, Features
from bot.campaign.stems import LANGUAGES, tokens
from bot.campaign.tally import Tally
from bot.campaign.thesaurus import Thesaurus
from bot.campaign.vocabulary import Vocabulary

MOST_CHOICES = 3
MOST_HITS = 8

# The five numbers of `_certainties`, fitted once to the likelihood of being right on held-out questions
# (bench.faq, five folds). They hardly move between folds, and half or double changes little.
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
    """Entries, ready to be asked for."""

    _documents: Sequence[Document]
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
        return cls(documents, features, tally.vocabulary(), Evidence.of(tally.entries()))

    def rank(self, question: str) -> Ranking:
        """The likeliest entries; the same for the same question, and none where not a word of it is known."""
        asked = self._features.ask(tokens(question), self._vocabulary)
        scores = self._evidence.scores(asked.weights)
        not_ours = scores.pop(len(self._documents), 0.0)
        best = nlargest(MOST_HITS, scores, key=scores.__getitem__)
        shares = _certainties(asked, [scores[number] for number in best], not_ours)
        hits = (Hit(self._documents[number].id, share) for number, share in zip(best, shares, strict=True))
        return Ranking(tuple(hits), asked.language)

    def decide(self, ranking: Ranking) -> Decision:
        """What to do with a ranking, given the harm of the documents."""
        harm = {document.id: document.harm for document in self._documents}
        return decide(ranking, harm.__getitem__)


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
