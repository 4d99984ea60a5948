"""The API does what its OpenAPI description says, and the description is valid."""

import os
import subprocess
from pathlib import Path

import pytest
import schemathesis

from tests.system.conftest import MakeStack
from tests.system.rig.processes import program
from tests.system.rig.stack import ADMIN, Stack

#: Requests that schemathesis makes up for each operation. A bound on the test's time.
EXAMPLES = 15

#: Seconds for all of schemathesis.
SCHEMATHESIS_TIMEOUT = 300


def test_description_is_valid(stack: Stack) -> None:
    """Schemathesis loads it; it needs no key, and has every operation of the contract."""
    response = stack.client(key=None).get("/v1/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    described = response.json()
    assert described["openapi"].startswith("3.1")
    assert len(list(schemathesis.openapi.from_dict(described).get_all_operations())) >= 15
    assert {"/v1/posts", "/v1/posts/{post_id}", "/v1/renders", "/v1/previews"} <= set(
        described["paths"]
    )
    assert {"/v1/tasks/{task_id}", "/v1/events"} <= set(described["paths"])


@pytest.mark.timeout(400)
@pytest.mark.servers
def test_api_conforms_to_its_description(make_stack: MakeStack, tmp_path: Path) -> None:
    """All checks of schemathesis pass on every operation except the endless streams.

    This runs on PostgreSQL, which refuses more values than SQLite does.
    """
    stack = make_stack("servers", apis=1, workers=("renderer",))
    report = tmp_path / "report.txt"
    with report.open("w") as output:
        ended = subprocess.run(
            _schemathesis(stack.url()),
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SCHEMATHESIS_TIMEOUT,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1"},
        )
    assert ended.returncode == 0, report.read_text()[-8000:]


def _schemathesis(url: str) -> list[str]:
    return [
        program("schemathesis"),
        *("--config-file", str(Path(__file__).parent / "schemathesis.toml")),
        "run",
        f"{url}/v1/openapi.json",
        *("--header", f"Authorization: Bearer {ADMIN}"),
        *("--exclude-path-regex", "^/v1/(status/)?events$"),
        *("--max-examples", str(EXAMPLES)),
        *("--seed", "1"),
        *("--request-timeout", "20"),
        "--generation-deterministic",
    ]
