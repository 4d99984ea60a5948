"""A Prometheus in the namespace of a release, for autoscalers and queries."""

import json
import os
from pathlib import Path
from string import Template
from urllib.parse import quote

from .kube import Kube, run

#: The image, or a replacement if the cluster cannot pull it.
IMAGE = os.environ.get("SPLITFLAP_TEST_PROMETHEUS", "docker.io/prom/prometheus:v3.5.0")

MANIFEST = Path(__file__).parent / "manifests" / "prometheus.yaml"

#: Values of the chart for its rules.
VALUES = {"metrics.rules.kind": "configMap"}


class Prometheus:
    """The Prometheus of one release."""

    def __init__(self, kube: Kube) -> None:
        """Start it. The release must exist, since it has the rules."""
        self._kube = kube
        manifest = Template(MANIFEST.read_text(encoding="utf-8"))
        kube.apply(manifest.substitute(IMAGE=IMAGE, NAMESPACE=kube.namespace))
        kube("rollout", "status", "deployment/prometheus", "--timeout=120s")

    @staticmethod
    def address(kube: Kube) -> str:
        """The URL inside the cluster."""
        return f"http://prometheus.{kube.namespace}.svc:9090"

    def value(self, query: str) -> float | None:
        """The value of the only series, or None."""
        service = f"/api/v1/namespaces/{self._kube.namespace}/services/prometheus:9090"
        path = f"{service}/proxy/api/v1/query?query={quote(query)}"
        result = json.loads(run(["kubectl", "get", "--raw", path]))["data"]["result"]
        return float(result[0]["value"][1]) if result else None
