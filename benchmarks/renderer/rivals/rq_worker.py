"""RQ's worker. It forks a process for every job, after the imports of the job.

    python -m benchmarks.renderer.rivals.rq_worker REDIS_URL

Results are kept in Redis, as RQ does by default.
"""

import logging
import sys

from redis import Redis
from rq import Worker

# Imported before the fork, as RQ's documentation advises ("Performance notes").
from benchmarks.renderer.bare_render import rendered

__all__ = ["rendered"]


def main() -> None:
    """Work until killed."""
    # At INFO it would log each text, the description of its job.
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    worker = Worker(["jobs"], connection=Redis.from_url(sys.argv[1]), log_job_description=False)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
