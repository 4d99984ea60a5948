"""app.py under Splitflap's worker class for eventlet.

    python -m benchmarks.talk.apps.eventlet_worker PORT SLOTS APP

gunicorn has no worker on eventlet any more, and Splitflap brings its own. That worker expects a
service with admission around its application. This one admits every request, so that only the
connections limit the requests in flight.
"""

import importlib
import sys
from typing import TYPE_CHECKING

from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings

if TYPE_CHECKING:  # they must be imported after the worker's patch
    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.overload.admission import Admission

#: Requests in flight that admission allows: far more than there are connections.
NO_LIMIT = 10_000


class TalkService:
    """A service that has an application and nothing else."""

    def __init__(self, settings: ApiSettings, app: str) -> None:
        self.settings = settings
        self._app = app

    def wsgi(self) -> "Admission":
        """The application. It is imported here: in the worker, after its patch."""
        from splitflap_api.overload.account_backlogs import AccountBacklogs
        from splitflap_api.overload.admission import Admission
        from splitflap_api.overload.rate import RateLimiter
        from splitflap_core.telemetry import Metrics

        module, _, name = self._app.partition(":")
        return Admission(
            getattr(importlib.import_module(module), name),
            Metrics("api"),
            RateLimiter(0),
            NO_LIMIT,
            lambda: None,
            lambda: None,
            AccountBacklogs(),
            lambda _secret, _use: None,
        )

    def start(self) -> None:
        """Nothing runs in the background."""

    def end_streams(self) -> None:
        """There are none."""

    def stop(self) -> None:
        """Nothing to stop."""


def main(port: str, slots: str, app: str) -> None:
    """Serve until stopped. A slot is a connection."""

    def service(settings: ApiSettings, _waiters: "Waiters") -> TalkService:
        return TalkService(settings, app)

    settings = ApiSettings(
        port=int(port),
        max_connections=int(slots),
        max_anonymous_connections=int(slots),
        max_in_flight=NO_LIMIT,
    )
    ApiApplication(settings, service).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
