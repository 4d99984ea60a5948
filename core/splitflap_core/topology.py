"""The only declaration of Splitflap's exchanges and queues.

    jobs (direct)    -> render, scrape                    API -> workers
                     -> render.express, scrape.express    API -> workers, beside a flood
                     -> deliver                           API -> scraper, tries of webhooks
    results (direct) -> results                           workers -> API
                     -> results.express                   workers -> API, outcomes of express jobs
                     -> delivered                         scraper -> API, the ends of these tries
    dead (fanout)    -> dead                              all services -> API, which stores them
    events (fanout)  -> one per replica                   API -> API, empty messages as wake-ups

All queues but the replicas' own are quorum queues. RabbitMQ moves a message that reaches its
delivery limit to `dead`, at least once. At-least-once dead lettering needs overflow reject-publish
(RabbitMQ's guide "Quorum Queues"). A job waits for its worker without a limit of time.

The arguments of an existing queue are fixed. After a change here, the API deletes the queue and
declares it anew: the database has the jobs.

Splitflap works without the optional queues, those of express jobs and of webhooks: an older API has
not declared them, and broker users with the rights of an older release may not use them.
"""

from dataclasses import dataclass
from typing import Any

from kombu import Exchange, Queue

from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS, SCRAPE, KindSpec

#: Deliveries after which RabbitMQ dead-letters a message. This is a backstop, so it is high: a
#: crash of a worker counts as a failed delivery for every job that the worker holds.
DELIVERY_LIMIT = 20

#: Deliveries of a job after which a worker answers RetryLater instead of trying the job.
REDELIVERED_TOO_OFTEN = 3

#: Milliseconds that a dead letter waits for an API at most.
DEAD_TTL_MS = 7 * 24 * 3_600_000

JOBS = Exchange("jobs", "direct", durable=True)
RESULTS = Exchange("results", "direct", durable=True)
DEAD = Exchange("dead", "fanout", durable=True)
EVENTS = Exchange("events", "fanout", durable=True)
EXCHANGES = (JOBS, RESULTS, DEAD, EVENTS)

#: Milliseconds for which a try of a webhook waits for the scraper. The API publishes it again later
#: (its setting WEBHOOK_LEASE), with a new time in its signature.
DELIVER_TTL_MS = 40_000


def _quorum(name: str, exchange: Exchange, **arguments: object) -> Queue:
    return Queue(
        name,
        exchange,
        routing_key=name,
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-overflow": "reject-publish",
            **arguments,
        },
    )


_TO_DEAD = {"x-dead-letter-exchange": DEAD.name, "x-dead-letter-strategy": "at-least-once"}

#: The queue of each kind of job. It has the kind's name.
JOB_QUEUES: dict[Kind, Queue] = {kind: _quorum(kind, JOBS, **_TO_DEAD) for kind in KINDS}

#: The queue of each kind for jobs that must not wait behind the jobs of other accounts.
EXPRESS_QUEUES: dict[Kind, Queue] = {
    kind: _quorum(f"{kind}.express", JOBS, **_TO_DEAD) for kind in KINDS
}
RESULTS_QUEUE = _quorum("results", RESULTS, **_TO_DEAD)

#: The queue for the outcomes of express jobs: they do not wait behind those of a flood either.
EXPRESS_RESULTS_QUEUE = _quorum("results.express", RESULTS, **_TO_DEAD)
DEAD_QUEUE = _quorum("dead", DEAD, **{"x-message-ttl": DEAD_TTL_MS})

#: The tries of webhooks, and their ends. The API has each delivery until it has ended.
DELIVER_QUEUE = _quorum("deliver", JOBS, **{"x-message-ttl": DELIVER_TTL_MS})
DELIVERED_QUEUE = _quorum("delivered", RESULTS, **_TO_DEAD)

#: Without one of these queues no session works.
REQUIRED_QUEUES = (*JOB_QUEUES.values(), RESULTS_QUEUE, DEAD_QUEUE)
OPTIONAL_QUEUES = (
    *EXPRESS_QUEUES.values(),
    EXPRESS_RESULTS_QUEUE,
    DELIVER_QUEUE,
    DELIVERED_QUEUE,
)
QUEUES = (*REQUIRED_QUEUES, *OPTIONAL_QUEUES)

#: The names of the queues that a broker may lack or refuse.
OPTIONAL_NAMES = frozenset(queue.name for queue in OPTIONAL_QUEUES)

#: The names of the express queues.
EXPRESS_NAMES = frozenset(queue.name for queue in (*EXPRESS_QUEUES.values(), EXPRESS_RESULTS_QUEUE))

#: The names of the queues of reports about jobs.
RESULTS_NAMES = frozenset({RESULTS_QUEUE.name, EXPRESS_RESULTS_QUEUE.name})

#: The kind of the jobs in each queue of jobs.
KIND_OF: dict[str, Kind] = {
    queue.name: kind for queues in (JOB_QUEUES, EXPRESS_QUEUES) for kind, queue in queues.items()
}

#: The queues of jobs and of reports about jobs.
WORK_QUEUES = (*KIND_OF, *RESULTS_NAMES)

#: The queues whose messages the API can make again from the database.
REPLACEABLE = (*WORK_QUEUES, DELIVER_QUEUE.name, DELIVERED_QUEUE.name)

#: The service that reads each queue.
READER_OF = {
    **{queue: KINDS[kind].service for queue, kind in KIND_OF.items()},
    **dict.fromkeys((*RESULTS_NAMES, DEAD_QUEUE.name, DELIVERED_QUEUE.name), "api"),
    DELIVER_QUEUE.name: SCRAPE.service,
}


@dataclass(frozen=True)
class Rights:
    """The permissions of a service's user in the virtual host, as regular expressions."""

    configure: str
    write: str
    read: str


#: Everything in the topology, and the lock of a replacement. Binding a queue needs rights on the
#: queue and on the exchange.
_ALL = (
    rf"^(jobs|({'|'.join(KINDS)}|results)(\.express)?|deliver(ed)?|dead|events(\..+)?|replace\..+)$"
)


def _read_by(spec: KindSpec[Any, Any]) -> str:
    own = rf"{spec.name}(\.express)?"
    return f"^({own}|{DELIVER_QUEUE.name})$" if spec is SCRAPE else f"^{own}$"


#: The least permissions of each service. A worker reads its own two queues, and writes outcomes and
#: dead letters. The scraper reads the tries of webhooks too.
RIGHTS = {
    "api": Rights(_ALL, _ALL, _ALL),
    **{spec.service: Rights("^$", "^(results|dead)$", _read_by(spec)) for spec in KINDS.values()},
}


def wake_up_queue(replica: str) -> Queue:
    """The wake-up queue of one API replica. It ends with the replica's connection."""
    return Queue(
        f"events.{replica}", EVENTS, exclusive=True, auto_delete=True, durable=False, max_length=1
    )
