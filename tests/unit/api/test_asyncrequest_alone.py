"""The module by itself: what it imports, and the app of its page."""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import asyncrequest
from tests.support import free_port

from .small_app import PATIENCE

FOLDER = Path(asyncrequest.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "asynchronous-requests.md"

#: The page's number, whose factors take a second.
NUMBER = 99999640000243


def test_it_imports_nothing_of_the_rest() -> None:
    """Flask, what Flask brings, msgspec and the standard library are all that it names."""
    named: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{path.name} reaches out of its folder"
                named |= {(node.module or "").partition(".")[0]} if node.level == 0 else set()
    assert named - set(sys.stdlib_module_names) == {"flask", "msgspec", "werkzeug"}


def test_it_can_be_moved(tmp_path: Path) -> None:
    """A copy of the folder works where there is no Splitflap."""
    shutil.copytree(FOLDER, tmp_path / "moved")
    code = "import sys, moved\nsys.exit(any(name.startswith('splitflap') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=PATIENCE)
    assert done.returncode == 0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app of the page, as its reader runs it."""
    folder = tmp_path_factory.mktemp("page")
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (folder / "factors.py").write_text(code[1], encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "factors", "run", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ}, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Return once the server answers."""
    end = time.monotonic() + PATIENCE
    while True:
        assert server.poll() is None, "the app of the page does not start"
        try:
            requests.get(url, timeout=PATIENCE)
        except requests.ConnectionError:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)
        else:
            return


def factors(url: str, number: object, **headers: str) -> requests.Response:
    """Ask for the factors of a number."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{url}/factors", {"number": number}, headers=sent, timeout=PATIENCE)


def test_the_page_from_202_to_410(url: str) -> None:
    """Accepted, running, done, said again, cancelled, gone: as the page's session shows."""
    accepted = factors(url, NUMBER)
    assert accepted.status_code == 202
    assert accepted.headers["Retry-After"] == "1"
    place = url + accepted.headers["Location"]
    running = requests.get(place, timeout=PATIENCE)
    assert running.status_code == 202
    assert running.json() == accepted.json()
    for _ in range(2):
        final = requests.get(place, headers={"Prefer": "wait=20"}, timeout=PATIENCE)
        assert final.status_code == 200
        assert final.text == '{"factors":[9999973,9999991]}'
        assert final.headers["X-Prime"] == "no"
    assert requests.head(place, timeout=PATIENCE).headers["Content-Length"] == "29"
    assert requests.delete(place, timeout=PATIENCE).status_code == 204
    assert requests.get(place, timeout=PATIENCE).json()["status"] == 410


def test_the_page_with_prefer_and_key(url: str) -> None:
    """A client that waits, and one that repeats itself."""
    waited = factors(url, 91, Prefer="wait=5")
    assert waited.json() == {"factors": [7, 13]}
    assert waited.headers["Preference-Applied"] == "wait=5"
    first, second = (factors(url, 97, Prefer="wait=5", Idempotency_Key="order-7") for _ in range(2))
    assert first.text == second.text == '{"factors":[97]}'
    assert factors(url, 92, Idempotency_Key="order-7").status_code == 422


@pytest.mark.parametrize(
    ("number", "headers", "status"),
    [("x", {}, 400), (1, {}, 400), (91, {"Idempotency_Key": "a b"}, 400)],
)
def test_the_page_refuses_at_once(
    url: str, number: object, headers: dict[str, str], status: int
) -> None:
    """What is wrong with a request is said before anything is accepted."""
    assert factors(url, number, **headers).status_code == status


def test_the_page_has_problems_without_more_code(url: str) -> None:
    """The ten lines hold no error handler; a task that was never there is a problem."""
    unknown = requests.get(f"{url}/tasks/none", timeout=PATIENCE)
    assert unknown.status_code == 404
    assert unknown.headers["Content-Type"] == "application/problem+json"
