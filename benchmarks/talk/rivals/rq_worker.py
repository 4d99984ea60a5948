"""RQ's pool of workers: `python -m benchmarks.talk.rivals.rq_worker`.

A worker forks a process for every job. The imports of the work come before the forks, as RQ's
page about performance advises.
"""

import os

from redis import Redis
from rq.worker_pool import WorkerPool

from . import work

__all__ = ["work"]


def main() -> None:
    """Work until killed."""
    connection = Redis.from_url(os.environ["RIVAL_BROKER_URL"])
    pool = WorkerPool(
        ["default"], connection=connection, num_workers=int(os.environ["RIVAL_SLOTS"])
    )
    pool.start(logging_level="WARNING")


if __name__ == "__main__":
    main()
