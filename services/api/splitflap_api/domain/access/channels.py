"""The channels that a key may see and write: names, and beginnings of names."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, false, func, or_

#: Ends a pattern that stands for all names with this beginning.
ANY_REST = "*"


@dataclass(frozen=True)
class Channels:
    """The channels of a key. Names are compared character by character, with their case."""

    names: frozenset[str]
    beginnings: tuple[str, ...]

    @classmethod
    def of(cls, patterns: Sequence[str]) -> "Channels":
        """The channels of these patterns, such as `general` and `team-*`."""
        return cls(
            frozenset(each for each in patterns if not each.endswith(ANY_REST)),
            tuple(each.removesuffix(ANY_REST) for each in patterns if each.endswith(ANY_REST)),
        )

    @classmethod
    def stored(cls, column: str | None) -> "Channels":
        """The channels in the column of a key: a list in JSON, or NULL for all."""
        return ALL if column is None else cls.of(msgspec.json.decode(column, type=list[str]))

    @property
    def are_all(self) -> bool:
        """Whether no channel is missing, also no future one."""
        return "" in self.beginnings

    def __contains__(self, channel: str) -> bool:
        return channel in self.names or channel.startswith(self.beginnings)

    def holds(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """The condition that a column of channels has one of them."""
        if self.are_all:
            raise ValueError("no condition is needed")
        # LIKE of SQLite ignores the case.
        begins = [func.substr(column, 1, len(each)) == each for each in self.beginnings]
        return or_(column.in_(sorted(self.names)), *begins) if self.names else or_(false(), *begins)


ALL = Channels(frozenset(), ("",))
