"""Rigs: `up` runs the launcher over fake services, `run` a command against a stub of the API."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from splitflap.__main__ import main

from tests.support import free_ports, gone, wait_until

from .stub_api import StubApi, stub_api

#: Seconds that the launcher may take to end.
END_TIMEOUT = 20.0

FAKE_SERVICE = Path(__file__).with_name("fake_service.py")


class Launcher:
    """A `splitflap up`, its output, and the events that its services logged."""

    def __init__(self, folder: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.folder = folder
        self.port = port
        self.process = process

    @property
    def out(self) -> str:
        """Its standard output."""
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its standard error."""
        return (self.folder / "err").read_text(encoding="utf-8")

    def events(self) -> list[tuple[str, str]]:
        """The events of the services in order, as (name, event)."""
        return [(name, event) for name, event, _ in self._log()]

    def pids(self, name: str, event: str = "started") -> list[int]:
        """The processes of a service that logged an event."""
        return [pid for each, what, pid in self._log() if (each, what) == (name, event)]

    def all_pids(self) -> set[int]:
        """All processes in the log."""
        return {pid for _, _, pid in self._log()}

    def wait_for(self, name: str, event: str, times: int = 1) -> None:
        """Wait until a service has logged an event."""
        wait_until(
            lambda: len(self.pids(name, event)) >= times, lambda: f"{event} of {name}\n{self.err}"
        )

    def wait_served(self) -> None:
        """Wait for the banner."""
        wait_until(
            lambda: "serving" in self.out or self.process.poll() is not None, lambda: self.err
        )
        assert "serving" in self.out, self.err

    def signal(self, number: int) -> None:
        """Signal its process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def kill_service(self, name: str) -> None:
        """Kill the latest process of a service."""
        os.kill(self.pids(name)[-1], signal.SIGKILL)

    def ended(self) -> int:
        """Wait for its end; returns its exit status."""
        return self.process.wait(END_TIMEOUT)

    def assert_nothing_left(self) -> None:
        """Wait until all processes of its services have ended."""
        wait_until(lambda: all(map(gone, self.all_pids())), "the end of the services")

    def clean(self) -> None:
        """End it, and all processes of its services."""
        self.process.kill()
        self.process.wait()
        for pid in self.all_pids():
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)

    def _log(self) -> list[tuple[str, str, int]]:
        path = self.folder / "log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [(name, event, int(pid)) for name, event, pid in map(str.split, lines)]


Launch = Callable[..., Launcher]


@pytest.fixture(autouse=True)
def hang_up() -> Iterator[None]:
    """Restore SIGHUP's default: launchers of a test run under nohup would inherit "ignored"."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts launchers, with arguments for the fake services, options, and variables."""
    launched: list[Launcher] = []

    def start(
        api: str = "",
        renderer: str = "",
        scraper: str = "",
        options: tuple[str, ...] = (),
        stderr: int | None = None,
        **variables: str,
    ) -> Launcher:
        folder = tmp_path / f"launcher{len(launched)}"
        folder.mkdir()
        procfile = _write_procfile(folder, api=f"--api {api}", renderer=renderer, scraper=scraper)
        environ = _environ(tmp_path / "data", folder / "log") | variables
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "splitflap", "up", "--procfile", procfile, *options],
                env=environ,
                stdout=out,
                stderr=err if stderr is None else stderr,
                start_new_session=True,
            )
        launched.append(Launcher(folder, int(environ["SPLITFLAP_PORT"]), process))
        return launched[-1]

    yield start
    for each in launched:
        each.clean()


def _write_procfile(folder: Path, **arguments: str) -> Path:
    """A Procfile that runs a fake service under each name, with these arguments."""
    path = folder / "Procfile"
    lines = (
        f"{name}: {sys.executable} {FAKE_SERVICE} {name} {words}\n"
        for name, words in arguments.items()
    )
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _environ(data_dir: Path, log: Path) -> dict[str, str]:
    """The environment of a launcher, with free ports."""
    port, health, *_ = free_ports(4)
    return {
        **{name: value for name, value in os.environ.items() if "SPLITFLAP" not in name},
        "SPLITFLAP_DATA_DIR": str(data_dir),
        "SPLITFLAP_PORT": str(port),
        "SPLITFLAP_HEALTH_PORT": str(health),
        "FAKE_LOG": str(log),
    }


@pytest.fixture
def api() -> Iterator[StubApi]:
    """A stub of the API on loopback."""
    with stub_api() as stub:
        yield stub


Run = Callable[..., Result]


@pytest.fixture
def run(api: StubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the stub, with a key, in an empty folder."""
    for name in [name for name in os.environ if "SPLITFLAP" in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("splitflap_client.transport.RETRY_AFTER", 0.0)

    def invoke(*arguments: str, key: str | None = "sf_test", stdin: str | bytes = "") -> Result:
        options = ["--url", api.url, *(["--key", key] if key else [])]
        result = CliRunner().invoke(main, [*options, *arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        return result

    return invoke
