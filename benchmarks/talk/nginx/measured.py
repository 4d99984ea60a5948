"""The loads of the experiment: files, then slow clients."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness.pace import pacing
from benchmarks.talk import app, load
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
from benchmarks.talk.load import Load, Work
from benchmarks.talk.servers import Running

from .download import downloads, large_file
from .front import front
from .slow import SlowClient, accepted, beside, slow_bodies, slow_heads, slow_readers

#: What serves files: the application, or nginx in front of it.
APPLICATION, NGINX = "the application", "nginx"

#: The server of the application for files, and its threads.
FILES_SERVER, FILES_SLOTS = "gunicorn gthread", 20

#: The server for slow clients: one request in each process, and no reading ahead.
SLOW_SERVER, WORKERS = "gunicorn sync", 2

#: Slow clients and pings: more of both than workers.
SLOW_CLIENTS, PINGS = 6, 20

#: Fronts of the sync workers.
DIRECT, PASSING, BUFFERING = "no nginx", "nginx, buffering off", "nginx, buffering on"
FRONTS = (DIRECT, PASSING, BUFFERING)

#: What the clients are slow at.
HEAD, BODY, ANSWER = "sending the head", "sending the body", "reading the answer"
KINDS = (HEAD, BODY, ANSWER)

#: Bytes of the large file: more than the buffers of sockets hold.
LARGE, QUICK_LARGE = 48 << 20, 16 << 20

#: Clients that download it, and how often each.
DOWNLOADERS, DOWNLOADS, QUICK_DOWNLOADS = 4, 4, 1

#: Seconds to wait for pings that do not get through.
PATIENCE, QUICK_PATIENCE = 1.5, 0.7

#: Seconds of each load of small files.
SECONDS, QUICK_SECONDS = 2.5, 0.5


def measured(context: Context) -> Sequence[Row]:
    """Files, then slow clients: those need no clock, so one round has them."""
    folder, digest = _files(context)
    rows = _static(context, folder, digest)
    return [*rows, *_slow(context, folder, digest)] if context.first else rows


def _files(context: Context) -> tuple[Path, str]:
    """The folder of static files: the page of the repository, and a large file."""
    folder = context.folder / "static"
    folder.mkdir()
    (folder / "page.html").write_bytes(_page())
    return folder, large_file(folder / "large.bin", context.pick(LARGE, QUICK_LARGE))


def _page() -> bytes:
    return (Path(app.__file__).parent / "static" / "page.html").read_bytes()


def _static(context: Context, folder: Path, digest: str) -> list[Row]:
    """The same files from both: each at its peak, and both at half of the application's peak."""
    environ = {"TALK_STATIC": str(folder)}
    page = Work("page", ("/static/page.html",), (_page(),))
    rows, seconds = [], context.pick(SECONDS, QUICK_SECONDS)
    with (
        context.serving(FILES_SERVER, slots=FILES_SLOTS, environ=environ) as behind,
        front(context.folder, [behind], static=folder) as nginx,
    ):
        both = {APPLICATION: behind, NGINX: nginx}
        most = {name: context.peak(running, page, seconds) for name, running in both.items()}
        rate = max(1.0, most[APPLICATION].rate / 2)
        for name, running in both.items():
            labels = {"part": "page", "from": name}
            same = context.at(running, page, rate, seconds=seconds)
            rows += [
                Row({**labels, "load": "peak"}, most[name].figures()),
                Row({**labels, "load": "the same"}, same.figures()),
            ]
        rows += [_large(context, name, running, digest) for name, running in both.items()]
    return rows


def _large(context: Context, name: str, running: Running, digest: str) -> Row:
    """The large file several times at once, with pings beside it."""
    each = context.pick(DOWNLOADS, QUICK_DOWNLOADS)
    before = running.cpu_seconds()
    pings = Load(running.port, load.PING_RATE, context.pick(2.0, 0.5), 100, fresh=True, warm_up=0.0)
    with pacing(pings.of(load.PING)) as results:
        found = downloads(f"{running.url}/static/large.bin", digest, each, DOWNLOADERS)
    mib = context.pick(LARGE, QUICK_LARGE) / 2**20 * each * DOWNLOADERS
    figures = {
        "mib_per_second": found.mib_per_second,
        "cpu_ms_per_mib": (running.cpu_seconds() - before) * 1000 / mib,
        "right": found.right,
        "wrong": found.wrong,
        "ping_p99": results[0].of(200).quantile(0.99),
        "ping_failures": results[0].sent - len(results[0].of(200).latencies),
    }
    return Row({"part": "large", "from": name}, figures)


def _slow(context: Context, folder: Path, digest: str) -> list[Row]:
    """Each kind of slowness before each front of the same sync workers."""
    # Not "static": nginx would serve that itself, and the answer must come from the application.
    private = context.folder / "private"
    private.symlink_to(folder)
    environ = {"TALK_STATIC": str(private)}
    kinds: dict[str, Callable[[], list[SlowClient]]] = {
        HEAD: lambda: slow_heads(SLOW_CLIENTS),
        BODY: lambda: slow_bodies(SLOW_CLIENTS, context.posts(links=0)),
        ANSWER: lambda: slow_readers(SLOW_CLIENTS, "/private/large.bin", digest),
    }
    patience = context.pick(PATIENCE, QUICK_PATIENCE)
    rows = []
    with (
        context.serving(SLOW_SERVER, processes=WORKERS, environ=environ) as behind,
        front(context.folder, [behind], buffering=False) as passing,
        front(context.folder, [behind]) as buffering,
    ):
        ports = {DIRECT: behind.port, PASSING: passing.port, BUFFERING: buffering.port}
        for kind, clients in kinds.items():
            for name, port in ports.items():
                served = beside(clients(), port, lambda: accepted(behind.port), PINGS, patience)
                labels = {"part": "slow", "clients are slow at": kind, "front": name}
                rows.append(Row(labels, {**vars(served), "slots": WORKERS, "slow": SLOW_CLIENTS}))
    return rows
