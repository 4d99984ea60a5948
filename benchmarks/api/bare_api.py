"""The API's own view, worker and middleware, without a database and a broker.

This is the baseline of accept.py: an accept path that stores nothing. Two methods are replaced: the
query for a key, whose result is cached as usual, and the one that gives a request to the group
commit.
"""
# ruff: noqa: SLF001 - it replaces parts of the service on purpose

import time
from typing import TYPE_CHECKING, Any

from splitflap_api.__main__ import new_service
from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import load

if TYPE_CHECKING:  # the worker imports them after eventlet's patch
    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.service import ApiService


def bare_service(settings: ApiSettings, waiters: "Waiters") -> "ApiService":
    """The service without its database and broker."""
    service = new_service(settings, waiters)
    _remove_back_end(service)
    return service


def _remove_back_end(service: Any) -> None:
    from splitflap_api.contract.formats import rfc3339
    from splitflap_api.domain.access.keys import ALL_SCOPES, Caller
    from uuid_utils import uuid7

    from asyncrequest import Submission, TaskState

    anybody = Caller("key", "admin", frozenset(ALL_SCOPES))

    def accept(_submission: Submission[Any]) -> TaskState:
        return TaskState(str(uuid7()), rfc3339(int(time.time() * 1000)))

    def start() -> None:
        service._health.start()
        service._not_ready = None

    service._keyring._find = lambda _hashed: anybody
    service._acceptor.accept = accept
    service.start = start


if __name__ == "__main__":
    ApiApplication(load(ApiSettings), bare_service).run()
