"""Releases of the chart, each in a new namespace that enforces `restricted` pods."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.chart.helm import find_helm
from tests.system.rig.client import Client
from tests.system.rig.stack import ADMIN

from .kube import CHART, TIMEOUT, CommandFailed, Kube, helm, run
from .site import ClusterSite

#: Variable with further files of values for a cluster, separated by commas.
MORE_VALUES = "SPLITFLAP_CLUSTER_VALUES"

#: The release's name. It equals the chart's name, so objects are named `splitflap-api` and so on.
NAME = "splitflap"

#: The image of other pods of the tests, for its Python.
IMAGE = "localhost/splitflap/scraper:dev"

#: The components of the tests' values, with one pod each.
COMPONENTS = ("postgresql", "rabbitmq", "web", "api", "renderer", "scraper")

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


def value_files() -> list[str]:
    """The files of values; later ones take precedence."""
    here = Path(__file__).parent
    more = filter(None, os.environ.get(MORE_VALUES, "").split(","))
    return [str(CHART / "values-dev.yaml"), str(here / "values-test.yaml"), *more]


#: Values by their dotted names. These make broker and database keep their data.
Values = Mapping[str, Any]
VOLUMES: Values = {f"{name}.persistence.enabled": True for name in ("rabbitmq", "postgresql")}


class Release:
    """An installed chart and its site."""

    def __init__(self, kube: Kube, site: ClusterSite) -> None:
        self.kube = kube
        self.site = site
        self._url = ""

    @property
    def namespace(self) -> str:
        """Where it is."""
        return self.kube.namespace

    @property
    def url(self) -> str:
        """The URL of the page's Service. The API answers through it."""
        if not self._url:
            self._url = reachable(self.kube, "splitflap-web")
        return self._url

    def client(self, key: str = ADMIN) -> Client:
        """A client of the Service for one thread."""
        return Client(self.url, key)

    def helm(
        self, command: str, *options: str, values: Values | None = None, chart: Path = CHART
    ) -> str:
        """Run `helm install` or `upgrade` with the tests' values and `values`."""
        files = [f"--values={file}" for file in value_files()]
        own = {"bootstrapKey": ADMIN, "scraper.allowNets": self.site.nets, **(values or {})}
        sets = [f"--set-json={name}={json.dumps(value)}" for name, value in own.items()]
        where = ["--namespace", self.namespace]
        return helm(command, NAME, str(chart), *where, *files, *sets, *options)

    def install(self, values: Values | None = None, chart: Path = CHART) -> None:
        """Install, and wait until all pods are ready.

        Raises:
            CommandFailed: the installation failed; the message has the state of the cluster.
        """
        try:
            self.helm("install", "--wait", "--timeout=4m", values=values, chart=chart)
        except CommandFailed as error:
            # The namespace is deleted before the report of the failure.
            state = "\n".join(f"-- {title}\n{text}" for title, text in self.logs())
            raise CommandFailed(f"{error}\n{state}") from error

    def upgrade(self, values: Values | None = None) -> None:
        """Upgrade, and wait until all pods are ready."""
        self.helm("upgrade", "--wait", "--timeout=5m", values=values)

    def follow(self, commands: str, folder: Path) -> str:
        """Run commands of a page in a folder, with this namespace as the current one.

        Raises:
            AssertionError: a command failed; the message has the output.
        """
        config = folder / "kubeconfig"
        config.write_bytes(Path(os.environ["KUBECONFIG"]).read_bytes())
        programs = (Path(sys.executable).parent, Path(find_helm()).parent, os.environ["PATH"])
        environ = {**os.environ, "KUBECONFIG": str(config), "PATH": ":".join(map(str, programs))}
        context = ["config", "set-context", "--current", f"--namespace={self.namespace}"]
        subprocess.run(["kubectl", *context], check=True, env=environ)
        output = folder / "output"
        with (
            output.open("w", encoding="utf-8") as file,
            subprocess.Popen(
                ["sh", "-ec", commands],
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environ,
                cwd=folder,
            ) as shell,
        ):
            try:
                status = shell.wait(TIMEOUT)
            finally:
                # A port-forward may still run in the background.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGTERM)
        shown = output.read_text(encoding="utf-8")
        assert status == 0, f"{commands}\n{shown}"
        return shown

    def wait_ready(self) -> None:
        """Wait until each component has exactly one pod and it is ready."""
        for component in COMPONENTS:
            self.kube.wait_ready(component)

    def uninstall(self) -> None:
        """Uninstall, and wait until the pods are gone."""
        helm("uninstall", NAME, "--namespace", self.namespace, "--wait", "--timeout=3m")
        # The next Service has another address.
        self._url = ""

    def logs(self) -> Iterator[tuple[str, str]]:
        """The pods, the events, and the end of each log."""
        yield "pods", self.kube("get", "pods,hpa", "--output", "wide")
        yield "events", self.kube("get", "events", "--sort-by=.lastTimestamp")[-6000:]
        for pod in self.kube.items("pods"):
            name = pod["metadata"]["name"]
            with contextlib.suppress(AssertionError):
                yield f"log of {name}", self.kube("logs", name, "--tail=20")


@contextmanager
def namespace(name: str) -> Iterator[Kube]:
    """A new namespace, deleted at the end. Static volumes become available again."""
    kube = Kube(f"splitflap-test-{name}-{time.time_ns() % 100_000}")
    run(["kubectl", "create", "namespace", kube.namespace])
    run(["kubectl", "label", "namespace", kube.namespace, RESTRICTED])
    try:
        yield kube
    finally:
        _empty_volumes(kube)
        run(["kubectl", "delete", "namespace", kube.namespace, "--timeout=180s"])
        _free_volumes(kube.namespace)


def reachable(kube: Kube, service: str) -> str:
    """A URL of a Service that is reachable from here: its cluster IP or a node's port."""
    spec = kube.get("service", service)["spec"]
    port = spec["ports"][0]
    places = [(spec["clusterIP"], port["port"])]
    if "nodePort" in port:
        nodes = Kube("default").items("nodes")
        addresses = [each for node in nodes for each in node["status"]["addresses"]]
        places += [
            (each["address"], port["nodePort"])
            for each in addresses
            if each["type"] in {"InternalIP", "ExternalIP"}
        ]
    for host, number in places:
        url = f"http://{f'[{host}]' if ':' in host else host}:{number}"
        if _connects(url):
            return url
    raise AssertionError(
        f"{service} is unreachable at {places}: run the tests where nodes or Services are reachable"
    )


def _connects(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError):
        socket.create_connection((parts.hostname or "", parts.port or 80), 3).close()
        return True
    return False


def _volumes(namespace: str) -> Sequence[dict[str, Any]]:
    """Static volumes of a namespace: their class has no provisioner, so the tests clean them."""
    cluster = Kube("default")
    classes = {
        each["metadata"]["name"]
        for each in cluster.items("storageclasses")
        if each["provisioner"] == "kubernetes.io/no-provisioner"
    }
    return [
        each
        for each in cluster.items("persistentvolumes")
        if each["spec"].get("claimRef", {}).get("namespace") == namespace
        and each["spec"].get("storageClassName") in classes
    ]


def _empty_volumes(kube: Kube) -> None:
    """Delete the servers' data, through a pod that mounts each claim."""
    claims = {each["spec"]["claimRef"]["name"] for each in _volumes(kube.namespace)}
    for claim in claims:
        kube("delete", "statefulset", "--all", "--wait", "--timeout=60s")
        empty_volume(kube, claim)


def empty_volume(kube: Kube, claim: str) -> None:
    """Delete the data behind a claim that no other pod mounts."""
    kube.apply(json.dumps(_cleaner(claim)))
    pod = f"pod/empty-{claim}"
    kube("wait", pod, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    kube("delete", pod)


def _cleaner(claim: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"empty-{claim}"},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 999,
                "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "empty",
                    "image": IMAGE,
                    "command": ["sh", "-c", "rm -rf /volume/* /volume/.[!.]*"],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
                }
            ],
            "volumes": [{"name": "volume", "persistentVolumeClaim": {"claimName": claim}}],
        },
    }


def _free_volumes(namespace: str) -> None:
    """Make emptied static volumes available again."""
    for volume in _volumes(namespace):
        name = volume["metadata"]["name"]
        run(["kubectl", "patch", "pv", name, "--patch", '{"spec":{"claimRef":null}}'])
