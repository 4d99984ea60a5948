"""What every nemesis is."""

import time
from abc import ABC, abstractmethod
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from tests.faults.world import World

if TYPE_CHECKING:
    from tests.faults.row import Load


class Nemesis(ABC):
    """Breaks something, round by round, and has it healed at the end of each round.

    Its rounds run in the main thread: processes that it starts die with who starts them.
    """

    #: What stands in the table.
    name: ClassVar[str]

    def __init__(self, world: World, load: "Load", dice: Random, pace: float = 1.0) -> None:
        """`pace` is how long it holds, as a share of what is usual."""
        self.world = world
        self.load = load
        self.dice = dice
        self._pace = pace

    @classmethod
    def missing(cls) -> str:
        """What it needs and does not find here; nothing where it can run."""
        return ""

    @abstractmethod
    def round(self) -> None:
        """Break it, hold it, heal it."""

    def begin(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Before the first round."""

    def end(self) -> None:  # noqa: B027 - as above
        """After the last round, whatever happened."""

    def hold(self, least: float, most: float) -> None:
        """Let time pass (seconds)."""
        time.sleep(self._pace * self.dice.uniform(least, most))

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.end()
