"""The scraper: takes URLs from the broker, and returns their previews."""
# ruff: noqa: E402 - modules imported before the patch would keep blocking calls

from splitflap_scraper.process import green

green.patch()

import time

from splitflap_core.broker import backend_for
from splitflap_core.health import health_server
from splitflap_core.kinds import EXPRESS_PART, SCRAPE
from splitflap_core.runtime import StopSignal, boot, no_arguments
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.setup import LAST_EXPORT, Tracing
from splitflap_core.worker import Worker

from splitflap_scraper.fetch.deadline import TimeLimit
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.post import Poster
from splitflap_scraper.preview.favicon import Favicons
from splitflap_scraper.process.gc_tuning import collect_rarely
from splitflap_scraper.process.handler import ScrapeHandler
from splitflap_scraper.process.loop_lag import LoopLag
from splitflap_scraper.process.pool import GreenPool
from splitflap_scraper.process.settings import ScraperSettings
from splitflap_scraper.webhooks.handler import WebhookHandler
from splitflap_scraper.webhooks.sender import Sender

#: Prefetched jobs for each slot. A freed slot gets its next job at once, and few jobs wait here
#: while another replica is idle.
AHEAD_PER_SLOT = 0.1

#: The fewest slots for express jobs.
LEAST_EXPRESS_SLOTS = 2


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    no_arguments("scraper")

    # Settings and metrics.
    settings = boot("scraper", ScraperSettings)
    metrics = Metrics("scraper")
    tracing = Tracing("scraper", metrics, settings.broker_url)

    # The health port. If it is taken, the process ends before it takes jobs.
    health = health_server("scraper", settings, metrics)

    # The fetcher. Each page has a real thread for its lookup, so slow names delay no other page.
    express_slots = max(LEAST_EXPRESS_SLOTS, int(settings.concurrency * EXPRESS_PART))
    green.use_resolvers(settings.concurrency + express_slots + settings.webhook_concurrency)
    time_limit = TimeLimit(green.deadline, green.DeadlineExceeded)
    config = settings.fetch_config()
    fetcher = Fetcher(config, time_limit, metrics, tracer=tracing.tracer)

    # The lag of green threads behind the parsing of pages. A stalled process fails no page.
    lag = LoopLag(metrics)
    handler = ScrapeHandler(
        fetcher,
        settings.address_rules,
        metrics,
        settings.providers,
        lag.stalled_since,
        settings.players,
        Favicons(),
        probe_images=settings.scrape_probe_images,
    )

    # The green threads, and the loop that feeds them from the broker.
    ahead = 1 + int(settings.concurrency * AHEAD_PER_SLOT)
    pool = GreenPool(
        settings.concurrency, ahead, settings.scrape_deadline, handler, express_slots=express_slots
    )
    backend = backend_for(settings)
    express_prefetch = express_slots + 1
    worker = Worker(
        SCRAPE, pool, backend, metrics, pool.slots + ahead, express_prefetch, tracing.tracer
    )
    worker.register(health)

    # Webhooks have green threads, limits and a link of their own.
    poster = Poster(config, time_limit, metrics, settings.webhook_limits, settings.webhook_timeout)
    sender = Sender(
        backend, WebhookHandler(poster), settings.webhook_concurrency, settings.webhook_timeout
    )
    sender.register(health)

    # All long-lived objects exist now.
    collect_rarely()

    # Start: the port first, so a slow start is visible.
    stop = StopSignal()
    health.start()
    lag.start()
    worker.start()
    sender.start()
    tracing.start()
    stop.wait()

    # Stop: both finish their work, or give it back, and ack. The port closes last.
    end = time.monotonic() + settings.stop_grace
    sender.link.stop_consuming()
    worker.stop(settings.stop_grace)
    sender.stop(max(1.0, end - time.monotonic()))
    tracing.stop(LAST_EXPORT)
    lag.stop()
    health.stop()


if __name__ == "__main__":
    main()
