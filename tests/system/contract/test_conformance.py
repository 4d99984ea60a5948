"""The running API does what its own description says: schemathesis sends what it can think of."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.system.conftest import MakeStack
from tests.system.rig.processes import program
from tests.system.rig.stack import ADMIN

#: Tried for each operation; the whole must stay bounded.
EXAMPLES = 15

#: Seconds for all of it.
PATIENCE = 150


@pytest.mark.timeout(200)
@pytest.mark.servers
def test_api_conforms_to_its_description(make_stack: MakeStack, tmp_path: Path) -> None:
    """All of schemathesis' checks, on every operation but the stream, which never ends.

    On PostgreSQL, which refuses more than SQLite does.
    """
    stack = make_stack("servers", apis=1, workers=("renderer",))
    report = tmp_path / "report.txt"
    command = [
        program("schemathesis"),
        *("--config-file", str(Path(__file__).parent / "schemathesis.toml")),
        "run",
        f"{stack.url()}/v1/openapi.json",
        *("--header", f"Authorization: Bearer {ADMIN}"),
        *("--exclude-path", "/v1/events"),
        *("--max-examples", str(EXAMPLES)),
        *("--seed", "1"),
        *("--request-timeout", "20"),
        "--generation-deterministic",
    ]
    with report.open("w") as output:
        ended = subprocess.run(
            command,
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1"},
        )
    assert ended.returncode == 0, report.read_text()[-8000:]
