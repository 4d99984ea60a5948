"""The cost of traces for a 202: switched off, sampled at 1 %, and at 100 %.

The API as in accept.py, with the workers off. All subjects run in turn in each round, beside the
API with traces switched off. A receiver takes all spans; its CPU does not count. The argument names
another program as the baseline, such as the `splitflap-api` of an earlier checkout:

    .venv/bin/python -m benchmarks.api.traces ../before/.venv/bin/splitflap-api
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.api.accept import CONNECTIONS, SETTINGS, WARM_UP, measure_cost
from benchmarks.harness.bench import bench
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.harness.wrk import closed_loop
from tests.system.rig.processes import program

ROUNDS = 8

OFF = "traces off"

#: The part of requests that is recorded, by the subject.
RATIOS = {OFF: None, "1 % recorded": "0.01", "100 % recorded": "1"}


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def main(baseline: str) -> None:
    """Measure, and print the table."""
    lines = {name: Line(f"CPU us of the API per 202, {name}") for name in RATIOS}
    lines[OFF].target = at_most(1.02)
    with bench() as it, _receiver() as url, ExitStack() as stack:
        environs = {name: {**it.backend(), **SETTINGS} for name in ("baseline", *RATIOS)}
        for name, ratio in RATIOS.items():
            if ratio:
                environs[name] |= {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                    "OTEL_TRACES_SAMPLER": "traceidratio",
                    "OTEL_TRACES_SAMPLER_ARG": ratio,
                }
        commands = {"baseline": [baseline, "serve"]}
        apis = {
            name: stack.enter_context(it.api(environ, commands.get(name)))
            for name, environ in environs.items()
        }
        for api in apis.values():
            closed_loop(api, it.folder, WARM_UP, CONNECTIONS)
        for number in range(ROUNDS):
            note(f"traces: round {number + 1} of {ROUNDS}")
            # Each second round is in the other order.
            order = list(apis) if number % 2 else list(reversed(apis))
            cpu = {name: measure_cost(it, apis[name], environs[name]).cpu_us for name in order}
            for name, line in lines.items():
                line.add(cpu[name], cpu["baseline"])
        for name, ratio in RATIOS.items():
            sent = apis[name].metric("splitflap_spans_exported_total")
            assert (sent > 0) == bool(ratio), (name, sent)
            lost = apis[name].metric('splitflap_spans_dropped_total{why="queue_full"}')
            note(f"{name}: {sent:.0f} spans exported, {lost:.0f} dropped")
    show("traces: the cost of a 202", *lines.values())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else program("splitflap-api"))
