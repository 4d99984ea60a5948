"""Runs `helm template` and gives access to the rendered objects."""

import base64
import itertools
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.servers.process import MissingBinary

from . import strict

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "splitflap"

#: `make tools` installs Helm here if the system has none.
TOOLS = ROOT / ".tools"

#: The Kubernetes version of the rendering. A Helm built from its module assumes an old one.
KUBERNETES = "1.34.0"

Object = dict[str, Any]
Values = dict[str, Any]


class ValuesRefused(Exception):
    """Helm refused the values; the message has its output."""


def find_helm() -> str:
    """The path of Helm's binary.

    Raises:
        MissingBinary: Helm is not installed.
    """
    if found := shutil.which("helm") or shutil.which("helm", path=str(TOOLS)):
        return found
    raise MissingBinary("helm is not installed (make tools)")


@dataclass(frozen=True)
class Helm:
    """Helm's binary, and a folder for files of values."""

    binary: str
    folder: Path
    _number: Iterator[int] = field(default_factory=itertools.count)

    def run(self, *arguments: str) -> str:
        """The output of a command.

        Raises:
            ValuesRefused: the command failed.
        """
        command = [self.binary, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise ValuesRefused(done.stderr)
        return done.stdout

    def render(
        self, values: Mapping[str, Any], release: str = "r", namespace: str = "ns", *options: str
    ) -> "Manifests":
        """The objects of a release.

        Raises:
            ValuesRefused: Helm refused the values.
        """
        path = self.write(values)
        where = ("-n", namespace, "--kube-version", KUBERNETES)
        text = self.run("template", release, str(CHART), "-f", path, *where, *options)
        return Manifests(strict.load_all(text), text)

    def write(self, values: Mapping[str, Any]) -> str:
        """Write these values to a file, and return its path."""
        path = self.folder / f"{next(self._number)}.yaml"
        path.write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Manifests:
    """The objects of a release."""

    objects: list[Object]

    #: Helm's output.
    text: str = ""

    def __iter__(self) -> Iterator[Object]:
        return iter(self.objects)

    def of(self, kind: str) -> dict[str, Object]:
        """The objects of a kind by their component."""
        component = "app.kubernetes.io/component"
        found = [each for each in self.objects if each["kind"] == kind]
        return {each["metadata"]["labels"][component]: each for each in found}

    def pods(self) -> dict[str, Object]:
        """Metadata and spec of each component's pod."""
        found = {}
        for kind in ("Deployment", "StatefulSet", "Job"):
            for component, each in self.of(kind).items():
                found[component] = each["spec"]["template"]
        return {**found, **self.of("Pod")}

    def container(self, component: str) -> Object:
        """The first container of a component."""
        container: Object = self.pods()[component]["spec"]["containers"][0]
        return container

    def environ(self, component: str, others: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """A container's environment. Secrets come from this release and from `others`."""
        secrets = {**others, **dict(self._secrets())}
        found = {}
        for each in self.container(component)["env"]:
            if reference := each.get("valueFrom", {}).get("secretKeyRef"):
                found[each["name"]] = secrets[reference["name"]][reference["key"]]
            else:
                found[each["name"]] = each["value"]
        return found

    def _secrets(self) -> Iterator[tuple[str, dict[str, str]]]:
        for each in self.of("Secret").values():
            data = {k: base64.b64decode(v).decode() for k, v in each.get("data", {}).items()}
            yield each["metadata"]["name"], {**data, **each.get("stringData", {})}


def merged(*many: Mapping[str, Any]) -> dict[str, Any]:
    """Merge values as Helm does; later ones replace earlier ones."""
    result: dict[str, Any] = {}
    for values in many:
        for key, value in values.items():
            old = result.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            result[key] = merged(old or {}, value) if both else value
    return result
