"""A rig's consumer of outcomes, with a worker at the other end of the broker."""

from functools import partial

from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.loops.outcomes.results import Results
from splitflap_core.broker import BrokerBackend, OutgoingMessage
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
            rig.signs,
        )

    @property
    def unsettled(self) -> int:
        """How many deliveries wait for their commit and ack."""
        links = (self.results.normal, self.results.express)
        return sum(len(each.small.gathered) + len(each.large.gathered) for each in links)

    def publish(self, *outcomes: JobOutcome, queue: str = "results") -> None:
        """Publish outcomes. Before the consumer starts they gather into one batch."""
        self.publish_bodies(*(encode(outcome) for outcome in outcomes), queue=queue)

    def publish_bodies(self, *bodies: bytes, queue: str = "results") -> None:
        """Publish messages to a queue of outcomes."""
        before = len(self.worker.sent)
        self.worker.publish(*bodies, key=queue, exchange="results")
        self.worker.wait(lambda: len(self.worker.sent) == before + len(bodies), "the confirms")

    def give_up(self, body: bytes, **headers: str) -> None:
        """Publish a dead letter."""
        self.worker.link.publish(
            OutgoingMessage("dead", "", body, partial(self.worker.note_settled, body), headers)
        )
        self.worker.wait(lambda: body in self.worker.sent, "the confirm")

    def start(self) -> None:
        """Start to consume."""
        self.results.start()

    def stop(self) -> None:
        """Close both links."""
        self.results.stop(1)
        self.worker.link.stop(1)
