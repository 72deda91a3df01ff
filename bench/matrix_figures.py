"""What was measured, beside what it should be."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

Values = Sequence[float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        values: What it was made of, one number a round.
    """

    what: str
    goal: str
    reached: str
    good: bool
    values: dict[str, list[float]] = field(default_factory=dict)

    @property
    def row(self) -> tuple[str, str, str]:
        return self.what, self.goal, self.reached


def at_most(what: str, most: float, values: Values, unit: str) -> Figure:
    """The median of one bot's rounds."""
    middle = statistics.median(values)
    return Figure(what, f"≤ {most:g} {unit}", spread(values, unit), middle <= most, {"ours": rounded(values)})


def beside(
    what: str, ratio: float, own: Values, other: Values, unit: str, *, least: bool = False, names: str = "ours bare"
) -> Figure:
    """The ratio of the medians of two bots, or of one bot's medians in two places.

    Args:
        what: Was measured.
        ratio: The most, or with `least` the least, that it should be.
        own: One number a round.
        other: What it is divided by.
        unit: Of the numbers.
        least: More is better.
        names: Of the two.
    """
    reached = statistics.median(own) / statistics.median(other)
    good = reached >= ratio if least else reached <= ratio
    one, two = names.split()
    text = f"{reached:.2f} × ({spread(own, unit)}; {two} {spread(other, unit)})"
    return Figure(
        what, f"{'≥' if least else '≤'} {ratio:g} ×", text, good, {one: rounded(own), two: rounded(other)}
    )  # fmt: skip


def none(what: str, counts: Sequence[tuple[int, int]]) -> Figure:
    """Commands lost and doubled, in all rounds together."""
    lost, doubled = (sum(column) for column in zip(*counts, strict=True))
    values = {"lost": [float(one) for one, _ in counts], "doubled": [float(two) for _, two in counts]}
    return Figure(what, "0 lost, 0 doubled", f"{lost} lost, {doubled} doubled", lost + doubled == 0, values)


def spread(values: Values, unit: str) -> str:
    """The median, and the least and the most."""
    middle, least, most = (f"{value:.3g}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} {unit}" if len(values) == 1 else f"{middle} {unit}, {least}–{most}"


def rounded(values: Values) -> list[float]:
    return [round(value, 3) for value in values]
