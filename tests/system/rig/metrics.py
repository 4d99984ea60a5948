"""Reads metrics from health ports."""

import re

from .processes import SpawnedService
from .stack import Stack

_SAMPLE = re.compile(r"^(\w+)(\{[^}]*\})? ([-+0-9.eE]+|NaN|\+Inf)$", re.MULTILINE)


def sums(service: SpawnedService) -> dict[str, float]:
    """The samples of a service by metric, added up over all labels."""
    total: dict[str, float] = {}
    for name, _, value in _SAMPLE.findall(service.health("metrics").text):
        total[name] = total.get(name, 0.0) + float(value)
    return total


def sums_by_kind(stack: Stack) -> dict[str, dict[str, float]]:
    """The sums of `api` (over all APIs, since each may ingest an outcome) and of each worker."""
    apis: dict[str, float] = {}
    for api in stack.apis:
        for name, value in sums(stack.services[api]).items():
            apis[name] = apis.get(name, 0.0) + value
    workers = {name: sums(stack.services[name]) for name in ("renderer", "scraper")}
    return {"api": apis, **workers}
