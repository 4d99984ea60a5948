"""When a process that died is started again."""

#: Seconds until the second start in a row; each further one doubles it. The first is at once.
FIRST_DELAY = 0.2

#: Longest delay, in seconds.
MAX_DELAY = 5.0

#: Seconds of life after which earlier deaths are forgotten.
STEADY_AFTER = 30.0


class Backoff:
    """Delays that grow with each death in a row."""

    def __init__(self) -> None:
        self._deaths = 0

    def delay(self, lived: float) -> float:
        """Seconds to wait after a process that lived this long (seconds)."""
        self._deaths = 1 if lived >= STEADY_AFTER else self._deaths + 1
        if self._deaths == 1:
            return 0.0
        # The exponent is bounded, for a process may die for days.
        return float(min(MAX_DELAY, FIRST_DELAY * 2 ** min(self._deaths - 2, 10)))
