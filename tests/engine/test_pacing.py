"""How fast one account may send."""

from bot.engine.pacing import Pace


def test_one_room_or_all() -> None:
    """ "Later" from one room slows; from a second one everybody waits; said of the whole account, at once."""
    pace = Pace(8)
    pace.slowed("one", 5_000, 0)
    assert (pace.room(0), pace.until) == (1, 0)
    pace.slowed("two", 4_000, 0)
    assert (pace.room(0), pace.room(4_000)) == (0, 1)
    whole = Pace(8)
    whole.slowed("one", 5_000, 0, everywhere=True)
    assert (whole.room(4_999), whole.room(5_000)) == (0, 8)
    whole.slowed("one", 3_000, 0, everywhere=True)
    assert whole.room(4_999) == 0
