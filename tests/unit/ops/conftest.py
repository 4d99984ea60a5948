"""The launcher as a real process, over services that are real processes too."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from splitflap.__main__ import main

from tests.support import free_ports, wait_until

from .stub_api import StubApi, stub_api

#: Seconds that a test waits for what must happen.
PATIENCE = 20.0

FAKE = Path(__file__).with_name("fake_service.py")


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in {"Z", "X"}


class Launched:
    """A `splitflap up`, and what it and its services have said."""

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
        """What happened to the services, as (name, event), in order."""
        return [(name, event) for name, event, _ in self._log()]

    def pids(self, name: str, event: str = "started") -> list[int]:
        """The processes that an event happened to."""
        return [pid for who, what, pid in self._log() if (who, what) == (name, event)]

    def all_pids(self) -> set[int]:
        """Every process that was noted."""
        return {pid for _, _, pid in self._log()}

    def wait_for(self, name: str, event: str, times: int = 1) -> None:
        """Wait for an event."""
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
        """Signal the whole process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def ended(self) -> int:
        """Its exit status, waiting for it."""
        return self.process.wait(PATIENCE)

    def assert_nothing_left(self) -> None:
        """No process of a service may be there any more."""
        wait_until(lambda: all(map(is_gone, self.all_pids())), "the end of the services")

    def clean(self) -> None:
        """End it and all that it may have left."""
        self.process.kill()
        self.process.wait()
        for pid in self.all_pids():
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)

    def _log(self) -> list[tuple[str, str, int]]:
        path = self.folder / "log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [(name, event, int(pid)) for name, event, pid in map(str.split, lines)]


Launch = Callable[..., Launched]


@pytest.fixture(autouse=True)
def hang_up() -> Iterator[None]:
    """Who begins the tests with nohup means the tests, not the launchers that they start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts launchers: by the arguments of the fake services, more options, more variables."""
    launched: list[Launched] = []

    def start(
        api: str = "",
        renderer: str = "",
        scraper: str = "",
        options: tuple[str, ...] = (),
        stderr: int | None = None,
        **variables: str,
    ) -> Launched:
        folder = tmp_path / f"launcher{len(launched)}"
        folder.mkdir()
        procfile = folder / "Procfile"
        procfile.write_text(
            f"api: {sys.executable} {FAKE} api --api {api}\n"
            f"renderer: {sys.executable} {FAKE} renderer {renderer}\n"
            f"scraper: {sys.executable} {FAKE} scraper {scraper}\n",
            encoding="utf-8",
        )
        port, health, *_ = free_ports(4)
        port = int(variables.pop("SPLITFLAP_PORT", port))
        environ = {
            **{name: value for name, value in os.environ.items() if "SPLITFLAP" not in name},
            "SPLITFLAP_DATA_DIR": str(tmp_path / "data"),
            "SPLITFLAP_PORT": str(port),
            "SPLITFLAP_HEALTH_PORT": str(health),
            "FAKE_LOG": str(folder / "log"),
            **variables,
        }
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "splitflap", "up", "--procfile", procfile, *options],
                env=environ,
                stdout=out,
                stderr=err if stderr is None else stderr,
                start_new_session=True,
            )
        launched.append(Launched(folder, port, process))
        return launched[-1]

    yield start
    for each in launched:
        each.clean()


@pytest.fixture
def api() -> Iterator[StubApi]:
    """A server that speaks the API's contract."""
    with stub_api() as stub:
        yield stub


Run = Callable[..., Result]


@pytest.fixture
def run(api: StubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against the stub, with a key, in an empty folder."""
    for name in [name for name in os.environ if "SPLITFLAP" in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("splitflap.client.RETRY_AFTER", 0.0)

    def invoke(*arguments: str, key: str | None = "sf_test", stdin: str | bytes = "") -> Result:
        options = ["--url", api.url, *(["--key", key] if key else [])]
        result = CliRunner().invoke(main, [*options, *arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        return result

    return invoke
