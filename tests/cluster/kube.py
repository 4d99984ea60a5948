"""Runs kubectl and helm in one namespace."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chart.helm import find_helm
from tests.support import wait_until

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "splitflap"

#: Timeout of one command in seconds.
TIMEOUT = 300.0


class CommandFailed(AssertionError):
    """The exit status of a command was not 0; the message has its output."""


def run(command: Sequence[str], stdin: str = "", timeout: float = TIMEOUT) -> str:
    """The output of a command.

    Raises:
        CommandFailed: the command failed.
    """
    done = subprocess.run(
        command, check=False, input=stdin, capture_output=True, text=True, timeout=timeout
    )
    if done.returncode:
        raise CommandFailed(f"{' '.join(command[:6])}: {done.stderr}{done.stdout[-2000:]}")
    return done.stdout


class Kube:
    """One namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl."""
        return run(["kubectl", "--namespace", self.namespace, *arguments], stdin)

    def get(self, *what: str) -> Any:
        """An object, or a list of them, as JSON."""
        return json.loads(self("get", *what, "--output", "json"))

    def items(self, *what: str) -> list[dict[str, Any]]:
        """The objects of a list."""
        found: list[dict[str, Any]] = self.get(*what)["items"]
        return found

    def apply(self, manifest: str) -> None:
        """Create or change objects."""
        self("apply", "--filename", "-", stdin=manifest)

    def pods(self, component: str) -> list[dict[str, Any]]:
        """The pods of a component, without terminating ones."""
        selector = f"app.kubernetes.io/component={component}"
        found = self.items("pods", "--selector", selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, component: str) -> int:
        """The number of ready pods of a component."""
        return sum(map(_is_ready, self.pods(component)))

    def wait_ready(self, component: str, count: int = 1, timeout: float = 180) -> None:
        """Wait until the component has exactly `count` pods and all are ready."""

        def as_wanted() -> bool:
            return self.ready(component) == len(self.pods(component)) == count

        wait_until(as_wanted, lambda: f"{count} {component}\n{self('get', 'pods')}", timeout)


def helm(*arguments: str, timeout: float = TIMEOUT) -> str:
    """Run helm."""
    return run([find_helm(), *arguments], timeout=timeout)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
