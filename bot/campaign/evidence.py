"""How strongly a feature speaks for an entry."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count as natural
from math import log1p
from typing import Self

from bot.campaign.tally import Counted

SHARPNESS = 2.0
SMOOTHING = 0.02
SMALL_ENTRY = 2.0  # texts added to each entry, so that one of three phrasings does not weigh like thirty of ninety
MOST_LOOKED_AT = 12_000  # weights, for one question


@dataclass(frozen=True)
class Evidence:
    """For each feature, the entries in which it stands and its weight there, in two flat arrays.

    The weight is log(1 + 2 x how many times more usual the feature is in this entry than in the mean entry): a language
    model with Jelinek-Mercer smoothing, in which an entry without the feature simply gets nothing.
    """

    _places: Mapping[str, int]
    _starts: "array[int]"
    _entries: "array[int]"
    _weights: "array[float]"

    @classmethod
    def of(cls, entries: Sequence[Counted]) -> Self:
        """Weigh the features of entries; these are numbered in their order."""
        found: defaultdict[str, array[float]] = defaultdict(lambda: array("f"))  # number and rate in turn
        for number, entry in enumerate(entries):
            part = 1.0 / (entry.texts + SMALL_ENTRY)
            for feature, count in entry.features.items():
                found[feature].extend((number, count * part))
        starts, numbers, weights = array("I", [0]), array("I"), array("f")
        for each in found.values():
            rates = each[1::2]
            sharp = SHARPNESS * len(entries) / (sum(rates) + SMOOTHING)
            numbers.extend(map(int, each[::2]))
            weights.extend([log1p(sharp * rate) for rate in rates])
            starts.append(len(numbers))
        return cls(dict(zip(found, natural(), strict=False)), starts, numbers, weights)

    def scores(self, features: Mapping[str, float]) -> dict[int, float]:
        """What weighted features say for each entry in which any of them stands.

        The rarest features come first, and when enough has been looked at the most usual ones are left out: they tell
        least, and with thousands of entries they would cost most.
        """
        places, starts = self._places, self._starts
        known = [(starts[at], starts[at + 1], features[each]) for each in features if (at := places.get(each, -1)) >= 0]
        known.sort(key=lambda span: span[1] - span[0])
        scores: defaultdict[int, float] = defaultdict(float)
        looked_at = 0
        for start, end, weight in known:
            looked_at += end - start
            if looked_at > MOST_LOOKED_AT:
                break
            for number, each in zip(self._entries[start:end], self._weights[start:end], strict=True):
                scores[number] += weight * each
        return scores
