"""The traces of one process: off, and then without a thread, unless the settings name a receiver.

Import this module after a patch of the standard library: its exporter has a thread and sockets.
"""

import os
from collections.abc import Mapping
from importlib.metadata import version as installed_version
from uuid import uuid4

from splitflap_core.settings import load
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.exporter import DROPPED, Exporter, Receiver
from splitflap_core.tracing.settings import PREFIX, TraceSettings
from splitflap_core.tracing.tracer import Tracer, sampler

#: Seconds for the last spans of a worker.
LAST_EXPORT = 2.0


class Tracing:
    """The tracer of a process, and its exporter."""

    def __init__(
        self,
        service: str,
        metrics: Metrics,
        broker_url: str,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.tracer: Tracer | None = None
        self._exporter: Exporter | None = None
        for why in DROPPED:
            metrics.counter("splitflap_spans_dropped_total").labels(why)
        settings = load(TraceSettings, environ, prefix=PREFIX)
        if url := settings.url:
            parent_based = settings.traces_sampler.startswith("parentbased_")
            system = "rabbitmq" if broker_url.startswith("amqp") else "filesystem"
            self.tracer = Tracer(sampler(settings.ratio, parent_based=parent_based), system)
            version = installed_version("splitflap-core")
            resource = resource_of(service, version, settings)
            receiver = Receiver(url, settings)
            self._exporter = Exporter(self.tracer, receiver, resource, version, metrics)

    def start(self) -> None:
        """Export spans from now on."""
        if self._exporter:
            self._exporter.start()

    def stop(self, timeout: float) -> None:
        """Send the last spans, within `timeout` seconds."""
        if self._exporter:
            self._exporter.stop(timeout)


def resource_of(service: str, version: str, settings: TraceSettings) -> dict[str, str]:
    """The attributes of the process. The operator's have precedence."""
    name = {"service.name": settings.service_name} if settings.service_name else {}
    return {
        "service.name": f"splitflap-{service}",
        "service.version": version,
        "service.instance.id": str(uuid4()),
        "telemetry.sdk.name": "splitflap",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": version,
        **settings.attributes,
        **name,
    }
