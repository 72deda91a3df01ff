"""Pacing: how fast one account may send, learnt from what its platform says."""


class Pace:
    """One account's budget: so many at once, or nobody until a moment (machine milliseconds).

    A platform that says "later" may mean this room or the whole account. So the next message goes alone; when it
    hears the same from another room, everybody waits. Each message that goes well lets one more go beside it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._at_once = most
        self._under_way = 0
        self._told: dict[str, int] = {}
        self.until = 0

    def room(self, machine: int) -> int:
        """How many more may begin at this moment."""
        return max(self._at_once - self._under_way, 0) if self.until <= machine else 0

    def begin(self) -> None:
        self._under_way += 1

    def end(self, *, well: bool) -> None:
        """One is no longer under way; `well`: it arrived."""
        self._under_way -= 1
        if well:
            self._at_once = min(self._at_once + 1, self._most)

    def slowed(self, place: str, until: int, machine: int, *, everywhere: bool = False) -> None:
        """A message to a place was told to come back at a moment; `everywhere`: so is every other one."""
        if everywhere:
            self.until = max(self.until, until)
            return
        self._told = {p: moment for p, moment in self._told.items() if moment > machine and p != place}
        if self._told:
            self.until = max(self.until, min(until, *self._told.values()))
        self._told[place] = until
        self._at_once = 1
