"""The API's own view, worker and middleware, with neither database nor broker behind it.

What is left of the accept path when nothing has to last: the baseline of accept.py. Only two
methods differ from the service's own: the one that looks a key up in the database, whose answer is
remembered as always, and the one that hands a request to the group commit.
"""
# ruff: noqa: SLF001 - it cuts the service open on purpose

import time
from typing import Any

from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import load


class BareApplication(ApiApplication):
    """Cuts the service off from what is behind it."""

    def load(self) -> Any:
        application = super().load()
        _cut(self.service)
        return application


def _cut(service: Any) -> None:
    from splitflap_api.contract.formats import rfc3339
    from splitflap_api.domain.keys import ALL_SCOPES, Caller
    from uuid_utils import uuid7

    from asyncrequest import Submission, TaskState

    anybody = Caller("key", "admin", frozenset(ALL_SCOPES))

    def accept(_submission: Submission) -> TaskState:
        return TaskState(str(uuid7()), rfc3339(int(time.time() * 1000)))

    def start() -> None:
        service._health.start()
        service._not_ready = None

    service._keyring._find = lambda _hashed: anybody
    service._acceptor.accept = accept
    service.start = start


if __name__ == "__main__":
    BareApplication(load(ApiSettings)).run()
