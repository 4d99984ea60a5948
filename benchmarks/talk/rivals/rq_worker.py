"""RQ's pool of workers: `python -m benchmarks.talk.rivals.rq_worker`.

A worker forks a process for every job. Whatever the work loads at its first use is loaded before
the forks, as RQ's page about performance advises.
"""

import os

from redis import Redis
from rq.worker_pool import WorkerPool

from . import work


def main() -> None:
    """Work until killed."""
    work.warm_up()
    connection = Redis.from_url(os.environ["RIVAL_BROKER_URL"])
    pool = WorkerPool(
        ["default"], connection=connection, num_workers=int(os.environ["RIVAL_SLOTS"])
    )
    pool.start(logging_level="WARNING")


if __name__ == "__main__":
    main()
