"""The API's parts, wired; how they start, and in which order they stop.

The order of a stop, the first three steps being the server's (server/worker.py):

1. no new connection is accepted;
2. streams end, with a `retry:` for their clients, and so do waits for tasks;
3. running requests finish;
4. no more outcomes and retries are taken on; what was taken is committed and acked;
5. the last group commit is done;
6. what it made is published and confirmed, and the confirmed are marked;
7. the database's connections close, then the health port, which is watched until then.
"""

import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from flask import request
from splitflap_core.broker import backend_for
from splitflap_core.health import HealthServer
from splitflap_core.telemetry import Metrics

from asyncrequest import AsyncRequests
from splitflap_api.contract.paths import PREFIX
from splitflap_api.domain import final_responses
from splitflap_api.domain.keys import Keyring
from splitflap_api.domain.tasks import Tasks
from splitflap_api.http.app import make_app
from splitflap_api.http.auth import caller
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import SlotReleasingBackend
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.feed import Feed
from splitflap_api.loops.reconcile import Reconciler
from splitflap_api.loops.results import Results
from splitflap_api.loops.retention import Retention
from splitflap_api.overload.admission import Admission
from splitflap_api.overload.backlog import Backlog, Limits
from splitflap_api.overload.rate import RateLimiter
from splitflap_api.settings import ApiSettings
from splitflap_api.store.batcher import Waiters
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.migrate import SchemaBehind, check_schema, migrate
from splitflap_api.transactions.accept import Acceptor, Hooks
from splitflap_api.transactions.ingest import Ingest
from splitflap_api.transactions.replay import Replayer

logger = logging.getLogger(__name__)

#: Seconds between tries to find a database with a schema.
TRY_EVERY = 1.0

#: Seconds that each step of a stop may take, from the fourth on, and that all of them may. The
#: feed's end before them and the last turns of two links come on top, within what gunicorn leaves
#: (DRAIN in server/application.py).
STEP = 4.0
STEPS = 10.0


class ApiService:
    """One API process."""

    def __init__(self, settings: ApiSettings, waiters: Waiters | None = None) -> None:
        """`waiters` hold requests that wait for a commit, and idle streams; threads by default."""
        self.settings = settings
        replica = uuid.uuid4().hex[:12]

        # What is counted, where the state is, and what the broker's guarantees mean for it.
        self.metrics = Metrics("api")
        self.store = Store(settings.database_url, settings.data_dir, settings.database_pool)
        self._backend = backend_for(settings)
        self._keyring = Keyring(self.store)

        # What ends tasks, and what turns outcomes into state.
        finishers = {each.__name__: each for each in final_responses.FINISHERS}
        tasks = Tasks(finishers, settings.task_retention, self.metrics)
        ingest = Ingest(self.store, tasks, self.metrics, settings.preview_wait)

        # What publishes, and what tells streams and waiting requests that something changed.
        self._feed = Feed(self.store, self._woken, waiters)
        self._dispatcher = Dispatcher(
            self.store,
            self._backend,
            self.metrics,
            replica,
            on_wake_up=self._feed.wake,
            on_up=self._connected,
        )
        publish = self._dispatcher.publish

        # What takes requests.
        hooks = Hooks(publish, self._changed)
        self._acceptor = Acceptor(self.store, tasks, self.metrics, hooks, waiters)
        self._replayer = Replayer(self.store, self._dispatcher.link, publish)

        # What says when there is too much to do.
        limits = Limits(settings.max_unfinished_age, settings.max_unpublished_age)
        self._backlog = Backlog(self.store, limits, self._dispatcher.oldest)

        # What takes outcomes, and what looks after all that is due.
        self._results = Results(
            self.store,
            ingest,
            self._backend,
            self.metrics,
            replica,
            publish=publish,
            changed=self._changed,
        )
        self._reconciler = Reconciler(
            self.store,
            tasks,
            ingest,
            self.metrics,
            Retention(
                tombstones=int(settings.tombstone_retention * 1000),
                events=int(settings.event_retention * 1000),
            ),
            broker_is_up=lambda: self._dispatcher.link.up,
            publish=publish,
            changed=self._changed,
        )

        # What is watched.
        self._health = HealthServer((settings.health_host, settings.health_port), self.metrics)
        self._not_ready: str | None = "the service is starting"
        self._stopping = threading.Event()
        self._register()

    def wsgi(self) -> Callable[..., Any]:
        """The application, admission around it."""
        later = AsyncRequests(
            SlotReleasingBackend(self._acceptor),
            account=lambda: caller().account,
            prefix=PREFIX,
            traceparent=lambda: request.headers.get("traceparent"),
        )
        services = Services(
            settings=self.settings,
            metrics=self.metrics,
            store=self.store,
            keyring=self._keyring,
            acceptor=self._acceptor,
            replayer=self._replayer,
            feed=self._feed,
            later=later,
        )
        return Admission(
            make_app(services).wsgi_app,
            self.metrics,
            RateLimiter(self.settings.rate_limit),
            self.settings.max_in_flight,
            lambda: self._not_ready,
            self._backlog.overload,
        )

    def start(self) -> None:
        """Start as soon as there is a database with a schema; does not wait for it."""
        self._health.start()
        threading.Thread(target=self._start, name="start", daemon=True).start()

    def end_streams(self) -> None:
        """The second step of a stop. From now on the service is not ready."""
        self._stopping.set()
        self._not_ready = "the service is stopping"
        self._acceptor.end_waits()
        self._feed.stop(STEP)

    def stop(self) -> None:
        """The steps from the fourth on."""
        self._stopping.set()
        end = time.monotonic() + STEPS
        for stop in (
            self._backlog.stop,
            self._reconciler.stop,
            self._results.link.stop,
            self._acceptor.stop,
            self._dispatcher.stop,
        ):
            stop(min(STEP, max(0.0, end - time.monotonic())))
        self.store.close()
        self._health.stop()

    def _start(self) -> None:
        while not self._stopping.is_set():
            try:
                self._start_once()
            except SchemaBehind as error:
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
        logger.warning("%s", why)
        self._stopping.wait(TRY_EVERY)

    def _start_once(self) -> None:
        if self.store.is_sqlite:
            migrate(self.store)
        else:
            check_schema(self.store)
        self._bootstrap()
        self._dispatcher.start()
        self._acceptor.start()
        self._feed.start()
        self._backlog.start()
        if "outcomes" in self.settings.roles:
            self._results.link.start()
            self._reconciler.start()
        self._not_ready = None
        logger.info("serving", extra={"roles": sorted(self.settings.roles)})

    def _bootstrap(self) -> None:
        if made := self._keyring.bootstrap(self.settings.bootstrap_key):
            sys.stdout.write(f"The first key, with every scope, shown this once: {made}\n")
            sys.stdout.flush()

    def _register(self) -> None:
        self._health.ready("service", lambda: self._not_ready)
        self._health.live("publish", self._started(self._dispatcher.link.alive))
        self._health.live("feed", self._started(self._feed.alive))
        self._health.live("backlog", self._started(self._backlog.alive))
        if "outcomes" in self.settings.roles:
            self._health.live("results", self._started(self._results.link.alive))
            self._health.live("reconciler", self._started(self._reconciler.alive))

    def _started(self, check: Callable[[], str | None]) -> Callable[[], str | None]:
        """Loops that wait for the database have not begun, and are not stuck."""
        return lambda: check() if self._not_ready is None else None

    def _changed(self) -> None:
        """Something was committed here."""
        self._feed.wake()
        self._dispatcher.wake_others()

    def _connected(self) -> None:
        """The broker takes messages again, or for the first time."""
        self._reconciler.republish_soon()

    def _woken(self) -> None:
        self._acceptor.wake()
