"""The seam between transactions and loops: what happens after a commit."""

from collections.abc import Sequence
from typing import Protocol

from splitflap_api.domain.changes import Row


class AfterCommit(Protocol):
    """The steps after a commit. Call them outside of the transaction. Both return at once."""

    def publish(self, jobs: Sequence[Row]) -> None:
        """Hand committed jobs to the broker. The reconciler publishes the refused ones."""

    def changed(self) -> None:
        """Wake streams and waiting requests, here and on other replicas."""
