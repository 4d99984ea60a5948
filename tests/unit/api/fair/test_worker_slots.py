"""The slots of the workers, from their outcomes."""

import msgspec
from splitflap_api.domain.fair.ledger import WORKER_KEPT, WorkerSlots
from splitflap_core.contracts import JobOutcome
from splitflap_core.outcomes import Done


def outcome(worker: str, slots: int) -> JobOutcome:
    """An outcome of a render."""
    return JobOutcome("j", "render", 1, Done(msgspec.Raw(b"{}")), 0.1, worker, slots=slots)


def test_the_slots_of_busy_workers_add_up() -> None:
    """A worker that has sent nothing lately has left."""
    now = [0.0]
    workers = WorkerSlots(lambda: now[0])
    workers.note(outcome("first", 2))
    now[0] = WORKER_KEPT
    workers.note(outcome("second", 4))
    assert workers.count("render") == 6
    assert workers.count("scrape") == 0
    now[0] += 1
    assert workers.count("render") == 4
