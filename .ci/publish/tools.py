"""The programs that publish, and what their errors mean."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: What a registry answers about a name or tag that it does not have.
_ABSENT = re.compile(r"MANIFEST_UNKNOWN|NAME_UNKNOWN|NOT_FOUND|404 Not Found")
_REFUSED = re.compile(r"UNAUTHORIZED|DENIED|no basic auth|\b40[13]\b", re.IGNORECASE)
_UNREACHED = re.compile(r"dial tcp|no such host|connection refused|i/o timeout|tls: |x509: ")

#: Registries of this machine speak HTTP.
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)")


class PublishError(Exception):
    """The release cannot be published; the message gives the reason and the remedy."""


@dataclass(frozen=True)
class Tools:
    """Starts the programs."""

    folder: Path
    dry: bool = False
    #: Programs that a dry run goes without.
    missing: set[str] = field(default_factory=set)

    def run(self, *command: str) -> str:
        """The output of a command.

        Raises:
            PublishError: it failed.
        """
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise PublishError(_explain(command, done.stderr))
        return done.stdout.strip()

    def succeeds(self, *command: str) -> bool:
        """Whether a command that only reads succeeds."""
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def digest(self, reference: str) -> str | None:
        """The digest of a reference, or None if the registry lacks it.

        Raises:
            PublishError: the registry was not reached, or refused the question.
        """
        if "crane" in self.missing:
            return None
        command = ("crane", "digest", reference)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        if _ABSENT.search(done.stderr):
            return None
        raise PublishError(_explain(command, done.stderr))


def is_loopback(registry: str) -> bool:
    """Whether a registry is on this machine."""
    return bool(_LOOPBACK.match(registry))


def _explain(command: Sequence[str], error: str) -> str:
    """What a failed command means for the reader."""
    text = f"`{' '.join(command[:2])}` failed:\n{error.strip()[-2000:]}"
    if _UNREACHED.search(error):
        return f"{text}\nThe registry was not reached: see REGISTRY and your network"
    if _REFUSED.search(error):
        return f"{text}\nThe registry refused: log in first (docker login, or crane auth login)"
    return text
