"""The base class of all nemeses."""

import time
from abc import ABC, abstractmethod
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from tests.faults.world import World

if TYPE_CHECKING:
    from tests.faults.clients.load import Load


class Nemesis(ABC):
    """Causes one kind of fault, round by round, and repairs it at the end of each round.

    Rounds run in the main thread, since a process dies with the thread that started it.
    """

    #: The name in the table.
    name: ClassVar[str]

    def __init__(self, world: World, load: "Load", rng: Random, pace: float = 1.0) -> None:
        """Break `world` under `load`. `pace` is a factor for the time of each fault."""
        self.world = world
        self.load = load
        self.rng = rng
        self._pace = pace

    @classmethod
    def missing(cls) -> str:
        """The missing requirement on this machine; empty if the nemesis can run."""
        return ""

    @abstractmethod
    def round(self) -> None:
        """Cause the fault, hold it for a while, and repair it."""

    def begin(self) -> None:  # noqa: B027 - most nemeses need no preparation
        """Prepare the first round."""

    def end(self) -> None:  # noqa: B027 - as above
        """Clean up after the last round, also after a failure."""

    def hold(self, least: float, most: float) -> None:
        """Sleep for a random time between `least` and `most` seconds."""
        time.sleep(self._pace * self.rng.uniform(least, most))

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.end()
