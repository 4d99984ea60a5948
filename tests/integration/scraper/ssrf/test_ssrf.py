"""Posted URLs reach public addresses only.

In a network namespace every address belongs to the machine, so the test sees each connection. No
canary may get one.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_core.urls.receivers import receiver_url
from splitflap_core.urls.web_url import BadUrl

from tests.integration.scraper.ssrf.cases import (
    LEADS,
    LED_TO,
    PUBLIC,
    REDIRECTS,
    barred,
    neighbours,
)

ROOT = Path(__file__).parents[4]

NAMESPACE = ["unshare", "--net", "--map-root-user", "sh", "-c"]

#: All addresses are local, except for those reserved by the kernel.
ALL_LOCAL = (
    "ip link set lo up && ip route add local default dev lo && ip -6 route add local default dev lo"
)


def can_have_namespace() -> bool:
    """Whether this machine allows such a namespace."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*NAMESPACE, ALL_LOCAL], check=False, capture_output=True).returncode == 0


needs_namespace = pytest.mark.skipif(
    not os.environ.get("CI") and not can_have_namespace(),
    reason="needs network namespaces (unshare and ip, of util-linux and iproute2)",
)


@cache
def results() -> dict[str, dict[str, Any]]:
    """Return the outcomes of all cases."""
    command = f"{ALL_LOCAL} && exec {sys.executable} -m tests.integration.scraper.ssrf.run"
    run = subprocess.run(
        [*NAMESPACE, command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return found


def result(case: str) -> dict[str, Any]:
    """Return the outcome of a case, after the check of its canaries."""
    found = results()[case]
    canaries = [
        each for each in found["reached"] if not PUBLIC_ONLY.may_be_reached(ip_address(each))
    ]
    assert canaries == []
    return found


def test_there_are_enough_cases() -> None:
    """At least 150 are forbidden, and there are public ones on both sides."""
    assert len(barred()) + len(LEADS) * len(LED_TO) >= 150
    assert len(neighbours()) >= 25


@needs_namespace
@pytest.mark.parametrize("host", barred())
def test_a_forbidden_host_is_refused_in_every_spelling(host: str) -> None:
    """The scraper does not connect."""
    found = result(f"host {host}")
    assert found["outcome"] in {"forbidden_address", "bad_url", "dns", "forbidden_port"}
    assert found["reached"] == []


@needs_namespace
@pytest.mark.parametrize("host", LED_TO)
@pytest.mark.parametrize("kind", LEADS)
def test_a_page_cannot_lead_to_a_forbidden_host(kind: str, host: str) -> None:
    """It tries redirects, meta refresh, oEmbed and robots.txt."""
    found = result(f"{kind} {host}")
    assert set(found["reached"]) == {PUBLIC}
    # oEmbed and robots.txt are optional for a preview.
    assert found["outcome"] == ("done" if kind in {"oembed", "robots"} else "forbidden_address")


@needs_namespace
@pytest.mark.parametrize("name", ["rebind.test", "rebind6.test"])
def test_a_rebound_name_is_checked_again(name: str) -> None:
    """The second lookup gives a private address.

    There is no lookup between check and connect. The next request has one, and its check holds for
    an idle connection too.
    """
    once, again = result(f"one lookup {name}"), result(f"rebinding {name}")
    assert once["outcome"] == "done"
    for found in (again, result(f"rebinding after robots {name}")):
        assert found["outcome"] == "forbidden_address"
        assert len(found["reached"]) == 1
    later = result(f"pooled reuse {name}")
    assert later == {"outcome": "forbidden_address", "reached": [], "requests": 0}


@needs_namespace
@pytest.mark.parametrize("host", neighbours())
def test_public_neighbours_are_reached(host: str) -> None:
    """These addresses are just below and above a forbidden network."""
    found = result(f"public {host}")
    assert found["outcome"] == "done"
    assert set(found["reached"]) == {str(ip_address(host.strip("[]")))}


@pytest.mark.parametrize("host", [*barred(), "rebind.localhost", "10-0-0-1.nip.io", "wiki.corp"])
def test_a_webhook_of_a_forbidden_host_cannot_be_saved(host: str) -> None:
    """Its owner learns so at once, if the URL says it. The API resolves no names."""
    with pytest.raises(BadUrl):
        receiver_url(f"http://{host.replace('{p}', '8080')}:8080/hook", PUBLIC_ONLY)


@pytest.mark.parametrize("host", neighbours())
def test_a_webhook_of_a_public_neighbour_can_be_saved(host: str) -> None:
    """The rules of both services are the same."""
    assert receiver_url(f"http://{host}:8080/hook", PUBLIC_ONLY).startswith("http://")


@needs_namespace
@pytest.mark.parametrize("host", barred())
def test_no_webhook_is_sent_to_a_forbidden_host(host: str) -> None:
    """Whatever was saved, by whichever release: the scraper does not connect."""
    found = result(f"webhook {host}")
    assert found["outcome"] in {"forbidden_address", "bad_url", "dns", "forbidden_port"}
    assert found["reached"] == []


@needs_namespace
@pytest.mark.parametrize("host", LED_TO)
@pytest.mark.parametrize("status", REDIRECTS)
def test_no_webhook_follows_a_redirect(status: str, host: str) -> None:
    """The redirect is the answer: a failed try."""
    found = result(f"webhook {status} {host}")
    assert found == {"outcome": status, "reached": [PUBLIC], "requests": 1}


@needs_namespace
@pytest.mark.parametrize("name", ["rebind.test", "rebind6.test"])
def test_no_webhook_is_sent_to_a_rebound_name(name: str) -> None:
    """The second lookup gives a private address. Not even the open connection is used."""
    assert result(f"webhook first {name}")["outcome"] == "200"
    again = result(f"webhook again {name}")
    assert again == {"outcome": "forbidden_address", "reached": [], "requests": 0}


@needs_namespace
@pytest.mark.parametrize("host", neighbours())
def test_webhooks_reach_public_neighbours(host: str) -> None:
    """These addresses are just below and above a forbidden network."""
    found = result(f"webhook public {host}")
    assert found["outcome"] == "200"
    assert set(found["reached"]) == {str(ip_address(host.strip("[]")))}
