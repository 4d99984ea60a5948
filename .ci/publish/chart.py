"""The chart as it is published: it knows its registry, its repository and its changes.

The chart in the tree belongs to no repository and no registry, so it lacks these. Artifact Hub
reads the annotations: https://artifacthub.io/docs/topics/annotations/helm
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .options import UNRELEASED, Options
from .tools import PublishError, Tools, is_loopback

CHART = "charts/splitflap"


@dataclass(frozen=True)
class ChartPackage:
    """The chart for a registry."""

    options: Options
    tools: Tools

    def push(self, images: Mapping[str, str | None]) -> None:
        """Package the chart, and push it."""
        folder = self.write(self.tools.folder, images)
        made = self.tools.run("helm", "package", str(folder), "-d", str(self.tools.folder))
        plain = ["--plain-http"] if is_loopback(self.options.registry) else []
        archive = made.rpartition(": ")[2]
        self.tools.run("helm", "push", archive, f"oci://{self.options.registry}/charts", *plain)

    def write(self, parent: Path, images: Mapping[str, str | None]) -> Path:
        """Write the chart below `parent`, with digests of images by their names."""
        options, folder = self.options, parent / "splitflap"
        shutil.copytree(options.root / CHART, folder)
        shutil.copy(options.root / "LICENSE", folder)
        chart = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        links = {
            "changelog": f"{self._files}/CHANGELOG.md",
            "documentation": f"{self._files}/docs/kubernetes.md",
            "upgrading": f"{self._files}/docs/upgrading.md",
            "verification": f"{self._files}/docs/publishing.md#verify",
            "security": f"{self._files}/SECURITY.md",
        }
        kinds = [change["kind"] for change in self.changes()]
        chart |= {"version": options.tag, "appVersion": options.tag}
        chart |= {"home": options.source, "sources": [options.source]}
        for maintainer in chart["maintainers"]:
            maintainer["url"] = options.source
        chart["annotations"] |= {
            "artifacthub.io/changes": _yaml(list(self.changes())),
            "artifacthub.io/containsSecurityUpdates": str("security" in kinds).lower(),
            "artifacthub.io/images": _yaml(
                [
                    {"name": _service(name), "image": f"{name}@{digest}"}
                    for name, digest in images.items()
                ]
            ),
            "artifacthub.io/links": _yaml(
                [{"name": name, "url": url} for name, url in links.items()]
            ),
            "artifacthub.io/prerelease": str("-" in options.tag).lower(),
            "org.opencontainers.image.revision": options.revision,
        }
        (folder / "Chart.yaml").write_text(_yaml(chart), encoding="utf-8")
        self._edit(folder / "values.yaml", r'(?m)^(image:\n(?:  .*\n)*?  registry: )""$',
                   rf'\g<1>"{options.registry}"')  # fmt: skip
        self._edit(folder / "README.md", r"\]\(\.\./\.\./", f"]({self._files}/")
        return folder

    def changes(self) -> Iterator[dict[str, str]]:
        """Kind and first sentence of each entry of the changelog for this version."""
        text = (self.options.root / "CHANGELOG.md").read_text(encoding="utf-8")
        heading = UNRELEASED if "-" in self.options.tag else f"## [{self.options.tag}]"
        _, found, after = text.partition(f"\n{heading}")
        if not found:
            raise PublishError(f"CHANGELOG.md has no section {heading!r}")
        kind = ""
        for line in after.partition("\n## ")[0].splitlines():
            if line.startswith("### "):
                kind = line.removeprefix("### ").strip().lower()
            elif line.startswith("- "):
                plain = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", line.removeprefix("- "))
                yield {"kind": kind, "description": re.split(r"(?<=[.:])\s", plain)[0].rstrip(":")}

    @property
    def _files(self) -> str:
        return f"{self.options.source}/blob/{self.options.revision}"

    @staticmethod
    def _edit(path: Path, pattern: str, new: str) -> None:
        text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"))
        if not count:
            raise PublishError(f"{path.name} of the chart has nothing like {pattern!r}")
        path.write_text(text, encoding="utf-8")


def _service(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
