"""Builds the images, and pushes them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .options import Options
from .provenance import STARTED
from .tools import PublishError, Tools

#: Arguments of a Dockerfile that name a base image. The last one is the base of the last stage.
_ARGUMENTS = ("PYTHON_IMAGE", "NGINX_IMAGE")

#: A label with the bases of all stages, each with its digest.
BASES = "org.splitflap.bases"


@dataclass
class Image:
    """The image of a service, on all platforms."""

    options: Options
    tools: Tools
    service: str

    @property
    def name(self) -> str:
        """Its name, without its tag."""
        return f"{self.options.registry}/splitflap/{self.service}"

    def push(self) -> None:
        """Build and push each platform's image, then their index."""
        reference = f"{self.name}:{self.options.tag}"
        pushed = []
        for platform in self.options.platforms:
            image = f"{reference}-{platform.rpartition('/')[2]}"
            print(f"building: {image}", flush=True)
            self._build(platform, image)
            pushed += ["-m", image]
        self.tools.run("crane", "index", "append", *pushed, "-t", reference)

    @cached_property
    def bases(self) -> dict[str, str]:
        """Its base images by their arguments, pinned by digests.

        Raises:
            PublishError: a base cannot be pinned.
        """
        return {name: self._pinned(base) for name, base in self._declared().items()}

    def _build(self, platform: str, image: str) -> None:
        options, archive = self.options, self.tools.folder / "image.tar"
        archive.unlink(missing_ok=True)
        arguments = {"VERSION": options.tag, "REVISION": options.revision, **self.bases}
        flags = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        flags += [f"--label={key}={value}" for key, value in self._labels().items()]
        dockerfile = str(options.root / "services" / self.service / "Dockerfile")
        where = ("--platform", platform, "-f", dockerfile, "-t", image, str(options.root))
        self.tools.run(options.builder, "build", *options.build_flags, *flags, *where)
        save = ("save", "-o", str(archive), image)
        if Path(options.builder).name == "buildah":
            save = ("push", "--quiet", image, f"docker-archive:{archive}")
        self.tools.run(options.builder, *save)
        self.tools.run("crane", "push", str(archive), image)

    def _declared(self) -> dict[str, str]:
        """The base images of the Dockerfile, by their arguments."""
        path = self.options.root / "services" / self.service / "Dockerfile"
        text = path.read_text(encoding="utf-8")
        known = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
        known.update(self.options.bases or {})
        return {
            name: re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], known[name])
            for name in _ARGUMENTS
            if f"${{{name}}}" in text
        }

    def _pinned(self, base: str) -> str:
        if "@" in base or not self.options.pin:
            return base
        reason = "its registry does not have it"
        try:
            digest = self.tools.digest(base)
        except PublishError as error:
            digest, reason = None, str(error)
        if digest is None:
            raise PublishError(
                f"the base {base} cannot be pinned: {reason}\n"
                "Set PYTHON_IMAGE and NGINX_IMAGE to bases that can be reached, or PIN=no"
            )
        # Not every builder reads a name with both a tag and a digest.
        return f"{re.sub(r':[^/:]+$', '', base)}@{digest}"

    def _labels(self) -> dict[str, str]:
        last, standard = list(self.bases)[-1], "org.opencontainers.image"
        _, at, digest = self.bases[last].partition("@")
        return {
            BASES: " ".join(self.bases.values()),
            f"{standard}.source": self.options.source,
            f"{standard}.created": STARTED,
            f"{standard}.base.name": self._declared()[last].partition("@")[0],
            **({f"{standard}.base.digest": digest} if at else {}),
        }
