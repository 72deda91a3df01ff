"""How well and how fast questions find their entry.

    python -m bench.faq QUESTIONS [--held-out] [--known FILE] [--speed]

Without options the questions are asked in five folds by their number: the questions of the other four are added to the
index as phrasings. With --held-out all of them are asked of one index, to which --known adds the questions of another
file. A phrasing that is nearly the same as a question asked is always left out.
"""

import argparse
import random
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench.measure import p50, p99
from bot.campaign.ranking import Decision, Document, Index, Outcome, decide
from bot.campaign.stems import LANGUAGES, tokens

CAMPAIGN = Path("campaign")
FOLDS = 5
NEARLY_THE_SAME = 0.8  # of the words of two texts, those in both
MANY = 10_000
OTHERS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)  # thresholds to compare with


@dataclass(frozen=True)
class Question:
    """A question, its language, and the entries that answer it; none: it is not ours."""

    text: str
    language: str
    expect: str | None
    right: frozenset[str]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Question":
        expect = item["expect"]
        return cls(
            item["q"], item["lang"], expect, frozenset([expect] if expect else ()) | set(item.get("also_ok", ()))
        )


@dataclass
class Campaign:
    """The files that an index is made of."""

    entries: Sequence[Mapping[str, Any]] = field(default_factory=lambda: read(CAMPAIGN / "faq.yaml"))
    words: Sequence[Mapping[str, Sequence[str]]] = field(default_factory=lambda: read(CAMPAIGN / "words.yaml"))
    elsewhere: Sequence[Mapping[str, Sequence[str]]] = field(default_factory=lambda: read(CAMPAIGN / "elsewhere.yaml"))

    def index(self, asked: Sequence[Question], known: Sequence[Question]) -> Index:
        """An index with some questions as phrasings, and without what is nearly one of those to be asked."""
        asked_words = [frozenset(tokens(question.text)) for question in asked]

        def kept(texts: Sequence[str]) -> list[str]:
            return [text for text in texts if not any(alike(frozenset(tokens(text)), each) for each in asked_words)]

        added: defaultdict[tuple[str | None, str], list[str]] = defaultdict(list)
        for question in known:
            added[question.expect, question.language].append(question.text)
        documents = [
            Document(
                entry["id"], entry["harm"],
                {of: kept([entry["question"][of], *entry["also"][of], *added[entry["id"], of]]) for of in LANGUAGES},
                entry["keywords"], entry["answer"],
            ) for entry in self.entries
        ]  # fmt: skip
        elsewhere = {
            of: kept([text for group in self.elsewhere for text in group.get(of, ())] + added[None, of])
            for of in LANGUAGES
        }
        return Index.build(documents, elsewhere, self.words)


@dataclass(frozen=True)
class Outcomes:
    """Questions with what came of them, given how much surer than set an answer must be."""

    asked: Sequence[tuple[Question, Decision, str | None]]

    def shares(self) -> dict[str, float]:
        """Percents of those that are ours, and of those that are not."""
        ours = [(question, decision) for question, decision, _ in self.asked if question.expect]
        others = [(question, decision) for question, decision, _ in self.asked if not question.expect]
        answered = [(question, decision.entry in question.right) for question, decision in ours if decision.entry]
        offered = sum(bool(q.right & set(d.choices)) for q, d in ours if d.outcome is Outcome.CHOICES)
        right = sum(correct for _, correct in answered)
        return {
            "answered right": percent(right, ours),
            "answered or offered right": percent(right + offered, ours),
            "answered wrong": percent(len(answered) - right, ours),
            "false answers": percent(sum(bool(d.entry) and d.entry not in q.right for q, d in others), others),
            "not ours, and said so": percent(sum(d.outcome is Outcome.UNKNOWN for _, d in others), others),
            "language wrong": percent(sum(of not in {None, q.language} for q, _, of in self.asked), self.asked),
        }


def read(path: Path) -> list[Any]:
    """The list in a YAML file."""
    with path.open("rb") as file:
        return list(yaml.load(file, yaml.CSafeLoader))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words overlap so much (Jaccard) that one text gives the other away."""
    return len(one & other) >= NEARLY_THE_SAME * len(one | other)


def percent(count: int, of: Sequence[object]) -> float:
    return round(100 * count / len(of), 1) if of else 0.0


def parts(questions: Sequence[Question], known: Sequence[Question], *, held_out: bool) -> Iterator[Any]:
    """Pairs of the questions to ask and those to know."""
    if held_out:
        yield questions, known
        return
    for fold in range(FOLDS):
        rest = [question for at, question in enumerate(questions) if at % FOLDS != fold]
        yield questions[fold::FOLDS], [*rest, *known]


def quality(campaign: Campaign, pairs: Iterator[Any]) -> dict[float | None, dict[str, float]]:
    """What comes of the questions: with the thresholds as set (None), and with others."""
    ranked, harms = [], {entry["id"]: entry["harm"] for entry in campaign.entries}
    for asked, known in pairs:
        index = campaign.index(asked, known)
        ranked += [(question, index.rank(question.text)) for question in asked]

    def shares(**thresholds: float) -> dict[str, float]:
        return Outcomes([(q, decide(r, harms.__getitem__, **thresholds), r.language) for q, r in ranked]).shares()

    return {None: shares()} | {least: shares(certain=least, certain_harm=least) for least in OTHERS}


def spent(act: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Median and 99th percentile of the time that an act takes, in milliseconds."""
    took = []
    for question in questions:
        start = time.perf_counter()
        act(question)
        took.append((time.perf_counter() - start) * 1000)
    return {"median_ms": p50(took), "p99_ms": p99(took)}


def speed(campaign: Campaign, questions: Sequence[Question]) -> dict[str, dict[str, float]]:
    """The time of building and of asking, here and with many entries, beside SQLite's FTS5."""
    start = time.process_time()
    index = campaign.index((), questions)
    build = round(time.process_time() - start, 2)
    texts = [question.text for question in questions]
    few = spent(index.rank, texts)
    many = synthetic(campaign)
    index, table = Index.build(many, words=campaign.words), full_text(many)
    return {
        "60 entries": {"build_cpu_s": build, **few},
        f"{MANY} entries": spent(index.rank, texts),
        f"{MANY} entries, FTS5": spent(table, texts),
    }


def synthetic(campaign: Campaign) -> list[Document]:
    """Many entries of one question and a few words each, drawn from real phrasings."""
    dice = random.Random(1)  # noqa: S311 - made-up data
    texts = {of: [text for entry in campaign.entries for text in entry["also"][of]] for of in LANGUAGES}
    known = {of: sorted({word for text in texts[of] for word in tokens(text)}) for of in LANGUAGES}
    return [
        Document(
            str(number), "none", {of: [dice.choice(texts[of])] for of in LANGUAGES},
            {of: dice.sample(known[of], 5) for of in LANGUAGES}, {},
        ) for number in range(MANY)
    ]  # fmt: skip


def full_text(documents: Sequence[Document]) -> Callable[[str], object]:
    """Asks the same texts of SQLite: any of the words, best first."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE entry USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')")
    for each in documents:
        text = " ".join(part for of in LANGUAGES for part in (*each.phrasings[of], *each.keywords[of]))
        database.execute("INSERT INTO entry VALUES (?)", (text,))

    def ask(question: str) -> object:
        any_word = " OR ".join(f'"{word}"' for word in dict.fromkeys(tokens(question)))
        if not any_word:
            return []
        return database.execute(
            "SELECT rowid FROM entry WHERE entry MATCH ? ORDER BY bm25(entry) LIMIT 8", (any_word,)
        ).fetchall()

    return ask


def say(what: object, values: Mapping[str, float]) -> None:
    sys.stdout.write(f"{what}: " + ", ".join(f"{name} {value}" for name, value in values.items()) + "\n")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="a list of {q, lang, expect, also_ok?}")
    parser.add_argument("--held-out", action="store_true", help="one index, none of these questions in it")
    parser.add_argument("--known", type=Path, help="questions to add to the index")
    parser.add_argument("--speed", action="store_true", help="time as well")
    given = parser.parse_args()
    questions = [Question.of(item) for item in read(given.questions)]
    known = [Question.of(item) for item in read(given.known)] if given.known else []
    campaign = Campaign()
    for least, shares in quality(campaign, parts(questions, known, held_out=given.held_out)).items():
        say(least or "as set", shares)
    if given.speed:
        for what, times in speed(campaign, questions).items():
            say(what, times)


if __name__ == "__main__":
    main()
