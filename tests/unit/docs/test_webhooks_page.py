"""The lines of docs/webhooks.md that verify a delivery: they take ours, and no others."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.domain.webhooks.deliveries import DELAYS
from splitflap_api.domain.webhooks.signing import new_secret, signatures
from splitflap_api.settings import ApiSettings

from tests.servers.fixtures import or_skip
from tests.servers.process import find_binary

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")

BODY = '{"type": "task.done", "text": "\u00e9"}'
SECRET, OLD_SECRET = new_secret(), new_secret()


def block(language: str) -> str:
    """The one block of code of the page in a language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def delivery(later: int = 0, *secrets: str) -> dict[str, str]:
    """The headers of a delivery, signed at a time."""
    moment = int(time.time()) + later
    return {
        "webhook-id": "an-id",
        "webhook-timestamp": str(moment),
        "webhook-signature": signatures(secrets or (SECRET,), "an-id", moment, BODY),
    }


Cases = list[tuple[dict[str, str], str]]


@pytest.fixture
def good() -> Cases:
    """Deliveries of now that are genuine."""
    return [(delivery(), BODY), (delivery(0, OLD_SECRET, SECRET), BODY), (delivery(200), BODY)]


@pytest.fixture
def bad() -> Cases:
    """Deliveries of now that are altered, old or foreign."""
    return [
        (delivery(), BODY + " "),
        (delivery() | {"webhook-id": "other"}, BODY),
        (delivery(0, OLD_SECRET), BODY),
        (delivery(-400), BODY),
        (delivery(400), BODY),
        (delivery() | {"webhook-timestamp": str(int(time.time()) - 1)}, BODY),
        (delivery() | {"webhook-signature": "v1,"}, BODY),
        (delivery() | {"webhook-signature": ""}, BODY),
    ]


def test_the_lines_of_python_verify_a_delivery(good: Cases, bad: Cases) -> None:
    """They raise for an altered, an old and a foreign one."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), "docs/webhooks.md", "exec"), names)
    for headers, body in good:
        names["verify"](SECRET, headers, body.encode())
    for headers, body in bad:
        with pytest.raises(ValueError, match=r"too old|no signature"):
            names["verify"](SECRET, headers, body.encode())


def test_the_lines_of_javascript_verify_a_delivery(good: Cases, bad: Cases, tmp_path: Path) -> None:
    """As those of Python."""
    node = or_skip(lambda: find_binary("node"))
    cases = json.dumps([[SECRET, headers, body] for headers, body in good + bad])
    calls = f"""
for (const [secret, headers, body] of {cases}) {{
  try {{
    verify(secret, headers, Buffer.from(body));
    console.log("ok");
  }} catch (error) {{
    console.log(error.message);
  }}
}}
"""
    script = tmp_path / "verify.mjs"
    script.write_text(block("javascript") + calls, encoding="utf-8")
    ran = subprocess.run([node, script], capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert lines[: len(good)] == ["ok"] * len(good)
    assert "ok" not in lines[len(good) :]
    assert len(lines) == len(good) + len(bad)


def test_the_page_names_the_times_of_the_tries() -> None:
    """With the default of the setting."""
    backoff = ApiSettings().webhook_backoff
    seconds = [round(backoff * each) for each in DELAYS]
    assert seconds[:7] == [5, 30, 120, 600, 1800, 3600, 7200]
    assert set(seconds[7:]) == {3 * 3600}
    assert f"{len(DELAYS) + 1} tries in a day" in PAGE
