"""Words that mean the same, across both languages."""

from collections import defaultdict
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass

from bot.campaign.stems import LANGUAGES, stem, tokens

MOST_WORDS_IN_TERM = 2


@dataclass(frozen=True)
class Thesaurus:
    """The ideas that a stem, or two stems written as one, can stand for, by language."""

    _ideas: Mapping[str, dict[str, Sequence[str]]]

    @classmethod
    def of(cls, groups: Iterable[Mapping[str, Sequence[str]]]) -> "Thesaurus":
        """Number the groups; a term of more than two words is left out."""
        ideas: dict[str, defaultdict[str, list[str]]] = {language: defaultdict(list) for language in LANGUAGES}
        for number, group in enumerate(groups):
            for language in LANGUAGES:
                for key in {_key(term, language) for term in group.get(language, ())} - {""}:
                    ideas[language][key].append(f"#{number}")
        return cls({language: {key: tuple(found) for key, found in of.items()} for language, of in ideas.items()})

    def keys(self, language: str) -> KeysView[str]:
        """All stems, and all twos of stems, that stand for an idea."""
        return self._ideas[language].keys()

    def ideas(self, key: str, language: str) -> Sequence[str]:
        return self._ideas[language].get(key, ())


def _key(term: str, language: str) -> str:
    words = tokens(term)
    return "".join(stem(word, language) for word in words) if len(words) <= MOST_WORDS_IN_TERM else ""
