"""`splitflap up`: its start, its messages, and its refusals."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import free_ports, wait_until

from .conftest import FAKE_SERVICE, Launch


def printed_command(out: str) -> str:
    """The banner's curl command."""
    return next(line for line in out.splitlines() if "curl" in line)


def words_in_a_shell(command: str, folder: Path, **environ: str) -> list[str]:
    """The words of a command after the shell's expansions."""
    script = f"set -- {command}\nprintf '%s\\n' \"$@\""
    run = subprocess.run(
        ["sh", "-c", script], check=True, cwd=folder, env=environ, capture_output=True
    )
    return run.stdout.decode().splitlines()


def test_the_banner_shows_a_request_that_works(launch: Launch, tmp_path: Path) -> None:
    """A shell puts the key of the named file into its curl command."""
    up = launch(SPLITFLAP_DATA_DIR=str(tmp_path / "my data"))
    up.wait_served()
    file = tmp_path / "my data" / "key"
    key = file.read_text(encoding="ascii").strip()
    assert key.startswith("sf_")
    assert len(key) > 40
    assert f"serving at http://127.0.0.1:{up.port}/#key={key}\n" in up.out
    assert f"key  in {file} " in up.out
    words = words_in_a_shell(printed_command(up.out), tmp_path, PATH="/usr/bin:/bin")
    assert words[:3] == ["curl", "-si", f"http://127.0.0.1:{up.port}/v1/posts"]
    assert f"Authorization: Bearer {key}" in words
    assert words[-1] == '{"text":"Hello **world**"}'


def test_a_start_prints_the_key_in_the_pages_address_only(launch: Launch, tmp_path: Path) -> None:
    """In its fragment, which no browser sends. The first start and a later one are alike."""
    for _ in range(2):
        up = launch()
        up.wait_served()
        key = (tmp_path / "data" / "key").read_text(encoding="ascii").strip()
        assert up.out.count(key) == up.out.count(f":{up.port}/#key={key}\n") == 1
        assert key not in up.err
        up.signal(signal.SIGTERM)
        assert up.ended() == 0


def test_the_page_is_built_into_the_data_folder(launch: Launch, tmp_path: Path) -> None:
    """A later start builds it anew. A page of the operator's own is left alone."""
    page = tmp_path / "data" / "page"
    for _ in range(2):
        up = launch()
        up.wait_served()
        assert (page / "index.html").is_file()
        (page / "index.html").unlink()
        up.signal(signal.SIGTERM)
        assert up.ended() == 0
    own = launch(SPLITFLAP_PAGE=str(tmp_path / "own"))
    own.wait_served()
    assert not (page / "index.html").exists()


def test_a_page_that_cannot_be_built_ends_the_start(launch: Launch, tmp_path: Path) -> None:
    """A folder of something else in its place is kept."""
    (tmp_path / "data" / "page").mkdir(parents=True)
    (tmp_path / "data" / "page" / "letter").touch()
    up = launch()
    assert up.ended() == 1
    assert "cannot build the page: " in up.err
    assert "Traceback" not in up.err
    assert up.events() == []


def test_only_the_api_has_a_key_in_its_environment(launch: Launch) -> None:
    """The launcher's own environment has both variables."""
    show = "--show-environment"
    up = launch(
        show, show, show, SPLITFLAP_BOOTSTRAP_KEY="sf_chosen_by_its_owner", SPLITFLAP_KEY="sf_other"
    )
    up.wait_served()
    holders = {name for name, event in up.events() if event == "has-SPLITFLAP_BOOTSTRAP_KEY"}
    assert holders == {"api"}
    assert not any(event == "has-SPLITFLAP_KEY" for _, event in up.events())


def test_the_second_start_uses_the_stored_key(launch: Launch, tmp_path: Path) -> None:
    """The second start uses the stored key."""
    keys = []
    for _ in range(2):
        up = launch()
        up.wait_served()
        keys.append((tmp_path / "data" / "key").read_bytes())
        up.signal(signal.SIGTERM)
        assert up.ended() == 0
    assert keys[0] == keys[1]


def test_a_stranger_on_the_port_of_the_api_gets_no_key(launch: Launch) -> None:
    """It answers on the API's port, and is no Splitflap."""
    up = launch("--realm somebody-else", options=("--ready-timeout", "1"))
    assert up.ended() == 1
    assert "api is not ready: port" in up.err
    assert up.pids("api", "key") == []


def test_a_damaged_database_stops_all(launch: Launch) -> None:
    """There is no restart. The exit status is that of the API."""
    up = launch(api="--exit 65")
    assert up.ended() == 65
    assert "api found its data damaged" in up.err
    assert len(up.pids("api")) == 1
    up.assert_nothing_left()


def test_a_chosen_key_is_neither_shown_nor_stored(launch: Launch, tmp_path: Path) -> None:
    """The banner names SPLITFLAP_BOOTSTRAP_KEY instead."""
    up = launch(SPLITFLAP_BOOTSTRAP_KEY="sf_chosen_by_its_owner")
    up.wait_served()
    assert "sf_chosen" not in up.out + up.err
    assert f"serving at http://127.0.0.1:{up.port}/\n" in up.out
    assert "$SPLITFLAP_BOOTSTRAP_KEY" in up.out
    assert not (tmp_path / "data" / "key").exists()


def test_a_revoked_key_ends_the_start(launch: Launch) -> None:
    """A revoked key ends the start."""
    up = launch(SPLITFLAP_BOOTSTRAP_KEY="sf_revoked_long_ago")
    assert up.ended() == 1
    assert "does not take the key in SPLITFLAP_BOOTSTRAP_KEY" in up.err
    up.assert_nothing_left()


def test_a_late_start_names_each_unready_service(launch: Launch) -> None:
    """The message has the reason of each service."""
    up = launch(
        renderer="--not-ready 'broker: connection refused'",
        scraper="--exit 3",
        options=("--ready-timeout", "1"),
    )
    assert up.ended() == 1
    assert "renderer is not ready: broker: connection refused" in up.err
    # The check may come between two starts, or during one.
    assert re.search(r"scraper is not ready: (.*before, )?it ended with status 3", up.err)
    assert "api is not ready" not in up.err
    assert up.out == ""
    up.assert_nothing_left()


@pytest.mark.parametrize(
    ("position", "whose", "setting"),
    [
        (0, "requests", "--port or SPLITFLAP_PORT"),
        (2, "health of renderer", "SPLITFLAP_HEALTH_PORT, the first of 3 in a row,"),
    ],
)
def test_a_taken_port_is_refused(launch: Launch, position: int, whose: str, setting: str) -> None:
    """The message names the port and its setting. No service starts."""
    ports = free_ports(4)
    with socket.create_server(("127.0.0.1", ports[position])):
        up = launch(SPLITFLAP_PORT=str(ports[0]), SPLITFLAP_HEALTH_PORT=str(ports[1]))
        assert up.ended() == 1
    assert f"127.0.0.1 port {ports[position]} ({whose})" in up.err
    assert f"set {setting} to another" in up.err
    assert "Traceback" not in up.err
    assert up.events() == []


def test_one_port_for_two_purposes_is_refused(launch: Launch) -> None:
    """One port for two purposes is refused."""
    ports = free_ports(2)
    up = launch(SPLITFLAP_PORT=str(ports[1]), SPLITFLAP_HEALTH_PORT=str(ports[0]))
    assert up.ended() == 1
    assert f"port {ports[1]} (health of renderer)" in up.err


def test_a_data_folder_has_one_launcher(launch: Launch) -> None:
    """The message of the second names the process of the first."""
    first = launch()
    first.wait_served()
    second = launch()
    assert second.ended() == 1
    assert f"(process {first.process.pid}) runs on" in second.err
    assert second.events() == []
    first.signal(signal.SIGTERM)
    assert first.ended() == 0


def test_a_wrong_setting_of_the_launcher_is_refused(launch: Launch) -> None:
    """The exit status is 78, and no service starts."""
    up = launch(SPLITFLAP_HEALTH_PORT="http")
    assert up.ended() == 78
    assert "SPLITFLAP_HEALTH_PORT" in up.err
    assert "Traceback" not in up.err


def test_a_wrong_setting_of_a_service_stops_all(launch: Launch) -> None:
    """There is no restart. The exit status is 78."""
    up = launch(scraper="--exit 78 --say 'SPLITFLAP_X: is wrong'")
    assert up.ended() == 78
    assert "SPLITFLAP_X: is wrong\n" in up.err
    assert "scraper has wrong settings" in up.err
    assert len(up.pids("scraper")) == 1
    up.assert_nothing_left()


@pytest.mark.parametrize("program", ["no-such-program", "/etc/passwd", "no/such/folder/program"])
def test_a_missing_program_ends_the_start_at_once(
    launch: Launch, tmp_path: Path, program: str
) -> None:
    """The message names the service and its program; the timeout of readiness is not used up."""
    procfile = tmp_path / "Procfile"
    fake = f"{sys.executable} {FAKE_SERVICE} api --api"
    procfile.write_text(f"api: {fake}\nrenderer: {program} now\n", encoding="utf-8")
    up = launch(options=("--procfile", str(procfile), "--ready-timeout", "600"))
    assert up.ended() == 1
    assert f"renderer cannot be started: {program}: " in up.err
    assert "correct its line in the Procfile; stopping" in up.err
    assert "starting it again" not in up.err
    up.assert_nothing_left()


@pytest.mark.parametrize("text", [None, "", "api: 'unclosed\n", "api: a\napi: b\n"])
def test_an_invalid_procfile_is_refused(launch: Launch, tmp_path: Path, text: str | None) -> None:
    """The file may be missing, empty, quoted wrongly, or name a service twice."""
    procfile = tmp_path / "Procfile"
    if text is not None:
        procfile.write_text(text, encoding="utf-8")
    up = launch(options=("--procfile", str(procfile)))
    assert up.ended() == 1
    assert f"the Procfile {procfile}" in up.err
    assert "Traceback" not in up.err


def test_an_impossible_data_folder_is_refused(launch: Launch, tmp_path: Path) -> None:
    """An impossible data folder is refused."""
    (tmp_path / "file").touch()
    up = launch(SPLITFLAP_DATA_DIR=str(tmp_path / "file" / "data"))
    assert up.ended() == 1
    assert f"cannot use the folder {tmp_path}/file/data: " in up.err
    assert "Traceback" not in up.err


def test_lines_in_a_file_have_no_prefix(launch: Launch) -> None:
    """So lines of JSON stay JSON."""
    up = launch(renderer="""--say '{"level":"WARNING"}'""")
    up.wait_served()
    assert '{"level":"WARNING"}' in up.err.splitlines()


def test_lines_on_a_terminal_name_their_service(launch: Launch) -> None:
    """Lines on a terminal name their service."""
    ours, theirs = pty.openpty()
    up = launch(renderer="--say hello", stderr=theirs)
    os.close(theirs)
    up.wait_served()
    seen = b""

    def hello() -> bool:
        nonlocal seen
        seen += os.read(ours, 4096)
        return b"hello" in seen

    wait_until(hello)
    assert b"renderer" in seen
    assert b"\x1b[" in seen
    up.signal(signal.SIGTERM)
    assert up.ended() == 0
    os.close(ours)


def test_the_launcher_imports_no_heavy_package() -> None:
    """The launcher runs all day beside the services."""
    code = (
        "import sys, splitflap.__main__\n"
        "heavy = {'requests', 'eventlet', 'kombu', 'flask', 'splitflap_api'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
