"""Fetches the files of crds.yaml into .cache/crds: python -m tests.chart.tools.crds.

A file comes from the folder SPLITFLAP_CRDS, from its Go module, or from its repository. A file that
none of them has is named, and its kinds stay unchecked.
"""

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".cache" / "crds"

#: Seconds for a download.
TIMEOUT = 20


@dataclass(frozen=True)
class Crd:
    """A file of a pinned version, with the definition of a kind."""

    #: Group, version and kind.
    kind: str
    repository: str
    module: str | None
    version: str
    path: str
    sha256: str

    def read(self) -> bytes | None:
        """The file in .cache/crds."""
        file = FOLDER / (self.sha256 or "none")
        content = file.read_bytes() if file.is_file() else b""
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None

    def fetch(self) -> bool:
        """Whether the file is in .cache/crds now."""
        if self.read() is not None:
            return True
        FOLDER.mkdir(parents=True, exist_ok=True)
        for content in self._found():
            if hashlib.sha256(content).hexdigest() == self.sha256:
                (FOLDER / self.sha256).write_bytes(content)
                return True
        return False

    def _found(self) -> Iterator[bytes]:
        """The file from each place that has it."""
        if not self.path:
            return
        if own := os.environ.get("SPLITFLAP_CRDS"):
            with suppress(OSError):
                yield (Path(own) / Path(self.path).name).read_bytes()
        if self.module:
            with suppress(OSError, subprocess.SubprocessError):
                yield (_module(self.module, self.version) / self.path).read_bytes()
        url = f"https://raw.githubusercontent.com/{self.repository}/{self.version}/{self.path}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            yield response.read()


def _module(module: str, version: str) -> Path:
    """The folder of a Go module."""
    command = ["go", "mod", "download", "-json", f"{module}@{version}"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=300)
    return Path(json.loads(done.stdout)["Dir"])


def crds() -> list[Crd]:
    """The files of crds.yaml."""
    sources = yaml.safe_load(Path(__file__).with_name("crds.yaml").read_text(encoding="utf-8"))
    return [
        Crd(kind, each["repository"], each.get("module"), each["version"], **file)
        for each in sources
        for kind, file in each["files"].items()
    ]


def main() -> None:
    """Fetch all files, and name those that cannot be had."""
    for crd in crds():
        if not crd.fetch():
            sys.stderr.write(f"missing: the CRD of {crd.kind}, so the kind stays unchecked\n")


if __name__ == "__main__":
    main()
