"""The pages that posts link to, inside the cluster."""

from pathlib import Path
from string import Template

from .kube import Kube

HERE = Path(__file__).parent


class ClusterSite:
    """As tests.system.rig.site.Site has it: `page/NAME`, `slow/NAME`, and nothing else."""

    def __init__(self, kube: Kube, image: str, slow: float = 1.0) -> None:
        """Start it on an image that has Python; a slow page takes `slow` seconds."""
        self._kube = kube
        kube("create", "configmap", "site", f"--from-file={HERE / 'pages.py'}")
        manifest = (HERE / "manifests" / "site.yaml").read_text(encoding="utf-8")
        kube.apply(Template(manifest).substitute(IMAGE=image, SLOW=slow))
        kube("rollout", "status", "deployment/site", "--timeout=120s")
        spec = kube.get("service", "site")["spec"]
        self._host = f"site.{kube.namespace}.svc.cluster.local"
        #: The networks that a scraper must be allowed: a Service's address is not public.
        self.nets = [f"{address}/{128 if ':' in address else 32}" for address in spec["clusterIPs"]]

    def url(self, path: str) -> str:
        """The address of a page, for pods."""
        return f"http://{self._host}/{path}"
