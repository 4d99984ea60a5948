"""The API's parts, wired; how they start, and in which order they stop.

The server makes the first three steps of a stop (server/worker.py):

1. The server accepts no new connection.
2. Streams end, with a `retry:` for their clients, and waits for tasks end.
3. Running requests finish.
4. The loops of the backlog and of the publisher end. The reconciler takes no more retries, the
   webhooks no more tries, and the consumer no more outcomes. They commit and ack their last batch.
5. The last group commit and the last shared reads end. The history gets the last counts, and the
   last events get their ids.
6. The dispatcher publishes its jobs, and marks the confirmed ones. The last spans are exported.
7. The database's connections close, then the health port, which answers until then.
"""

import logging
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable

from flask import request
from splitflap_core.broker import backend_for
from splitflap_core.health import HealthServer
from splitflap_core.telemetry import Metrics
from splitflap_core.topology import DELIVER_QUEUE
from splitflap_core.tracing.setup import Tracing

from asyncrequest import AsyncRequests
from splitflap_api.contract.paths import PREFIX
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.domain.fair.ledger import Ledger
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.final_responses import RESPONDERS
from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.responders import Responders
from splitflap_api.domain.tasks import Tasks
from splitflap_api.domain.webhooks.deliveries import Pace
from splitflap_api.http.app import make_app
from splitflap_api.http.auth import caller
from splitflap_api.http.operator.live_status import LiveStatus
from splitflap_api.http.services import Services
from splitflap_api.http.traces import traced
from splitflap_api.http.waiting import RequestBackend
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.loops.announcer import Announcer
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.history import Recorder
from splitflap_api.loops.long_requests.feed import Feed
from splitflap_api.loops.long_requests.key_watch import KeyWatch
from splitflap_api.loops.long_requests.status_feed import StatusFeed
from splitflap_api.loops.outcomes.queue_depths import SignsOfLoss
from splitflap_api.loops.outcomes.results import Results
from splitflap_api.loops.pods import PodCounts
from splitflap_api.loops.publisher import Publisher
from splitflap_api.loops.reconcile import Reconciler
from splitflap_api.loops.retention import Retention
from splitflap_api.loops.sequencer import Sequencer
from splitflap_api.loops.waiters import Waiters
from splitflap_api.loops.webhooks.webhooks import Webhooks
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.acting import ActingLimits
from splitflap_api.overload.admission import Admission
from splitflap_api.overload.backlog import Backlog, Limits
from splitflap_api.overload.cors import Cors
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.page import Page
from splitflap_api.settings import ApiSettings
from splitflap_api.store.embedded import DatabaseDamaged
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.migrate import UnusableSchema, check_schema, migrate
from splitflap_api.store.outbox import Outbox
from splitflap_api.transactions.accept import TaskTransactions
from splitflap_api.transactions.dead_letters import DeadLetterBatches
from splitflap_api.transactions.fair import FairPublishing
from splitflap_api.transactions.ingest import Ingest
from splitflap_api.transactions.replay import Replayer
from splitflap_api.transactions.webhooks import WebhookTransactions

logger = logging.getLogger(__name__)

#: Seconds between tries to find a database with a schema.
TRY_EVERY = 1.0

#: Seconds for each step of a stop from the fourth on, and for all of them together. The end of the
#: feed and the last polls of two links come on top, within gunicorn's limit (DRAIN in
#: server/application.py).
STEP = 4.0
STEPS = 10.0


class ApiService:
    """One API process."""

    def __init__(self, settings: ApiSettings, waiters: Waiters | None = None) -> None:
        """Requests wait for commits, and streams for events, by `waiters`: threads unless given."""
        self.settings = settings
        replica = uuid.uuid4().hex[:12]

        # Metrics, the database, and the broker's kind.
        self.metrics = metrics = Metrics("api")
        self.store = store = Store(settings.database_url, settings.data_dir, settings.database_pool)
        backend = backend_for(settings)
        self._keyring = Keyring(store)

        # How tasks end, and how outcomes change rows.
        self._responders = Responders(RESPONDERS)
        self._urls = PreviewUrls(settings.address_rules, settings.image_proxy)
        tasks = Tasks(self._responders, settings.task_retention, metrics, self._urls)
        router, ledger = Router(), Ledger()
        self._tracing = Tracing("api", metrics, settings.broker_url)
        tracer = self._tracing.tracer
        ingest = Ingest(store, tasks, metrics, settings.preview_wait, router, ledger, tracer)
        reader = OutcomeReader(settings.address_rules)

        # Publishing, numbering events, and waking streams and requests.
        self._feed = Feed(store, waiters)
        self._signs = SignsOfLoss()
        self._dispatcher = Dispatcher(
            store,
            backend,
            metrics,
            replica,
            # Jobs of a lost queue are due again, and only this role publishes them.
            declares="outcomes" in settings.roles,
            on_wake_up=self._wake_all,
            on_up=self._on_up,
            tracer=tracer,
        )
        self._publisher = Publisher(
            FairPublishing(store, ledger, router),
            router,
            self._dispatcher,
            lambda queue: self._results.queues.consumers_of(queue),  # noqa: PLW0108 - made below
            releases="outcomes" in settings.roles,
        )
        self._sequencer = (
            None if store.is_sqlite else Sequencer(Outbox(store).number_first, self._tell_of_events)
        )
        after_commit = Announcer(
            self._dispatcher,
            self._publisher,
            # A lambda, because the acceptor is made below.
            lambda: self._acceptor.wake(),  # noqa: PLW0108 - as above
            self._sequencer.wake if self._sequencer else self._tell_of_events,
        )

        # Requests.
        transactions = TaskTransactions(store, tasks, metrics, after_commit, router, tracer)
        self._acceptor = Acceptor(transactions, waiters)
        self._replayer = Replayer(store, self._dispatcher.link, after_commit, router)

        # Overload.
        limits = Limits(settings.max_unfinished_age, settings.max_unpublished_age)
        self._accounts = AccountBacklogs()
        self._backlog = Backlog(
            store,
            limits,
            self._dispatcher.oldest,
            lambda: self._dispatcher.link.up,
            lambda: router.states,
            self._accounts,
        )

        # Outcomes, and all that is due.
        self._results = Results(
            store, ingest, reader, backend, metrics, replica, after_commit, self._signs
        )
        retention = Retention(
            tombstones=int(settings.tombstone_retention * 1000),
            events=int(settings.event_retention * 1000),
        )
        self._reconciler = Reconciler(
            store,
            tasks,
            ingest,
            metrics,
            retention,
            broker_is_up=lambda: self._dispatcher.link.up,
            is_publishing=self._dispatcher.marker.is_pending,
            signs=self._signs,
            after_commit=after_commit,
            router=router,
        )

        # Webhooks.
        self._webhooks = Webhooks(
            WebhookTransactions(store, Pace(settings.webhook_backoff, settings.webhook_lease)),
            backend,
            self._dispatcher.link,
            metrics,
            replica,
            lambda: self._results.queues.consumers_of(DELIVER_QUEUE.name),
            self._signs.note_created,
        )

        # What operators see.
        self._recorder = Recorder(store, metrics, replica, gauges="outcomes" in settings.roles)
        deployments = settings.kubernetes_deployments
        self._pods = PodCounts(deployments, os.environ) if deployments else None
        self._status = LiveStatus(
            store,
            replica,
            self._recorder,
            self._results.queues,
            self._dispatcher.link,
            self._backlog,
            self._accounts,
            self._pods.now if self._pods else dict,
        )
        self._status_feed = StatusFeed(self._status.read_json, waiters)
        metrics.gauge("splitflap_event_streams").set_function(
            lambda: self._feed.streams + self._status_feed.streams
        )
        self._key_watch = KeyWatch(
            self._keyring.valid, self._feed, self._status_feed, self._acceptor.waits
        )

        # Health.
        self._health = HealthServer((settings.health_host, settings.health_port), metrics)
        self._not_ready: str | None = "the service is starting"
        self._stopping = threading.Event()
        self._register_checks()

    def wsgi(self) -> Admission:
        """The application, with admission around it."""
        later = AsyncRequests(
            RequestBackend(self._acceptor, self._keyring),
            account=lambda: caller().account,
            prefix=PREFIX,
            traceparent=lambda: request.headers.get("traceparent"),
        )
        services = Services(
            settings=self.settings,
            metrics=self.metrics,
            store=self.store,
            keyring=self._keyring,
            acting=ActingLimits(self.settings.rate_limit, self._accounts),
            acceptor=self._acceptor,
            replayer=self._replayer,
            dead_letters=DeadLetterBatches(
                self.store, self._replayer, lambda: self._backlog.pressure
            ),
            feed=self._feed,
            later=later,
            urls=self._urls,
            status=self._status,
            status_feed=self._status_feed,
        )
        app = make_app(services)
        # A task with an unregistered responder could never end.
        self._responders.check(later.responders)
        tracer = self._tracing.tracer
        return Admission(
            traced(app.wsgi_app, tracer) if tracer else app.wsgi_app,
            self.metrics,
            RateLimiter(self.settings.rate_limit),
            self.settings.max_in_flight,
            lambda: self._not_ready,
            self._backlog.unpublished,
            self._accounts,
            self._keyring.known,
            Page.load(self.settings.page).serve if self.settings.page else None,
            Cors(self.settings.allowed_origins),
            RateLimiter(self.settings.rate_limit_act),
        )

    def start(self) -> None:
        """Start as soon as there is a database with a schema; does not wait for it."""
        self._health.start()
        self._tracing.start()
        threading.Thread(target=self._start, name="start", daemon=True).start()

    def end_streams(self) -> None:
        """The second step of a stop. From now on the service is not ready."""
        logger.info("stopping: ending streams and waits")
        self._stopping.set()
        self._not_ready = "the service is stopping"
        self._key_watch.request_stop()
        if self._pods:
            self._pods.request_stop()
        self._acceptor.waits.end_all()
        self._status_feed.stop(STEP)
        self._feed.stop(STEP)

    def stop(self) -> None:
        """The steps of a stop from the fourth on."""
        self._stopping.set()
        end = time.monotonic() + STEPS
        for step, stop in (
            ("judging the backlog", self._backlog.stop),
            ("the publisher", self._publisher.stop),
            ("the reconciler", self._reconciler.stop),
            ("the webhooks", self._webhooks.stop),
            ("the consumer of outcomes", self._results.stop),
            ("commits and reads", self._acceptor.stop),
            ("the history", self._recorder.stop),
            *([("the sequencer", self._sequencer.stop)] if self._sequencer else []),
            ("the dispatcher", self._dispatcher.stop),
            ("the traces", self._tracing.stop),
        ):
            logger.info("stopping: %s", step)
            stop(min(STEP, max(0.0, end - time.monotonic())))
        logger.info("stopping: the database's connections and the health port")
        self.store.close()
        self._health.stop()

    def _tell_of_events(self) -> None:
        self._feed.wake()
        self._dispatcher.wake_others()

    def _wake_all(self) -> None:
        self._feed.wake()
        self._acceptor.wake()

    def _on_up(self, created: frozenset[str]) -> None:
        self._signs.note_created(created)
        self._reconciler.republish_soon()

    def _start(self) -> None:
        while not self._stopping.is_set():
            try:
                self._start_once()
            except (UnusableSchema, DatabaseDamaged) as error:
                self._wait_for_database(str(error))
            except Exception as error:
                if not is_outage(error):
                    self._not_ready = "the service cannot start; its log says why"
                    logger.exception("cannot start")
                    return
                self._wait_for_database(f"the database does not answer: {error}")
            else:
                return

    def _wait_for_database(self, why: str) -> None:
        logger.warning("cannot start yet: %s; retrying in %.0f s", why, TRY_EVERY)
        self._stopping.wait(TRY_EVERY)

    def _start_once(self) -> None:
        if self.store.is_sqlite:
            migrate(self.store)
        else:
            check_schema(self.store)
        self._bootstrap()
        self._dispatcher.start()
        self._acceptor.start()
        if self._sequencer:
            self._sequencer.start()
        self._feed.start()
        self._status_feed.start()
        self._recorder.start()
        if self._pods:
            self._pods.start()
        self._key_watch.start()
        self._backlog.start()
        self._publisher.start()
        if "outcomes" in self.settings.roles:
            self._results.start()
            self._reconciler.start()
            self._webhooks.start()
        self._not_ready = None
        logger.info("serving", extra={"roles": sorted(self.settings.roles)})

    def _bootstrap(self) -> None:
        if made := self._keyring.bootstrap(self.settings.bootstrap_key):
            sys.stdout.write(f"The first key, with every scope but act, shown this once: {made}\n")
            sys.stdout.flush()

    def _register_checks(self) -> None:
        self._health.ready("service", lambda: self._not_ready)
        self._health.ready("database", self._once_started(self._backlog.silence))
        # Without the status feed, the history and the pods: no operator's view restarts a service.
        checks = {
            "publish": self._dispatcher.complaint,
            "accept": self._acceptor.complaint,
            "feed": self._feed.complaint,
            "key-watch": self._key_watch.complaint,
            "backlog": self._backlog.complaint,
            "publisher": self._publisher.complaint,
        }
        if self._sequencer:
            checks["sequencer"] = self._sequencer.complaint
        if "outcomes" in self.settings.roles:
            checks |= {
                "results": self._results.complaint,
                "reconciler": self._reconciler.complaint,
                "webhooks": self._webhooks.complaint,
            }
        for name, check in checks.items():
            self._health.live(name, self._once_started(check))

    def _once_started(self, check: Callable[[], str | None]) -> Callable[[], str | None]:
        """A loop that waits for the database has not begun, and counts as healthy."""
        return lambda: check() if self._not_ready is None else None
