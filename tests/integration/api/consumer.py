"""A rig's consumer of outcomes, with a worker at the other end of the broker."""

from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.loops.results import Results
from splitflap_core.broker import BrokerBackend
from splitflap_core.contracts import JobOutcome, encode
from splitflap_core.urls.addresses import PUBLIC_ONLY

from tests.support.peer import Peer
from tests.unit.api.rig import Rig


class Consumer:
    """A rig's consumer and its worker."""

    def __init__(self, rig: Rig, backend: BrokerBackend) -> None:
        self.worker = Peer(backend).started()
        self.results = Results(
            rig.store,
            rig.ingest,
            OutcomeReader(PUBLIC_ONLY),
            backend,
            rig.metrics,
            "test",
            rig,
        )

    def publish(self, *outcomes: JobOutcome) -> None:
        """Publish outcomes. Before the consumer starts they gather into one batch."""
        bodies = [encode(outcome) for outcome in outcomes]
        self.worker.publish(*bodies, key="results", exchange="results")
        self.worker.wait(lambda: len(self.worker.sent) == len(bodies), "the confirms")

    def start(self) -> None:
        """Start to consume."""
        self.results.link.start()

    def stop(self) -> None:
        """Close both links."""
        self.results.link.stop(1)
        self.worker.link.stop(1)
