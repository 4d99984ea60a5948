"""The prefetch: how many texts one renderer holds.

Texts that one renderer holds are out of reach for a replica that starts later. So a renderer holds
only the texts that its processes render in half a second, computed from the recent times of texts.
For texts that people write, that is full batches. For texts of 0.1 s each, it is a few.
The controller starts at the minimum. A quarter of the prefetch may be slow texts (lanes.py).
"""

#: Seconds of work that a renderer holds for all of its processes together.
TARGET_SECONDS = 0.5

#: Fewest texts held for each process.
MIN_PER_PROCESS = 8

#: Weight of a text relative to the weight of the text after it.
DECAY = 1 - 1 / 64

#: Texts observed before the count follows the mean.
MIN_SAMPLES = 8


class PrefetchController:
    """A count that follows the mean time of a text.

    The count changes only by a factor of two or more: a change costs a round trip to the broker.
    """

    def __init__(self, slots: int, most: int) -> None:
        """`slots` texts are rendered at a time; `most` bounds the count."""
        self._slots = slots
        self._most = most
        self._least = min(most, MIN_PER_PROCESS * slots)
        self._weighted_seconds = 0.0
        self._weight = 0.0
        self._samples = 0
        self.count = self._least

    @property
    def slow_limit(self) -> int:
        """Largest number of slow texts among those held."""
        return max(1, self.count // 4)

    def observe(self, seconds: float) -> bool:
        """Add the time that a text occupied a process. True if the count has changed."""
        self._weighted_seconds = self._weighted_seconds * DECAY + seconds
        self._weight = self._weight * DECAY + 1
        self._samples += 1
        if self._samples < MIN_SAMPLES:
            return False
        mean = max(self._weighted_seconds / self._weight, 1e-6)
        wanted = max(self._least, min(self._most, int(TARGET_SECONDS * self._slots / mean)))
        if self.count < 2 * wanted and wanted < 2 * self.count:
            return False
        self.count = wanted
        return True
