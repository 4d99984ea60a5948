"""The renderer: takes texts from the broker and publishes their HTML and links."""

from splitflap_core.broker import backend_for
from splitflap_core.health import health_server
from splitflap_core.kinds import RENDER
from splitflap_core.runtime import StopSignal, boot, no_arguments
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.setup import LAST_EXPORT, Tracing
from splitflap_core.worker import Worker

from splitflap_renderer.process.lanes import EXPRESS_PREFETCH
from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    no_arguments("renderer")

    # Settings and metrics.
    settings = boot("renderer", RendererSettings)
    metrics = Metrics("renderer")
    tracing = Tracing("renderer", metrics, settings.broker_url)

    # A taken port ends the process before it takes work.
    health = health_server("renderer", settings, metrics)

    # The rendering processes, and the loop that feeds them from the broker.
    pool = ProcessPool(settings, metrics)
    backend = backend_for(settings)
    worker = Worker(RENDER, pool, backend, metrics, pool.prefetch, EXPRESS_PREFETCH, tracing.tracer)
    pool.report_prefetch_to(worker)
    worker.register(health)

    # The health port first, so that a slow start is visible.
    stop = StopSignal()
    health.start()
    worker.start()
    tracing.start()
    stop.wait()

    # The stop: the worker finishes, gives back and acks its jobs; the health port closes last.
    worker.stop(settings.stop_grace)
    tracing.stop(LAST_EXPORT)
    health.stop()


if __name__ == "__main__":
    main()
