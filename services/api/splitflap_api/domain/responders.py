"""Responders make final responses; this is their one registry.

A task's row keeps the name of its responder. In a rolling upgrade an older replica meets tasks with
a responder of the newer release. It leaves these tasks and their outcomes to a newer replica.

LookupError
 +-- UnknownResponder   a task's row names a responder of another release
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection

from splitflap_api.domain.changes import Changes, Row

logger = logging.getLogger(__name__)

#: Seconds between two log lines about unknown responders at least.
LOG_EVERY = 10.0


@dataclass(frozen=True)
class Completion:
    """The tasks of one responder that end in a transaction, and the outcomes of some, by task."""

    tx: Connection
    changes: Changes
    tasks: Sequence[Row]
    outcomes: Mapping[str, Outcome]


#: Makes the final responses of a completion's tasks, in their order, as `Final.of` takes them.
Responder = Callable[[Completion], Sequence[Any]]


class UnknownResponder(LookupError):
    """Tasks name responders of another release."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        super().__init__(", ".join(self.names))


class Responders:
    """The responders of this release by name."""

    def __init__(self, functions: Iterable[Responder], metrics: Metrics) -> None:
        """Raises ValueError if two functions have one name."""
        self._by_name: dict[str, Responder] = {}
        for function in functions:
            name = function.__name__
            if self._by_name.setdefault(name, function) is not function:
                raise ValueError(f"two responders are called {name!r}: rename one of them")
        self.names = tuple(self._by_name)
        self._unknown = metrics.counter("splitflap_unknown_responders_total")
        self._logged_at = float("-inf")

    def check(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Raise LookupError unless the registry has all these functions under their names."""
        if missing := [
            name for name, function in functions.items() if self._by_name.get(name) is not function
        ]:
            raise LookupError(f"responders missing from the registry: {', '.join(missing)}")

    def groups(self, rows: Iterable[Row]) -> list[tuple[Responder, list[Row]]]:
        """Rows of tasks by their responders.

        Raises:
            UnknownResponder: a row has another name.
        """
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(row["finish"], []).append(row)
        if unknown := groups.keys() - self._by_name.keys():
            raise UnknownResponder(unknown)
        return [(self._by_name[name], group) for name, group in groups.items()]

    def knows(self, row: Row) -> bool:
        """Whether this release has the responder of a task's row."""
        return row["finish"] in self._by_name

    def note_left(self, names: Iterable[str], what: str) -> None:
        """Count and log work that this replica left to another one."""
        self._unknown.inc()
        if time.monotonic() - self._logged_at < LOG_EVERY:
            return
        self._logged_at = time.monotonic()
        logger.warning(
            "%s left to another replica: this release lacks the responder %s. Finish the upgrade, "
            "start a replica of the release that accepted these tasks, or cancel them",
            what,
            ", ".join(sorted(names)),
        )
