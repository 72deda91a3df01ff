"""The words that an index knows: how often, in which language, and which known word a misspelt one may be."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.campaign.stems import LANGUAGES, stem

SHORTEST_TELLING = 3
SHORTEST_CORRECTED = 4
LEAST_LIKENESS = 0.72
MOST_CORRECTIONS = 2
SHORTEST_COMPOUND = 7
SHORTEST_PART = 3

CLEAR = 1.5  # log odds: four and a half to one
MOST_OF_ONE_WORD = 3.0
SMOOTHING = 1_000  # words: one seen once says little about its language
UNSEEN = 0.5


class Vocabulary:
    """Counts of words by language, of our own texts and of the questions that are not ours."""

    def __init__(self, ours: Mapping[str, Counter[str]], elsewhere: Mapping[str, Counter[str]]) -> None:
        self._ours = {stem(word, language) for language in LANGUAGES for word in ours[language]}
        self._elsewhere = {stem(word, language) for language in LANGUAGES for word in elsewhere[language]}
        self._counts = {language: ours[language] + elsewhere[language] for language in LANGUAGES}
        self._totals = {language: counts.total() + SMOOTHING for language, counts in self._counts.items()}
        self._initials = {language: _by_initial(counts) for language, counts in self._counts.items()}

    def is_ours(self, word: str) -> bool:
        """Whether an inflection of the word stands in our own texts; too short a word is taken for ours."""
        return len(word) < SHORTEST_TELLING or any(stem(word, language) in self._ours for language in LANGUAGES)

    def is_known(self, word: str) -> bool:
        """Whether an inflection of the word stands in any text."""
        return self.is_ours(word) or any(stem(word, language) in self._elsewhere for language in LANGUAGES)

    def language(self, words: Sequence[str]) -> str | None:
        """The language in which these words are clearly more usual."""
        odds = sum(map(self._odds, words))
        if abs(odds) < CLEAR:
            return None
        return "nl" if odds > 0 else "en"

    def _odds(self, word: str) -> float:
        dutch, english = ((self._counts[of][word] + UNSEEN) / self._totals[of] for of in LANGUAGES)
        return max(-MOST_OF_ONE_WORD, min(MOST_OF_ONE_WORD, math.log(dutch / english)))

    def corrections(self, word: str, language: str) -> list[tuple[str, float]]:
        """The known words that this one may be a misspelling of, likest first, with their likeness of 0.72 to 1.

        A longer word may have more mistakes in it; of two equally like words the more frequent one comes first. The
        first letter is taken to be right: it nearly always is, and that makes the search some twenty times shorter.
        """
        if len(word) < SHORTEST_CORRECTED:
            return []
        found = process.extract(
            word, self._initials[language].get(word[0], ()),
            scorer=OSA.normalized_similarity, score_cutoff=LEAST_LIKENESS, limit=MOST_CORRECTIONS,
        )  # fmt: skip
        return [(known, likeness) for known, likeness, _ in found]

    def parts(self, word: str, language: str) -> tuple[str, str] | None:
        """The two known words of which a Dutch word is made, if any; an s between them is dropped."""
        if language != "nl" or len(word) < SHORTEST_COMPOUND:
            return None
        counts, best, most = self._counts[language], None, 0
        for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            head, tail = word[:cut], word[cut:]
            for end in {tail, tail.removeprefix("s")}:
                weight = min(counts[head], counts[end]) * min(len(head), len(end))
                if len(end) >= SHORTEST_PART and weight > most:
                    best, most = (head, end), weight
        return best


def _by_initial(counts: Counter[str]) -> dict[str, list[str]]:
    """Words by their first letter, the frequent ones first, then by alphabet."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(counts, key=lambda each: (-counts[each], each)):
        if len(word) >= SHORTEST_CORRECTED:
            found[word[0]].append(word)
    return dict(found)
