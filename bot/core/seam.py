"""Where a line may be cut between two characters as people see them."""

import unicodedata

_MOST_MARKS = 200  # on one character; more of them are cut anywhere
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def seam(line: str, start: int, end: int) -> int:
    """The last place to cut where no character is taken from its accents, nor an emoji from its parts."""
    if end == len(line):
        return end
    places = range(end, max(start, end - _MOST_MARKS), -1)
    return next((place for place in places if not _joined(line, place)), end)


def _joined(line: str, place: int) -> bool:
    before, after = line[place - 1], line[place]
    if _JOINER in {before, after} or unicodedata.category(after).startswith("M") or ord(after) in _SKIN_TONES:
        return True
    if ord(after) not in _FLAG_LETTERS:
        return False
    letters = next((n for n in range(place) if ord(line[place - 1 - n]) not in _FLAG_LETTERS), place)
    return letters % 2 == 1
