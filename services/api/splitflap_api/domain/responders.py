"""Responders make final responses; this is their one registry.

A task's row keeps the name of its responder. In a rolling upgrade an older replica meets tasks with
a responder of the newer release. It stores their outcomes for a newer replica (domain/tasks.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitflap_core.outcomes import Outcome
from sqlalchemy import Connection

from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.preview_urls import PreviewUrls


@dataclass(frozen=True)
class Completion:
    """The tasks of one responder that end in a transaction, and the outcomes of some, by task.

    A responder calls `set_state` or `Changes.write_rendered_posts` before it reads posts. `urls`
    gives the URLs of previews in the responses.
    """

    tx: Connection
    changes: Changes
    tasks: Sequence[Row]
    outcomes: Mapping[str, Outcome]
    urls: PreviewUrls


#: Makes the final responses of a completion's tasks, in their order, as `Final.of` takes them.
#: A generator makes them while earlier ones are written.
Responder = Callable[[Completion], Iterable[Any]]


class Responders:
    """The responders of this release by name."""

    def __init__(self, functions: Iterable[Responder]) -> None:
        """Raises ValueError if two functions have one name."""
        self._by_name: dict[str, Responder] = {}
        for function in functions:
            name = function.__name__
            if self._by_name.setdefault(name, function) is not function:
                raise ValueError(f"two responders are called {name!r}: rename one of them")
        self.names = tuple(self._by_name)

    def check(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Raise LookupError unless the registry has all these functions under their names."""
        if missing := [
            name for name, function in functions.items() if self._by_name.get(name) is not function
        ]:
            raise LookupError(f"responders missing from the registry: {', '.join(missing)}")

    def groups(self, rows: Iterable[Row]) -> tuple[list[tuple[Responder, list[Row]]], list[Row]]:
        """Rows of tasks by their responders, and the rows with a responder of another release."""
        groups: dict[str, list[Row]] = {}
        unknown: list[Row] = []
        for row in rows:
            if row["finish"] in self._by_name:
                groups.setdefault(row["finish"], []).append(row)
            else:
                unknown.append(row)
        return [(self._by_name[name], group) for name, group in groups.items()], unknown
