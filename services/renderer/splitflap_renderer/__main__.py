"""The renderer: takes texts from the broker, and gives back their HTML and links."""

from splitflap_core.broker import backend_for
from splitflap_core.health import health_server
from splitflap_core.kinds import RENDER
from splitflap_core.runtime import boot, no_arguments, until_signalled
from splitflap_core.telemetry import Metrics
from splitflap_core.worker import Worker

from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    no_arguments("renderer")

    # What is configured, and what is counted.
    settings = boot("renderer", RendererSettings)
    metrics = Metrics("renderer")

    # A port that is taken ends the process before it takes work.
    health = health_server("renderer", settings, metrics)

    # Processes that render, and the loop that feeds them from the broker.
    pool = ProcessPool(settings, metrics)
    backend = backend_for(settings)
    worker = Worker(RENDER, pool, backend, metrics, pool.prefetch)
    pool.on_prefetch = worker.set_prefetch
    worker.register(health)

    # The port answers first, so that a slow start can be seen.
    health.start()
    worker.start()
    until_signalled()

    # Work first: it is finished, given back and acked; then the port, which is watched till then.
    worker.stop(settings.stop_grace)
    health.stop()


if __name__ == "__main__":
    main()
