"""A Prometheus server for tests."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from .process import PATIENCE, find_binary
from .server import Server, listens


@dataclass(frozen=True)
class Target:
    """A scrape target: a port on loopback, a page, and labels for all of its series."""

    port: int
    labels: Mapping[str, str]
    page: str = "/metrics"
    parameters: Mapping[str, Sequence[str]] | None = None


class Prometheus(Server):
    """One server that scrapes and evaluates rules every second."""

    def __init__(self, targets: Sequence[Target], rules: Sequence[Path] = ()) -> None:
        """Raises MissingBinary if Prometheus is not installed."""
        self._binary = find_binary("prometheus")
        super().__init__("prometheus")
        copies = [
            self._home.write(f"rules-{path.name}", _hurried(path.read_text(encoding="utf-8")))
            for path in rules
        ]
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in copies],
            "scrape_configs": [_job(number, target) for number, target in enumerate(targets)],
        }
        self._config = self._home.write("prometheus.yml", yaml.safe_dump(configuration))
        self._data = self._home.mkdir("data")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now, to the samples of a vector.

        Raises:
            ValueError: Prometheus refuses the expression.
        """
        return self._ask("query", query=expression)

    def query_range(self, expression: str, start: float, end: float) -> list[dict[str, Any]]:
        """Evaluate an expression for each second, to the series of a matrix.

        Raises:
            ValueError: Prometheus refuses the expression.
        """
        return self._ask("query_range", query=expression, start=start, end=end, step=1)

    def exemplars(self, selector: str, start: float, end: float) -> list[dict[str, Any]]:
        """The series of a selector with their exemplars."""
        return self._ask("query_exemplars", query=selector, start=start, end=end)

    def _ask(self, page: str, **parameters: str | float) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{page}"
        answer = requests.get(url, params=parameters, timeout=PATIENCE).json()
        if answer["status"] != "success":
            raise ValueError(f"{parameters['query']}: {answer['error']}")
        data = answer["data"]
        found: list[dict[str, Any]] = data if page == "query_exemplars" else data["result"]
        return found

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [
            self._binary,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]
        return self._home.start(command, self.log)

    def _is_ready(self) -> bool:
        if not listens(self.port):
            return False
        return requests.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=PATIENCE).ok


def _hurried(rules: str) -> str:
    """The rules, evaluated at the interval of this server."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        group.pop("interval", None)
    return yaml.safe_dump(document)


def _job(number: int, target: Target) -> dict[str, Any]:
    job: dict[str, Any] = {
        "job_name": f"target-{number}",
        "metrics_path": target.page,
        "static_configs": [
            {"targets": [f"127.0.0.1:{target.port}"], "labels": dict(target.labels)}
        ],
    }
    if target.parameters:
        job["params"] = {name: list(values) for name, values in target.parameters.items()}
    return job
