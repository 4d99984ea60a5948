"""The seam between transactions and loops: what happens after a commit."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from splitflap_api.domain.changes import Row
from splitflap_api.domain.fair.shares import JobOwner


class AfterCommit(Protocol):
    """The steps after a commit. Call them outside of the transaction. Both return at once."""

    def publish(self, jobs: Sequence[Row], joined: Mapping[str, JobOwner]) -> None:
        """Hand committed jobs to the broker. The reconciler publishes the refused ones.

        Held jobs wait for their turn. The owners of `joined` wait for these jobs of others.
        """

    def changed(self) -> None:
        """Wake streams and waiting requests, here and on other replicas."""
