"""The distribution by itself: its imports, its README, and its example app as a server."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import asyncrequest
from small_app import PATIENCE

PACKAGE = Path(asyncrequest.__file__).parent
ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "factors.py"

#: The number of the README's session. Its factors take a second.
NUMBER = 99999640000243


def test_the_package_imports_only_its_dependencies() -> None:
    named: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{path.name} imports from outside of its folder"
                named |= {(node.module or "").partition(".")[0]} if node.level == 0 else set()
    # Flask brings werkzeug.
    assert named - set(sys.stdlib_module_names) == {"flask", "msgspec", "werkzeug"}


def test_a_copy_of_the_package_works_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "moved")
    code = "import sys, moved\nsys.exit(any(name.startswith('splitflap') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=PATIENCE)
    assert done.returncode == 0


def test_the_readme_shows_the_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    _docstring, _, code = EXAMPLE.read_text(encoding="utf-8").partition('"""\n\n')
    assert code in blocks


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The example, served by Flask as its docstring says, on a port that the kernel picks."""
    command = [sys.executable, "-m", "flask", "--app", EXAMPLE.stem, "run", "--port", "0"]
    server = subprocess.Popen(
        command, cwd=EXAMPLE.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        lines = iter(server.stderr.readline, "")
        found = (re.search(r"Running on (http://\S+)", line) for line in lines)
        yield next(match[1] for match in found if match)
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE)


def factors(url: str, number: object, **headers: str) -> requests.Response:
    """Ask for the factors of a number."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{url}/factors", {"number": number}, headers=sent, timeout=PATIENCE)


def test_the_example_from_202_to_410(url: str) -> None:
    """Accepted, running, done, repeated, cancelled, gone: the session in the README."""
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


def test_the_example_with_prefer_and_idempotency_key(url: str) -> None:
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
def test_the_example_refuses_a_bad_request_at_once(
    url: str, number: object, headers: dict[str, str], status: int
) -> None:
    assert factors(url, number, **headers).status_code == status


def test_the_example_has_problems_without_an_error_handler(url: str) -> None:
    unknown = requests.get(f"{url}/tasks/none", timeout=PATIENCE)
    assert unknown.status_code == 404
    assert unknown.headers["Content-Type"] == "application/problem+json"
