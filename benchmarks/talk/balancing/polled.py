"""Socket.IO behind each balancer: how many sessions reach a worker that does not know them."""

from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row, missing_row
from tests.servers.process import MissingBinary

from .balancers import HASH, IN_TURN, IP_HASH, ONE_SOCKET, REUSE_PORT, Balancers
from .sessions import figures, poll, sessions, websocket

#: Workers that share the sessions.
WORKERS = 2

#: Sessions of each run, and how many are open at the same time.
SESSIONS = 150
AT_ONCE = 16

POLLED = (ONE_SOCKET, REUSE_PORT, IN_TURN, IP_HASH, HASH)

POLLING, WEBSOCKET = "long polling", "WebSocket only"


def polled(context: Context) -> list[Row]:
    """Long polling behind each balancer, and WebSocket on one socket."""
    rows = []
    with Balancers(context, "benchmarks.talk.apps.polling:app", WORKERS, {}) as balancers:
        for balancer in POLLED:
            try:
                with balancers.port(balancer) as port:
                    rows += _rows(port, balancer)
            except MissingBinary as error:
                rows.append(missing_row(error, part="sessions", balancer=balancer))
    return rows


def _rows(port: int, balancer: str) -> list[Row]:
    cases = [(POLLING, poll)]
    if balancer == ONE_SOCKET:
        cases.append((WEBSOCKET, websocket))
    return [
        Row(
            {"part": "sessions", "balancer": balancer, "transport": name},
            figures(sessions(transport, port, SESSIONS, AT_ONCE)),
        )
        for name, transport in cases
    ]
