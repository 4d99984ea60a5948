"""Whether a service is ready, asked over HTTP as any other client would."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass

from splitflap.launch.settings import API, LauncherSettings, reachable
from splitflap.launch.supervisor import Service

#: Seconds that an answer may take. The launcher does nothing else meanwhile.
ASK_TIMEOUT = 1.0

#: Bytes of an answer that are read.
MAX_ANSWER = 4096


class BadKey(Exception):
    """The API does not take the key."""


@dataclass(frozen=True)
class Answer:
    """Status and text of a response."""

    status: int
    text: str


def ask(host: str, port: int, path: str, headers: dict[str, str] | None = None) -> Answer | None:
    """What is answered there; None when nobody answers."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=ASK_TIMEOUT)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.read(MAX_ANSWER).decode("utf-8", "replace").strip())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def readyz(host: str, port: int) -> str | None:
    """What a service complains of on its health port; None when it is ready."""
    answer = ask(host, port, "/readyz")
    if answer is None:
        return f"nobody answers on its health port {port}"
    if answer.status != http.HTTPStatus.OK:
        return answer.text or f"its /readyz answers {answer.status}"
    return None


class Readiness:
    """What is still missing until everything can be used."""

    def __init__(self, settings: LauncherSettings, ports: dict[str, int], key: str) -> None:
        self._settings = settings
        self._ports = ports
        self._key = key

    def complaints(self, services: list[Service]) -> Iterator[str]:
        """Each service that is not ready, and why.

        Raises:
            BadKey: the API says so.
        """
        for service in services:
            complaint = self._of(service)
            if complaint:
                yield f"{service.name} is not ready: {complaint}"

    def _of(self, service: Service) -> str | None:
        if service.process is None:
            return f"it {service.last_end}"
        complaint = readyz(self._settings.health_host, self._ports[service.name])
        if complaint:
            return complaint + _earlier(service)
        return self._api() if service.name == API else None

    def _api(self) -> str | None:
        """Whether requests are answered, with the key that is about to be announced."""
        settings = self._settings
        bearer = {"Authorization": f"Bearer {self._key}"}
        answer = ask(settings.host, settings.port, "/v1/posts?limit=1", bearer)
        if answer is None:
            return f"nobody answers on its port {settings.port}"
        if answer.status == http.HTTPStatus.UNAUTHORIZED:
            raise BadKey
        return None if answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR else answer.text


def _earlier(service: Service) -> str:
    return f"; before, it {service.last_end}" if service.last_end else ""
