"""Sends ended spans to a receiver over OTLP/HTTP, in a thread of its own.

A failure never reaches the work: spans that cannot be sent are dropped, and counted. The thread
uses the standard library's blocking calls, so it is green in a patched process, and its waits leave
the hub to the others.
"""

import logging
import random
import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.otlp import encoded, rejected
from splitflap_core.tracing.settings import TraceSettings
from splitflap_core.tracing.tracer import Span, Tracer

logger = logging.getLogger(__name__)

#: Seconds between two exports, unless a quarter of the queue is full earlier.
EVERY = 2.0

#: Spans of one request. The encoding holds a hub of green threads for about 2 ms.
MAX_BATCH = 256

#: Statuses after which the protocol allows another try (OTLP, "Failures").
RETRYABLE = frozenset({429, 502, 503, 504})

#: Seconds until the second try: doubled from the first to the second, with jitter. A receiver's
#: Retry-After may be longer.
BACKOFF = (1.0, 16.0)

#: Seconds after which a batch is given up. The queue drops spans meanwhile.
GIVE_UP_AFTER = 60.0

#: Bytes of a response that are read.
MAX_RESPONSE = 64 * 1024

#: Seconds between two warnings.
WARN_EVERY = 60.0

#: Values of the label `why` of dropped spans.
DROPPED = ("queue_full", "refused", "unreachable")


class Refused(Exception):
    """The receiver takes these spans never."""


class TryLater(Exception):
    """The receiver may take these spans in so many seconds."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class Receiver:
    """The connection to a receiver."""

    def __init__(self, url: str, settings: TraceSettings) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self.name = parts.netloc
        self._headers = {"Content-Type": "application/json", **settings.headers}
        timeout = settings.exporter_otlp_timeout / 1000
        host, port = parts.hostname or "", parts.port
        self._connection = (
            HTTPConnection(host, port, timeout=timeout)
            if parts.scheme == "http"
            else HTTPSConnection(
                host,
                port,
                timeout=timeout,
                context=ssl.create_default_context(cafile=settings.exporter_otlp_certificate),
            )
        )

    def send(self, body: bytes) -> tuple[int, str]:
        """Send one request. Return how many of its spans were rejected, and why.

        Raises:
            Refused: a retry would fail too.
            TryLater: a retry may succeed.
        """
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read(MAX_RESPONSE)
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise TryLater(repr(error)) from error
        if not response.isclosed():
            self._connection.close()
        if response.status in RETRYABLE:
            raise TryLater(f"status {response.status}", _retry_after(response))
        if not 200 <= response.status < 300:  # noqa: PLR2004 - the class of success
            raise Refused(f"status {response.status}")
        return rejected(answer)


class Exporter:
    """Exports the spans of a tracer until it is stopped."""

    def __init__(
        self,
        tracer: Tracer,
        receiver: Receiver,
        resource: Mapping[str, str],
        version: str,
        metrics: Metrics,
    ) -> None:
        self._tracer = tracer
        self._receiver = receiver
        self._resource = resource
        self._version = version
        self._sent = metrics.counter("splitflap_spans_exported_total")
        dropped = metrics.counter("splitflap_spans_dropped_total")
        self._dropped = {why: dropped.labels(why) for why in DROPPED}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._warned_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        tracer.on_batch = self._wake.set
        tracer.on_full = self._dropped["queue_full"].inc

    def start(self) -> None:
        """Export from now on."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Send what waits, within `timeout` seconds; drop the rest."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(EVERY)
            self._wake.clear()
            self._export_waiting()
        self._export_waiting()

    def _export_waiting(self) -> None:
        waiting = self._tracer.ended
        while waiting:
            batch = [waiting.popleft() for _ in range(min(MAX_BATCH, len(waiting)))]
            try:
                self._export(batch)
            except TryLater as error:
                if self._stopping.is_set():
                    batch.extend(waiting)
                    waiting.clear()
                self._drop(len(batch), "unreachable", str(error))
            except Refused as error:
                self._drop(len(batch), "refused", str(error))
            except Exception as error:
                logger.exception("traces: an export failed; please report this bug")
                self._drop(len(batch), "refused", repr(error))

    def _export(self, batch: list[Span]) -> None:
        """Send a batch. Retries end with GIVE_UP_AFTER, or with a stop.

        Raises:
            Refused: the receiver takes the batch never.
            TryLater: the last try failed.
        """
        body = encoded(self._resource, self._version, batch)
        give_up_at = time.monotonic() + GIVE_UP_AFTER
        pause = BACKOFF[0]
        while True:
            try:
                count, why = self._receiver.send(body)
            except TryLater as error:
                wait = max(error.after, pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                ends = time.monotonic() + wait >= give_up_at
                if ends or self._stopping.wait(wait):
                    raise
                pause = min(2 * pause, BACKOFF[1])
            else:
                self._sent.inc(len(batch) - count)
                if count:
                    self._drop(count, "refused", why)
                return

    def _drop(self, count: int, why: str, error: str) -> None:
        self._dropped[why].inc(count)
        if time.monotonic() - self._warned_at >= WARN_EVERY:
            self._warned_at = time.monotonic()
            logger.warning(
                "traces: dropped %d spans: %s: %s; counted in splitflap_spans_dropped_total",
                count,
                self._receiver.name,
                error[:200],
            )


def _retry_after(response: HTTPResponse) -> float:
    """Retry-After in seconds. A date counts as none."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else 0.0
