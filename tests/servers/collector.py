"""An OpenTelemetry Collector for tests: OTLP comes in, a file of JSON goes out."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .process import find_binary
from .server import Server, listens

TOOLS = Path(__file__).parents[2] / ".tools"


@dataclass(frozen=True)
class Received:
    """A span as the collector has decoded it."""

    trace: str
    id: str
    parent: str
    name: str
    #: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    kind: int
    start: int
    end: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    #: The traces and spans that it links to.
    links: list[tuple[str, str]] = field(default_factory=list)
    error: bool = False

    @property
    def service(self) -> str:
        """The name of its service."""
        return str(self.resource["service.name"])


class Collector(Server):
    """Takes spans over OTLP/HTTP. `make tools` builds it."""

    def __init__(self) -> None:
        """Raises MissingBinary if it was not built."""
        self._binary = find_binary("otelcol", TOOLS)
        super().__init__("collector")
        self._file = self._home.folder / "spans.json"
        configuration = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{self.port}"}}}},
            "exporters": {"file": {"path": str(self._file), "flush_interval": "100ms"}},
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
            },
        }
        self._config = self._home.write("collector.yml", yaml.safe_dump(configuration))

    @property
    def url(self) -> str:
        """The value of OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def text(self) -> str:
        """All that it has received so far."""
        return self._file.read_text(encoding="utf-8") if self._file.exists() else ""

    def spans(self, trace: str = "") -> list[Received]:
        """The spans so far: all, or those of a trace."""
        # The last line may be half written.
        lines = self.text.split("\n")[:-1]
        found = [span for line in lines for span in _spans(json.loads(line))]
        return [each for each in found if each.trace == trace or not trace]

    def _launch(self) -> subprocess.Popen[bytes]:
        return self._home.start([self._binary, f"--config=file:{self._config}"], self.log)

    def _is_ready(self) -> bool:
        return listens(self.port)


def _spans(request: Any) -> list[Received]:
    return [
        Received(
            trace=span["traceId"],
            id=span["spanId"],
            parent=span.get("parentSpanId", ""),
            name=span["name"],
            kind=span["kind"],
            start=int(span["startTimeUnixNano"]),
            end=int(span["endTimeUnixNano"]),
            attributes=_values(span.get("attributes", [])),
            resource=_values(of_resource["resource"]["attributes"]),
            links=[(each["traceId"], each["spanId"]) for each in span.get("links", [])],
            error=span.get("status", {}).get("code") == 2,
        )
        for of_resource in request["resourceSpans"]
        for scope in of_resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _values(attributes: list[Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in attributes}
