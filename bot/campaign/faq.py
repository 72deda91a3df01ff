"""Questions and the answers that people wrote: one answer, at most three choices, or "dat weet ik niet".

What is found here is never made up: an entry's own words, at the moment of the asker, unless organisers stopped it.
"""

import dataclasses
import datetime as dt
import enum
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Self

from bot.campaign.content import Content, Entry, Source
from bot.campaign.ranking import Document, Index, Outcome, Ranking, decide
from bot.core.moments import from_ms
from bot.core.reply import Phrase, Words
from bot.core.texts import LANGUAGES, Texts, Verbatim, write_value
from bot.store.database import Row, Transaction

MAX_CHOICES = 3
LIKELY = 0.5  # more likely than everything else together
_SLOT = re.compile(r"\{([a-z][\w.-]*)\}")
_SENTENCES = re.compile(r"(?<=[.!?])[ ]+")


class Told(enum.Enum):
    """How a question ends."""

    ANSWER = "answer"
    CHOICES = "choices"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """An answer that organisers withdrew."""

    entry: str
    reason: str
    replacement: str | None
    at: dt.datetime

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(row["entry"], row["reason"], row["replacement"], from_ms(row["stopped_at"]))


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the bot knows on a question.

    Attributes:
        entry: The one that answers; None with choices or nothing.
        text: Its words at this moment, values filled in.
        choices: Entries to pick from; with an answer, its neighbours.
        instead_of: The entry that was asked for and no longer holds; `entry` came in its place.
        stop: Why the entry that was asked for was withdrawn.
        language: Of the question, where that is clear.
    """

    told: Told
    entry: Entry | None = None
    text: Words = Words()  # noqa: RUF009 - frozen
    sources: tuple[Source, ...] = ()
    choices: tuple[Entry, ...] = ()
    instead_of: Entry | None = None
    stop: Stop | None = None
    language: str | None = None

    @property
    def caution(self) -> bool:
        """A mistake here can cost somebody dearly."""
        return self.entry is not None and self.entry.harm == "high"


class Faq:
    """All answers of a campaign, ready to be asked."""

    def __init__(self, content: Content, index: Index, texts: Texts, zone: str) -> None:
        """Take the campaign's content over, with its index; dates in it are days in `zone`."""
        self._content = content
        self._texts = texts
        self._zone = zone
        self._entries = {entry.id: entry for entry in content.entries}
        self._index = index

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._content.entries

    def __getitem__(self, id_: str) -> Entry:
        return self._entries[id_]

    def ask(self, question: str, *, now: dt.datetime | None, stops: Mapping[str, Stop]) -> Answer:
        """Answer a question as of a moment; without one, validity is not looked at."""
        if named := self._entries.get(question.strip().casefold()):
            return self._tell(named, now, stops, (), None)
        ranking = self._index.rank(question)
        decision = decide(ranking, self._harm)
        near = [self._entries[id_] for id_ in decision.choices]
        if decision.outcome is Outcome.ANSWER and decision.entry:
            return self._tell(self._entries[decision.entry], now, stops, near, ranking.language)
        holding = self._holding(near, now, stops)[:MAX_CHOICES]
        told = Told.CHOICES if holding else Told.UNKNOWN
        return Answer(told, choices=holding, stop=_likely_stop(ranking, stops), language=ranking.language)

    def _harm(self, id_: str) -> str:
        return self._entries[id_].harm

    def _tell(
        self, asked: Entry, now: dt.datetime | None, stops: Mapping[str, Stop], near: Sequence[Entry],
        language: str | None,
    ) -> Answer:  # fmt: skip
        stop = stops.get(asked.id)
        entry = self._in_force(asked, now, stops)
        neighbours = tuple(e for e in self._holding(near, now, stops) if e is not entry)
        if entry is None:
            told = Told.CHOICES if neighbours else Told.UNKNOWN
            return Answer(told, choices=neighbours[:MAX_CHOICES], stop=stop, language=language)
        words, sources = _at(entry, now)
        return Answer(
            Told.ANSWER, entry, self._filled(words, now), sources, neighbours[: MAX_CHOICES - 1],
            asked if entry is not asked else None, stop, language,
        )  # fmt: skip

    def _holding(
        self, entries: Sequence[Entry], now: dt.datetime | None, stops: Mapping[str, Stop]
    ) -> tuple[Entry, ...]:
        found = (self._in_force(entry, now, stops) for entry in entries)
        return tuple({entry.id: entry for entry in found if entry}.values())

    def _in_force(self, entry: Entry, now: dt.datetime | None, stops: Mapping[str, Stop]) -> Entry | None:
        """The entry itself, or what came in its place; None when nothing holds at this moment.

        What organisers chose as a replacement is given before its own window too: they know the day.
        """
        seen: set[str] = set()
        chosen = False
        while entry.id not in seen:
            seen.add(entry.id)
            stop = stops.get(entry.id)
            over = now is not None and entry.valid_until is not None and now >= entry.valid_until
            early = now is not None and entry.valid_from is not None and now < entry.valid_from and not chosen
            if not (stop or over or early):
                return entry
            successor = stop.replacement if stop else entry.superseded_by if over else None
            if successor is None or successor not in self._entries:
                return None
            entry, chosen = self._entries[successor], stop is not None
        return None

    def _filled(self, words: Words, now: dt.datetime | None) -> Words:
        return Words(**{lang: self._fill(words.within(lang), lang, now) for lang in LANGUAGES})

    def _fill(self, text: str, language: str, now: dt.datetime | None) -> str:
        """The text with its values and their moments; a sentence with a value that is not known is left out."""
        if "{" not in text:
            return text
        lines = [self._fill_line(line, language, now) for line in text.split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if line is not None)).strip()

    def _fill_line(self, line: str, language: str, now: dt.datetime | None) -> str | None:
        values = {name: self._value(name, language, now) for name in _SLOT.findall(line)}
        kept = [
            _SLOT.sub(lambda found: values[found[1]] or "", sentence)
            for sentence in _SENTENCES.split(line)
            if all(values[name] for name in _SLOT.findall(sentence))
        ]
        return " ".join(kept) if kept else None

    def _value(self, name: str, language: str, now: dt.datetime | None) -> str | None:
        reading = self._content.reading(name, now or dt.datetime.max.replace(tzinfo=dt.UTC))
        if reading is None:
            return None
        if isinstance(reading.value, Words):
            return reading.value.within(language)
        if reading.as_of is None or isinstance(reading.value, dt.datetime):
            return write_value(reading.value, language=language, zone=self._zone)
        day = reading.as_of.astimezone(zoneinfo.ZoneInfo(self._zone)).date()
        phrase = Phrase("faq.as_of", {"value": reading.value, "day": day})
        return self._texts.render(phrase, language=language, zone=self._zone, style=Verbatim())


def _at(entry: Entry, now: dt.datetime | None) -> tuple[Words, tuple[Source, ...]]:
    """The words and sources in force at a moment; the entry's own where no variant is."""
    for variant in entry.variants:
        if now is None:
            break
        if (variant.valid_from is None or variant.valid_from <= now) and (
            variant.valid_until is None or now < variant.valid_until
        ):
            return Words(**variant.answer), variant.sources
    return Words(**entry.answer), entry.sources


def _likely_stop(ranking: Ranking, stops: Mapping[str, Stop]) -> Stop | None:
    """Why the entry that was most likely asked for was withdrawn, where no answer comes in its place."""
    best = ranking.hits[0] if ranking.hits else None
    return stops.get(best.id) if best and best.certainty >= LIKELY else None


def index_of(content: Content) -> Index:
    """What a question is compared with."""
    return Index.build([_document(entry) for entry in content.entries], content.elsewhere, content.words)


def _document(entry: Entry) -> Document:
    phrasings = {lang: (entry.question[lang], *entry.also.get(lang, ())) for lang in LANGUAGES}
    return Document(entry.id, entry.harm, phrasings, entry.keywords, entry.answer)


# -- advice stopped from a phone --------------------------------------------------------------------------


async def stops(tx: Transaction) -> dict[str, Stop]:
    """Every answer that is withdrawn now."""
    return {row["entry"]: Stop.of(row) for row in await tx.all("SELECT * FROM answer_stop")}


async def stop(tx: Transaction, entry: str, *, reason: str, replacement: str | None, by: int, now: dt.datetime) -> bool:
    """Withdraw an answer at once; False when it was withdrawn already (then reason and replacement are renewed)."""
    before = await tx.value("SELECT 1 FROM answer_stop WHERE entry = :entry", entry=entry)
    await tx.run(
        """
        INSERT INTO answer_stop (entry, reason, replacement, stopped_by, stopped_at)
        VALUES (:entry, :reason, :replacement, :by, :now)
        ON CONFLICT (entry) DO UPDATE SET reason = excluded.reason, replacement = excluded.replacement""",
        entry=entry, reason=reason, replacement=replacement, by=by, now=now,
    )  # fmt: skip
    return before is None


async def resume(tx: Transaction, entry: str) -> bool:
    """Give an answer again; False when it was not withdrawn."""
    return bool(await tx.run("DELETE FROM answer_stop WHERE entry = :entry", entry=entry))
