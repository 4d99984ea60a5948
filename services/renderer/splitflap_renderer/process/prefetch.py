"""How many texts a renderer holds: what keeps its processes busy, and no more.

What one renderer has been handed, another that is started beside it cannot have. So it holds as
many texts as it renders in half a second, by how long they took of late: full trips of what people
write, and of texts that take a tenth of a second each a few. It begins with few. A quarter of them
may be slow ones (lanes.py), so that others always have room.
"""

#: Seconds of all processes' work.
SECONDS = 0.5

#: Texts for each process at least.
LEAST = 8

#: How much each text counts less than the one after it.
DECAY = 1 - 1 / 64

#: Texts before which nothing is known.
FEW = 8


class PrefetchController:
    """A count that follows a mean, in steps of two: each change costs the broker's answers."""

    def __init__(self, slots: int, most: int) -> None:
        """`slots` texts are rendered at a time, and never more than `most` are held."""
        self._slots = slots
        self._most = most
        self._least = min(most, LEAST * slots)
        self._seconds = 0.0
        self._texts = 0.0
        self._seen = 0
        self.count = self._least

    @property
    def slow(self) -> int:
        """How many of them may be slow."""
        return max(1, self.count // 4)

    def took(self, seconds: float) -> bool:
        """Take into account how long a text had a process; whether the count has changed."""
        self._seconds = self._seconds * DECAY + seconds
        self._texts = self._texts * DECAY + 1
        self._seen += 1
        if self._seen < FEW:
            return False
        mean = max(self._seconds / self._texts, 1e-6)
        wanted = max(self._least, min(self._most, int(SECONDS * self._slots / mean)))
        if self.count < 2 * wanted and wanted < 2 * self.count:
            return False
        self.count = wanted
        return True
