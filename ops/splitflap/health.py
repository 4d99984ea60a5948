"""Health of services on this machine, read over HTTP."""

import http.client
from dataclasses import dataclass

from splitflap.settings import reachable

#: Timeout of one request, in seconds. The launcher is blocked meanwhile.
TIMEOUT = 1.0

#: Longest response that is read, in bytes.
MAX_BODY = 4096


@dataclass(frozen=True)
class HealthResponse:
    """Status, text and challenge of a response."""

    status: int
    text: str
    challenge: str | None


def get(
    host: str, port: int, path: str, headers: dict[str, str] | None = None
) -> HealthResponse | None:
    """Send a GET; None if the connection fails or the response is broken."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        body = response.read(MAX_BODY).decode("utf-8", "replace")
        challenge = response.getheader("WWW-Authenticate")
        return HealthResponse(response.status, body.strip(), challenge)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def readyz(host: str, port: int) -> str | None:
    """The reason why a service is unready, from its health port; None if it is ready."""
    response = get(host, port, "/readyz")
    if response is None:
        return f"health port {port} does not answer"
    if response.status != http.HTTPStatus.OK:
        return response.text or f"its /readyz answers {response.status}"
    return None
