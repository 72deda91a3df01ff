"""What a text shows of its meaning: stems, pairs, ideas of the thesaurus, and ends of words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add

from bot.campaign.stems import LANGUAGES, stem
from bot.campaign.thesaurus import Thesaurus
from bot.campaign.vocabulary import Vocabulary

STEM = 1.0
PAIR = 0.5  # two stems written as one, so that "overstap service" and "overstapservice" meet
IDEA = 0.6
PIECE = 0.4
PIECE_LENGTH = 5
CORRECTED = 0.8
PART = 0.5
MOST_REPAIRS = 12  # of one question, so that a text without a known word costs no more

ELSEWHERE = 2.0  # a word of the questions that are not ours alone, next to one of no text at all


@dataclass
class Asked:
    """The features of a question.

    Attributes:
        length: In words.
        language: "nl" or "en", where that is clear.
        weights: By feature.
        strangeness: How many of its words speak of something else than our texts.
    """

    length: int
    language: str | None
    weights: dict[str, float] = field(default_factory=dict)
    strangeness: float = 0.0

    def add(self, weights: Mapping[str, float], by: float = 1.0) -> None:
        """Take features over where they weigh more than what was there."""
        for feature, weight in weights.items():
            self.weights[feature] = max(self.weights.get(feature, 0.0), weight * by)


class Features:
    """Turns words into features, the same way for what is indexed and for what is asked."""

    def __init__(self, thesaurus: Thesaurus) -> None:
        self.thesaurus = thesaurus

    def of_word(self, word: str, language: str) -> dict[str, float]:
        """The features of one word with their weights."""
        base = stem(word, language)
        found = {base: STEM} | dict.fromkeys(self.thesaurus.ideas(base, language), IDEA)
        if len(word) >= PIECE_LENGTH:
            found |= dict.fromkeys(_pieces(word), PIECE)
        return found

    def of_pair(self, pair: str, language: str) -> dict[str, float]:
        """The same of two words, written as one."""
        return {pair: PAIR} | dict.fromkeys(self.thesaurus.ideas(pair, language), IDEA)

    def ask(self, words: Sequence[str], vocabulary: Vocabulary) -> Asked:
        """The features of a question, in its language or else in both."""
        asked = Asked(len(words), vocabulary.language(words))
        languages = (asked.language,) if asked.language else LANGUAGES
        for language in languages:
            for pair in pairs(words, language):
                asked.add(self.of_pair(pair, language))
            for word in words:
                asked.add(self.of_word(word, language))
        strangers = [word for word in dict.fromkeys(words) if not vocabulary.is_ours(word)]
        unknown = [word for word in strangers if not vocabulary.is_known(word)]
        asked.strangeness = ELSEWHERE * (len(strangers) - len(unknown)) + len(unknown)
        for word in unknown[:MOST_REPAIRS]:
            asked.strangeness -= max(self._repair(asked, word, language, vocabulary) for language in languages)
        return asked

    def _repair(self, asked: Asked, word: str, language: str, vocabulary: Vocabulary) -> float:
        """Add what an unknown word may be misspelt for or made of; returns how much of it that explains, 0 to 1."""
        corrections = vocabulary.corrections(word, language)
        for known, likeness in corrections:
            asked.add(self.of_word(known, language), CORRECTED * likeness)
        parts = vocabulary.parts(word, language)
        for part in parts or ():
            asked.add(self.of_word(part, language), PART)
        unexplained = (1.0 - corrections[0][1] if corrections else 1.0) * (PART if parts else 1.0)
        return 1.0 - unexplained


def pairs(words: Sequence[str], language: str) -> Iterator[str]:
    """The stems of words that follow one another, written as one."""
    stems = [stem(word, language) for word in words]
    return map(add, stems, stems[1:])


def _pieces(word: str) -> tuple[str, str]:
    """How a word begins and ends: what inflecting and misspelling leave whole, and most of what compounds share."""
    return f"~{word[:PIECE_LENGTH]}", f"{word[-PIECE_LENGTH:]}~"
