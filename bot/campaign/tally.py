"""Counting what stands in the texts of an index."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bot.campaign.features import Features, pairs
from bot.campaign.stems import LANGUAGES, tokens
from bot.campaign.vocabulary import Vocabulary

BODY = 0.5  # of a phrasing
LEAST_OF_PAIR = 2  # texts in which two words must meet: once is chance, and such pairs would be half of the index

Texts = Mapping[str, Sequence[str]]  # by language


def _counters() -> dict[str, Counter[str]]:
    return {language: Counter() for language in LANGUAGES}


@dataclass
class Counted:
    """The features of one entry, each with in how many of its texts it stands."""

    features: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    pairs: dict[str, Counter[str]] = field(default_factory=_counters)
    texts: float = 0.0


class Tally:
    """Takes the texts of one entry after the other, and knows the words of all of them in the end."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._ours = _counters()
        self._elsewhere = _counters()
        self._entries: list[Counted] = []
        self._of_word: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in LANGUAGES}

    def ours(self, texts: Texts, body: Mapping[str, str]) -> None:
        """Count an entry: its texts, and half for its body."""
        entry = self._count(texts, self._ours)
        for language in LANGUAGES:
            if words := dict.fromkeys(tokens(body.get(language, "")), 1):
                self._ours[language].update(words)
                self._add(entry, words, language, BODY)
                entry.texts += BODY

    def elsewhere(self, texts: Texts) -> None:
        """Count the questions that are not ours, as one more entry."""
        self._count(texts, self._elsewhere)

    def vocabulary(self) -> Vocabulary:
        """The words of everything counted so far."""
        return Vocabulary(self._ours, self._elsewhere)

    def entries(self) -> list[Counted]:
        """What was counted, in the order in which it came, with the pairs that are usual enough among the features."""
        for language in LANGUAGES:
            total: Counter[str] = Counter()
            for entry in self._entries:
                total.update(entry.pairs[language])
            usual = {pair for pair, count in total.items() if count >= LEAST_OF_PAIR}
            for entry in self._entries:
                met = entry.pairs.pop(language)
                for pair in usual & met.keys():
                    entry.features[pair] += met[pair]
        return self._entries

    def _count(self, texts: Texts, vocabulary: Mapping[str, Counter[str]]) -> Counted:
        entry = Counted()
        for language in LANGUAGES:
            read = [tokens(text) for text in texts.get(language, ())]
            entry.texts += len(read)
            words = Counter(chain.from_iterable(map(set, read)))
            vocabulary[language].update(words)
            self._add(entry, words, language, 1.0)
            met = entry.pairs[language] = Counter(chain.from_iterable(pairs(text, language) for text in read))
            for pair in self._features.thesaurus.keys(language) & met.keys():
                for idea in self._features.thesaurus.ideas(pair, language):
                    entry.features[idea] += met[pair]
        self._entries.append(entry)
        return entry

    def _add(self, entry: Counted, words: Mapping[str, int], language: str, by: float) -> None:
        features, of_word = entry.features, self._of_word[language]
        for word, count in words.items():
            found = of_word.get(word)
            if found is None:
                found = of_word[word] = tuple(self._features.of_word(word, language))
            for feature in found:
                features[feature] += by * count
