"""A site for the links of posts, inside the cluster."""

from pathlib import Path
from string import Template

from .kube import Kube

HERE = Path(__file__).parent


class ClusterSite:
    """The paths `page/NAME` and `slow/NAME` of tests.system.rig.site.Site."""

    def __init__(self, kube: Kube, image: str, slow: float = 1.0) -> None:
        """Start the site on an image with Python. A slow page takes `slow` seconds."""
        self._kube = kube
        kube("create", "configmap", "site", f"--from-file={HERE / 'pages.py'}")
        manifest = (HERE / "manifests" / "site.yaml").read_text(encoding="utf-8")
        kube.apply(Template(manifest).substitute(IMAGE=image, SLOW=slow))
        kube("rollout", "status", "deployment/site", "--timeout=120s")
        spec = kube.get("service", "site")["spec"]
        self._host = f"site.{kube.namespace}.svc.cluster.local"
        #: The networks for the scraper's allow-list: the address of a Service is private.
        self.nets = [f"{address}/{128 if ':' in address else 32}" for address in spec["clusterIPs"]]

    def url(self, path: str) -> str:
        """The URL of a page, for pods."""
        return f"http://{self._host}/{path}"
