"""The steps of publishing. Each one first asks the registry whether its result is there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .chart import ChartPackage
from .images import BASES, Image
from .options import Options
from .provenance import provenance
from .signer import Signer
from .tools import PublishError, Tools

_REVISION = "org.opencontainers.image.revision"


@dataclass(frozen=True)
class Publisher:
    """Publishes images, then the chart that names their digests."""

    options: Options
    tools: Tools
    signer: Signer

    def publish(self) -> dict[str, str | None]:
        """Publish all; the digests by their names with tags. In a dry run, None is missing."""
        self._ask()
        images = [Image(self.options, self.tools, each) for each in self.options.services]
        digests = {f"{each.name}:{self.options.tag}": self._image(each) for each in images}
        chart = f"{self.options.registry}/charts/splitflap"
        return {**digests, f"{chart}:{self.options.tag}": self._chart(chart, digests)}

    def _ask(self) -> None:
        """Ask the registry a first time. A dry run goes on without it."""
        try:
            self.tools.digest(f"{self.options.registry}/charts/splitflap:{self.options.tag}")
        except PublishError as error:
            if not self.tools.dry:
                raise
            print(f"first: {error}")
            self.tools.missing.add("crane")

    def _image(self, image: Image) -> str | None:
        reference = f"{image.name}:{self.options.tag}"
        digest = self._pushed(reference, image.push, self._labels)
        made = self._provenance(image.service, reference)
        for platform in self.options.platforms:
            one = self._platform(image.name, digest, platform) if digest else None
            label = f"{reference} ({platform})"
            self.signer.attach("signature", one, label)
            self.signer.attach("spdxjson", one, label, self._sbom(one))
            self.signer.attach("slsaprovenance1", one, label, made)
        index = f"{image.name}@{digest}" if digest else None
        self.signer.attach("signature", index, reference)
        self.signer.attach("slsaprovenance1", index, reference, made)
        return digest

    def _chart(self, name: str, images: dict[str, str | None]) -> str | None:
        reference = f"{name}:{self.options.tag}"

        def push() -> None:
            ChartPackage(self.options, self.tools).push(images)

        digest = self._pushed(reference, push, self._annotations)
        one = f"{name}@{digest}" if digest else None
        self.signer.attach("signature", one, reference)
        self.signer.attach("slsaprovenance1", one, reference, self._provenance("chart"))
        return digest

    def _pushed(
        self, reference: str, push: Callable[[], None], said: Callable[[str], dict[str, str]]
    ) -> str | None:
        """The digest of an artifact, pushed now if the registry lacks it.

        Raises:
            PublishError: the artifact of another commit has this tag.
        """
        if digest := self.tools.digest(reference):
            if (revision := said(reference).get(_REVISION)) != self.options.revision:
                raise PublishError(
                    f"{reference} is there from commit {revision}, and this is commit "
                    f"{self.options.revision}. A published tag never moves: choose another TAG"
                )
            print(f"present: {reference}")
        elif self.tools.dry:
            print(f"missing: {reference}")
        else:
            push()
            digest = self.tools.digest(reference)
            print(f"pushed: {reference}", flush=True)
        return digest

    def _labels(self, reference: str) -> dict[str, str]:
        """The labels of an image."""
        platform = self.options.platforms[0]
        config = json.loads(self.tools.run("crane", "config", "--platform", platform, reference))
        return config["config"].get("Labels") or {}

    def _annotations(self, reference: str) -> dict[str, str]:
        """The annotations of a chart."""
        manifest = json.loads(self.tools.run("crane", "manifest", reference))
        return manifest.get("annotations") or {}

    def _platform(self, name: str, digest: str, platform: str) -> str:
        """The reference of one platform's image."""
        found = self.tools.run("crane", "digest", "--platform", platform, f"{name}@{digest}")
        return f"{name}@{found}"

    def _sbom(self, reference: str | None) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            self.tools.run("syft", "scan", f"registry:{reference}", "-q", "-o", f"spdx-json={path}")

        return write

    def _provenance(self, artifact: str, reference: str = "") -> Callable[[Path], None]:
        """Write provenance. An image's label names its bases: their tags may have moved since."""

        def write(path: Path) -> None:
            bases = self._labels(reference)[BASES].split() if reference else ()
            document = provenance(self.options, artifact, bases)
            path.write_text(json.dumps(document), encoding="utf-8")

        return write
