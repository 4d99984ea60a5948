"""Counts the pods of this release, as Kubernetes tells them to a service account.

It uses the standard library: the kubernetes package takes a second and 40 MiB to import, and this
needs three GETs with a token.
"""

import logging
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from pathlib import Path

import msgspec

from splitflap_api.contract.models import Count
from splitflap_api.contract.status_models import Pods
from splitflap_api.loops.loop import Duty, Loop

logger = logging.getLogger(__name__)

#: Where Kubernetes mounts the token, the CA and the namespace of a service account.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

#: The Deployments, by the end of their names.
DEPLOYMENTS = ("api", "renderer", "scraper")

#: Seconds between two readings, after a success and after a failure.
PERIOD = 5.0
RETRY_AFTER = 30.0

#: Seconds after which counts are too old to be shown.
MAX_AGE = 15.0

#: Seconds that a status waits for a reading. After a failure it does not wait.
PATIENCE = 1.0

#: Seconds for each step of a reading: connect, TLS, send, receive.
TIMEOUT = 3.0

#: Bytes of one answer. A Deployment has about ten thousand.
MAX_BODY = 1_048_576


class _Spec(msgspec.Struct):
    replicas: Count


class _Status(msgspec.Struct, rename="camel"):
    ready_replicas: Count = 0


class _Deployment(msgspec.Struct):
    spec: _Spec
    status: _Status


class PodCounts(Loop):
    """Reads the counts while a status asks for them, for all its readers together."""

    def __init__(self, name: str, environ: Mapping[str, str], account: Path = ACCOUNT) -> None:
        """The Deployments are `name`-api and so on, and `environ` has the cluster's address."""
        super().__init__("pods", Duty("count pods", self._count), pause=None)
        self._name = name
        self._environ = environ
        self._account = account
        self._found: dict[str, Pods] = {}
        self._found_at = self._due = float("-inf")
        self._failed = False
        self._answered = threading.Event()

    def now(self) -> Mapping[str, Pods]:
        """The counts by service; empty if Kubernetes does not tell them."""
        if time.monotonic() >= self._due:
            self._answered.clear()
            self.wake()
            if not self._failed:
                self._answered.wait(PATIENCE)
        return self._found if time.monotonic() - self._found_at < MAX_AGE else {}

    def _count(self) -> None:
        try:
            if time.monotonic() >= self._due:
                self._try()
        finally:
            self._answered.set()

    def _try(self) -> None:
        try:
            found = self._read()
        except (OSError, HTTPException, ValueError, LookupError, msgspec.MsgspecError) as error:
            found = {}
            if not self._failed:
                logger.warning(
                    "pods of the status: Kubernetes was not read (%s: %s); the status omits them",
                    type(error).__name__,
                    error,
                )
        else:
            if self._failed:
                logger.info("pods of the status: Kubernetes answers again")
        self._failed = not found
        self._found, self._found_at = found, time.monotonic()
        self._due = self._found_at + (RETRY_AFTER if self._failed else PERIOD)

    def _read(self) -> dict[str, Pods]:
        # All files are read again each time, because Kubernetes renews them.
        token = (self._account / "token").read_text("ascii").strip()
        namespace = (self._account / "namespace").read_text("ascii").strip()
        # Not the default context: its strict mode refuses the CA of many a cluster.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_verify_locations(self._account / "ca.crt")
        host = self._environ["KUBERNETES_SERVICE_HOST"]
        port = int(self._environ["KUBERNETES_SERVICE_PORT"])
        with closing(HTTPSConnection(host, port, timeout=TIMEOUT, context=tls)) as connection:
            base = f"/apis/apps/v1/namespaces/{namespace}/deployments/{self._name}-"
            return {each: _pods(connection, base + each, token) for each in DEPLOYMENTS}


def _pods(connection: HTTPSConnection, path: str, token: str) -> Pods:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read(MAX_BODY + 1)
    if response.status != HTTPStatus.OK:
        raise HTTPException(f"{path}: {response.status} {response.reason}")
    if len(body) > MAX_BODY:
        raise HTTPException(f"{path}: more than {MAX_BODY} bytes")
    found = msgspec.json.decode(body, type=_Deployment)
    return Pods(found.spec.replicas, found.status.ready_replicas)
