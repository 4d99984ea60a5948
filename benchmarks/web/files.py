"""The page's files from nginx and from the API: rate, CPU, and the cost for the API's own requests.

Both serve the same built site, and both have one process. nginx has its own configuration, with its
access log. The files are asked for in turn. No worker runs.
"""

from collections.abc import Sequence
from pathlib import Path

from splitflap_web.site import build

from benchmarks.harness.bench import KEY, POST, Bench, RunningApi, bench
from benchmarks.harness.pace import Latencies, PacedLoad, PacedResult, paced, pacing, request
from benchmarks.harness.page_nginx import RunningNginx, page_nginx
from benchmarks.harness.table import Line, note, show
from benchmarks.harness.wrk import file_loop
from tests.integration.web.rig import manifest

ROUNDS = 3

#: Seconds of one closed loop, and its connections.
SECONDS = 5
CONNECTIONS = 48

CODINGS = ("gzip", "identity")

#: Posts and files a second, for some seconds of which the first do not count. A first visit of the
#: board fetches 35 files.
POSTS = 100
FILES = 500
BESIDE_SECONDS = 12
WARM_UP = 2

#: Without workers nothing finishes. A long age limit keeps the API from shedding requests for it.
SETTINGS = {"SPLITFLAP_MAX_UNFINISHED_AGE": "3600"}


class _Coding:
    """The lines of one coding: nginx by the API."""

    def __init__(self, coding: str) -> None:
        self.rate = Line(f"{coding}: files per second; API, nginx")
        self.cpu = Line("  CPU ms of a thousand files")
        self.p99 = Line(f"  p99 ms of a file, {CONNECTIONS} connections")


def main() -> None:
    """Measure, and print the tables."""
    codings = {coding: _Coding(coding) for coding in CODINGS}
    with bench() as it:
        site = build(it.folder / "page")
        note(f"files: {_sizes(site)}")
        environ = {**it.backend(), **SETTINGS, "SPLITFLAP_PAGE": str(site)}
        with it.api(environ) as api, page_nginx(api.port, site) as nginx:
            paths = list(manifest(site)["files"])
            beside = _Beside(paths)
            for number in range(ROUNDS):
                note(f"files: round {number + 1} of {ROUNDS}")
                for coding, lines in codings.items():
                    _closed_loops(it, api, nginx, paths, coding, lines)
                beside.round(api, nginx)
    loops = [line for each in codings.values() for line in vars(each).values()]
    show("files: the page's files, by the API (baseline) and by nginx", *loops)
    show(f"files: {POSTS} posts a second beside {FILES} files a second", *beside.lines)


def _sizes(site: Path) -> str:
    files = [site / each["file"] for each in manifest(site)["files"].values()]
    packed = [each.with_name(f"{each.name}.gz") for each in files]
    sent = [
        p.stat().st_size if p.exists() else f.stat().st_size
        for f, p in zip(files, packed, strict=True)
    ]
    plain = sum(each.stat().st_size for each in files)
    return f"{len(files)} files, {plain / 1024:.0f} KiB, compressed {sum(sent) / 1024:.0f} KiB"


def _closed_loops(
    it: Bench,
    api: RunningApi,
    nginx: RunningNginx,
    paths: Sequence[str],
    coding: str,
    lines: _Coding,
) -> None:
    by_api, by_nginx = (
        file_loop(each, it.folder, paths, coding, SECONDS, CONNECTIONS) for each in (api, nginx)
    )
    for each in (by_api, by_nginx):
        assert not each.refused
        assert not each.lost
    lines.rate.add(by_nginx.rate, by_api.rate)
    # Microseconds for one file are milliseconds for a thousand.
    lines.cpu.add(by_nginx.cpu_us, by_api.cpu_us)
    lines.p99.add(by_nginx.p99_ms, by_api.p99_ms)


class _Beside:
    """Posts alone, beside files from nginx, and beside files from the API."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._requests = [_get(path) for path in paths]
        self.nginx = {
            share: Line(f"p{share} ms of a 202: alone, files from nginx") for share in (50, 99)
        }
        self.api = {
            share: Line(f"p{share} ms of a 202: files from nginx, from the API")
            for share in (50, 99)
        }
        self.files = Line("p99 ms of a file: nginx, API")
        self.refused = Line("% of files that the API refused (503)")
        self.cpu = Line("CPU % of the API: files from nginx, from the API")
        self.nginx_cpu = Line("CPU % of nginx")

    @property
    def lines(self) -> list[Line]:
        return [
            *self.nginx.values(),
            *self.api.values(),
            self.files,
            self.refused,
            self.cpu,
            self.nginx_cpu,
        ]

    def round(self, api: RunningApi, nginx: RunningNginx) -> None:
        alone = paced(_posts(api))
        before = api.cpu(), nginx.cpu()
        by_nginx, files_nginx = self._with_files(api, nginx.port)
        between = api.cpu(), nginx.cpu()
        by_api, files_api = self._with_files(api, api.port)
        after = api.cpu()
        for share in (50, 99):
            at = share / 100
            self.nginx[share].add(by_nginx.quantile(at), alone.of(202).quantile(at))
            self.api[share].add(by_api.quantile(at), by_nginx.quantile(at))
        self.files.add(files_api.of(200).quantile(0.99), files_nginx.of(200).quantile(0.99))
        self.refused.add(_refused(files_api))
        self.cpu.add(_share(after - between[0]), _share(between[0] - before[0]))
        self.nginx_cpu.add(_share(between[1] - before[1]))

    def _with_files(self, api: RunningApi, port: int) -> tuple[Latencies, PacedResult]:
        files = PacedLoad(port, FILES, BESIDE_SECONDS, CONNECTIONS, self._requests, WARM_UP)
        with pacing(files) as fetched:
            posted = paced(_posts(api))
        assert posted.sent == len(posted.of(202).latencies), posted.counts()
        assert not fetched[0].lost
        return posted.of(202), fetched[0]


def _posts(api: RunningApi) -> PacedLoad:
    posts = [request("POST", "/v1/posts", KEY, POST)]
    return PacedLoad(api.port, POSTS, BESIDE_SECONDS, CONNECTIONS, posts, WARM_UP)


def _get(path: str) -> str:
    return request("GET", path).replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n")


def _refused(files: PacedResult) -> float:
    return len(files.of(503).latencies) / files.sent * 100


def _share(seconds: float) -> float:
    return seconds / BESIDE_SECONDS * 100


if __name__ == "__main__":
    main()
