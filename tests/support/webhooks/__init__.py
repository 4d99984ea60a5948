"""Webhooks as the reference library of the specification reads them, in Node.js."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import MissingBinary

HERE = Path(__file__).parent
LIBRARY = HERE.parents[2] / ".tools" / "webhooks" / "node_modules" / "standardwebhooks"


@dataclass(frozen=True)
class Case:
    """A delivery as it arrived, with the secret of its receiver.

    The receiver's clock is `later` seconds ahead of ours.
    """

    secret: str
    headers: Mapping[str, str]
    body: str
    later: float = 0.0


def verdicts(*cases: Case) -> list[str]:
    """For each case `ok`, or the message of the library's error.

    Raises:
        MissingBinary: the library is not installed.
    """
    node = shutil.which("node")
    if node is None or not LIBRARY.is_dir():
        raise MissingBinary("the npm package standardwebhooks is not installed: make servers")
    lines = "\n".join(json.dumps(vars(case) | {"headers": dict(case.headers)}) for case in cases)
    ran = subprocess.run(
        [node, str(HERE / "verify.mjs"), str(LIBRARY)],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.splitlines()
