"""A text that is too long for one message: cut between paragraphs, else lines, sentences, words, characters."""

import bisect
import dataclasses
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from bot.core.seam import seam
from bot.platforms.discord.lines import LINE, PARAGRAPH, Line, Run, Shape

_SENTENCE = re.compile(r"[.!?…][)\"'”’]*\s")
_SOLID = "\0"  # in place of a character at which no line is cut


def parts(lines: Iterable[Line], most: int) -> Iterator[list[Line]]:
    """Lines that go together in one text of at most so many units."""
    part: list[Line] = []
    taken = 0
    for paragraph in _paragraphs(lines):
        for piece, size in _pieces(paragraph, most):
            if part and taken + size > most:
                yield part
                part, taken = [], 0
            part += piece
            taken += size
    if part:
        yield part


def _pieces(paragraph: list[Line], most: int) -> Iterator[tuple[list[Line], int]]:
    """A paragraph that fits as it is, else its lines in pieces that do; with what each takes."""
    size = _taken(paragraph)
    if size <= most:
        yield paragraph, size
        return
    for line in paragraph:
        yield from (([piece], piece.taken()) for piece in _fitting(line, most))


def _paragraphs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    found: list[Line] = []
    for line in lines:
        if found and line.glue == PARAGRAPH:
            yield found
            found = []
        found.append(line)
    if found:
        yield found


def _taken(lines: Sequence[Line]) -> int:
    return sum(line.taken() for line in lines)


def _fitting(line: Line, most: int) -> Iterator[Line]:
    """A line in pieces that fit; a link that does not fit alone becomes words."""
    runs = (r.loose() if r.shape is Shape.FIXED and Line((r,)).taken() > most // 2 else r for r in line.runs)
    rest = dataclasses.replace(line, runs=tuple(runs))
    while rest.taken() > most:
        fits, rest = _split(rest, _place(rest, most))
        if fits.runs:
            yield fits
    if rest.runs:
        yield rest


def _place(line: Line, most: int) -> int:
    """The best place to cut so that what is before it fits."""
    reads = "".join(map(_reading, line.runs))
    places = range(1, min(len(reads), most))
    last = max(bisect.bisect_right(places, most, key=lambda at: _split(line, at)[0].taken()), 1)
    while last > 1 and _split(line, last)[0].taken() > most:
        last -= 1
    return _end_of_sentence(reads, last) or _end_of_word(reads, last) or _between(line.runs, last)


def _end_of_sentence(reads: str, last: int) -> int:
    """In the second half of what fits; 0 where there is none."""
    return max((min(end.end(), last) for end in _SENTENCE.finditer(reads, last // 2, last + 1)), default=0)


def _end_of_word(reads: str, last: int) -> int:
    """A space, or the end of a line of code; 0 where there is none."""
    return max(reads.rfind(" ", 1, last + 1), reads.rfind("\n", 1, last + 1), 0)


def _between(runs: Sequence[Run], last: int) -> int:
    """Between two characters; before code or a link rather than in it."""
    begin, run = next((begin, run) for begin, run in _begins(runs) if begin <= last < begin + _size(run))
    if begin and run.shape in {Shape.CODE, Shape.FIXED}:
        return begin
    return begin + seam(run.text, 0, last - begin) if begin < last else last


def _begins(runs: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    return zip(itertools.accumulate(map(_size, runs), initial=0), runs, strict=False)


def _size(run: Run) -> int:
    return 1 if run.shape is Shape.FIXED else len(run.text)


def _reading(run: Run) -> str:
    match run.shape:
        case Shape.WORDS:
            return run.text
        case Shape.BLOCK:
            return run.text.replace(" ", _SOLID)
    return _SOLID * _size(run)


def _split(line: Line, at: int) -> tuple[Line, Line]:
    """What is before a place and what is after it, without the spaces between."""
    before: list[Run] = []
    after: list[Run] = []
    for begin, run in _begins(line.runs):
        if begin + _size(run) <= at:
            before.append(run)
        elif begin >= at:
            after.append(run)
        else:
            before.append(dataclasses.replace(run, text=run.text[: at - begin]))
            after.append(dataclasses.replace(run, text=run.text[at - begin :]))
    if before and before[-1].shape is Shape.WORDS:
        before[-1] = dataclasses.replace(before[-1], text=before[-1].text.rstrip())
    if after and after[0].shape is Shape.WORDS:
        after[0] = dataclasses.replace(after[0], text=after[0].text.lstrip())
    if after and after[0].shape is Shape.BLOCK:
        after[0] = dataclasses.replace(after[0], text=after[0].text.removeprefix("\n"))
    return (
        dataclasses.replace(line, runs=tuple(run for run in before if run.text)),
        Line(tuple(run for run in after if run.text), line.again, LINE, line.again),
    )
