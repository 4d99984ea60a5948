"""RQ's worker, which forks a process for every job, with what the job imports already imported.

    python -m benchmarks.renderer.rivals.rq_worker REDIS_URL

Results are kept in Redis, as is RQ's way.
"""

import logging
import sys

from redis import Redis
from rq import Worker

# Imported here so that no child has to: RQ's documentation, "Performance notes".
from benchmarks.renderer.bare_render import rendered

__all__ = ["rendered"]


def main() -> None:
    """Work until killed."""
    # A job's description is its text.
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    worker = Worker(["jobs"], connection=Redis.from_url(sys.argv[1]), log_job_description=False)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
