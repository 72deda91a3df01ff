"""How well questions are answered: a set of questions with the entry expected, and what came of each."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from bot.campaign.faq import Answer, Told


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question of a set; `expect` None: the bot must say that it does not know."""

    text: str
    expect: str | None
    also_ok: frozenset[str]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Take `{q, expect, also_ok?}`.

        Raises:
            ValueError: it is no question.
        """
        text, expect = item.get("q"), item.get("expect")
        if not isinstance(text, str) or not (expect is None or isinstance(expect, str)):
            raise ValueError(str(item)[:80])
        return cls(text, expect, frozenset(item.get("also_ok") or ()))

    @property
    def right(self) -> frozenset[str]:
        return self.also_ok | ({self.expect} if self.expect else set())


@dataclasses.dataclass(slots=True)
class Score:
    """Counts over a set.

    Attributes:
        answered_right: One direct answer, of an expected entry.
        offered_right: No direct answer, but the right entry among the choices.
        answered_wrong: A direct answer of another entry.
        not_known: The rest of those in scope.
        false_answers: Direct answers to questions that are not ours.
    """

    in_scope: int = 0
    answered_right: int = 0
    offered_right: int = 0
    answered_wrong: int = 0
    not_known: int = 0
    out_of_scope: int = 0
    false_answers: int = 0
    median_ms: float = 0.0
    p99_ms: float = 0.0

    def count(self, question: Question, answer: Answer) -> None:
        direct = answer.entry.id if answer.told is Told.ANSWER and answer.entry else None
        if question.expect is None:
            self.out_of_scope += 1
            self.false_answers += direct is not None and direct not in question.also_ok
            return
        self.in_scope += 1
        if direct is not None:
            self.answered_right += direct in question.right
            self.answered_wrong += direct not in question.right
        elif answer.told is Told.CHOICES and question.right & {entry.id for entry in answer.choices}:
            self.offered_right += 1
        else:
            self.not_known += 1


def evaluate(questions: Sequence[Question], ask: Callable[[str], Answer]) -> Score:
    """Ask every question, and count."""
    score, spent = Score(), []
    for question in questions:
        start = time.perf_counter()
        answer = ask(question.text)
        spent.append((time.perf_counter() - start) * 1000)
        score.count(question, answer)
    if len(spent) > 1:
        score.median_ms = round(statistics.median(spent), 3)
        score.p99_ms = round(statistics.quantiles(spent, n=100, method="inclusive")[98], 3)
    return score
