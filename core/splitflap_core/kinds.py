"""The kinds of job. This module declares each of them once.

The worker loop, the topology and the API read `KINDS`. To add a kind, add its name and its two
messages to contracts.py, and its `KindSpec` here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from splitflap_core.contracts import (
    Kind,
    RenderRequest,
    RenderResult,
    ScrapeRequest,
    ScrapeResult,
)

RequestT = TypeVar("RequestT", bound=msgspec.Struct)
ResultT = TypeVar("ResultT", bound=msgspec.Struct)

#: Attempts at a job of any kind. After the last one the job has failed. An attempt is what a worker
#: has begun; waiting is none, however long it takes.
MAX_ATTEMPTS = 5

#: Begins of a job without an end, after which it has failed: it kills its workers. They are more
#: than the attempts, because a worker dies with all of its jobs, and at most one is the cause.
MAX_BEGINS = 10

#: Longest delay of a retry, in seconds. The API treats a later due time as the trace of a clock
#: that was set back.
MAX_RETRY_DELAY = 120.0

#: A worker has slots of their own for express jobs: this part of its other slots, and at least one.
EXPRESS_PART = 1 / 8


@dataclass(frozen=True)
class KindSpec(Generic[RequestT, ResultT]):
    """One kind of job: its messages, and the service that does it."""

    #: Also the name of its queue, and the label `kind` of metrics.
    name: Kind
    #: The service that consumes the queue.
    service: str
    #: The payload of a `Job`.
    request_type: type[RequestT]
    #: The `result` of a `Done`.
    result_type: type[ResultT]


RENDER = KindSpec("render", "renderer", RenderRequest, RenderResult)
SCRAPE = KindSpec("scrape", "scraper", ScrapeRequest, ScrapeResult)

KINDS: Mapping[Kind, KindSpec[Any, Any]] = {spec.name: spec for spec in (RENDER, SCRAPE)}
