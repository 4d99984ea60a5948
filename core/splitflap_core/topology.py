"""The exchanges and queues of Splitflap, declared here and nowhere else.

    jobs (direct)    -> render, scrape     API -> workers
    results (direct) -> results            workers -> API
    dead (fanout)    -> dead               what no service could use -> API, which keeps it
    events (fanout)  -> one per replica    a wake-up without content, API -> API

All but the replicas' own queues are quorum queues. What RabbitMQ itself gives up on (a delivery
limit, an age) goes to `dead` at least once; that needs overflow reject-publish (RabbitMQ's guide
"Quorum Queues", section on dead lettering). Arguments cannot be changed on a queue that exists.
"""

from dataclasses import dataclass

from kombu import Exchange, Queue

from splitflap_core.contracts import Kind
from splitflap_core.kinds import JOB_DEADLINE_MS, KINDS

#: Deliveries after which RabbitMQ dead-letters a message. Only a backstop: a worker process that
#: dies takes its innocent neighbours back to the queue with it, and those must not be lost.
DELIVERY_LIMIT = 20

#: Deliveries after which a worker hands a job back to the API instead of trying it.
REDELIVERED_TOO_OFTEN = 3

#: Milliseconds that a dead letter may wait for an API to take it over.
DEAD_TTL_MS = 7 * 24 * 3_600_000

JOBS = Exchange("jobs", "direct", durable=True)
RESULTS = Exchange("results", "direct", durable=True)
DEAD = Exchange("dead", "fanout", durable=True)
EVENTS = Exchange("events", "fanout", durable=True)
EXCHANGES = (JOBS, RESULTS, DEAD, EVENTS)


def _quorum(name: str, exchange: Exchange, ttl: int, **arguments: object) -> Queue:
    return Queue(
        name,
        exchange,
        routing_key=name,
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-message-ttl": ttl,
            "x-overflow": "reject-publish",
            **arguments,
        },
    )


_TO_DEAD = {"x-dead-letter-exchange": DEAD.name, "x-dead-letter-strategy": "at-least-once"}

#: The queue of each kind of job. It has the kind's name.
JOB_QUEUES: dict[Kind, Queue] = {
    kind: _quorum(kind, JOBS, JOB_DEADLINE_MS, **_TO_DEAD) for kind in KINDS
}
RENDER_QUEUE = JOB_QUEUES["render"]
SCRAPE_QUEUE = JOB_QUEUES["scrape"]
RESULTS_QUEUE = _quorum("results", RESULTS, JOB_DEADLINE_MS, **_TO_DEAD)
DEAD_QUEUE = _quorum("dead", DEAD, DEAD_TTL_MS)
QUEUES = (*JOB_QUEUES.values(), RESULTS_QUEUE, DEAD_QUEUE)


@dataclass(frozen=True)
class Rights:
    """What a service's user may do in the virtual host: RabbitMQ's three regular expressions."""

    configure: str
    write: str
    read: str


#: All that the API declares; to bind a queue takes rights on both of its ends.
_ALL = rf"^(jobs|{'|'.join(KINDS)}|results|dead|events(\..+)?)$"

#: The least that each service can work with. A worker takes its jobs and gives outcomes, and can
#: neither make jobs nor read another's.
RIGHTS = {
    "api": Rights(_ALL, _ALL, _ALL),
    **{spec.service: Rights("^$", "^(results|dead)$", f"^{spec.name}$") for spec in KINDS.values()},
}


def wake_up_queue(replica: str) -> Queue:
    """The queue by which one API replica is woken; it goes with the replica's connection."""
    return Queue(
        f"events.{replica}", EVENTS, exclusive=True, auto_delete=True, durable=False, max_length=1
    )
