"""Every vector in a real browser: no script runs, and all requests go to the image proxy."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.render import render

from tests.xss.options import OPTIONS
from tests.xss.site import Site, serving
from tests.xss.vectors import VECTORS

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")

#: Vectors on one page, each in its own element.
VECTORS_PER_PAGE = 20

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("chromium-headless-shell is missing: make servers", allow_module_level=True)


def browse(site: Site, profile: Path) -> str:
    """Show all pages in frames of one page; return its tree at the end."""
    assert CHROMIUM, "chromium-headless-shell is missing: make servers"
    shown = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
            f"--user-data-dir={profile}",
            # Requests to every host come to the site.
            f"--host-resolver-rules=MAP * 127.0.0.1:{site.port}",
            *("--virtual-time-budget=60000", "--timeout=90000", "--dump-dom"),
            f"http://127.0.0.1:{site.port}/",
        ],
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    return shown.stdout


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_vector_runs_a_script_or_sends_a_request(flavour: Flavour, tmp_path: Path) -> None:
    """Every event of a user is fired on every element."""
    texts = [render(vector, flavour, OPTIONS).html for vector in VECTORS]
    pages = [
        "".join(f"<div>{html}</div>" for html in texts[start : start + VECTORS_PER_PAGE])
        for start in range(0, len(texts), VECTORS_PER_PAGE)
    ]
    with serving(pages) as site:
        tree = browse(site, tmp_path)
    # The script of each page has reached its end.
    assert f"<title>{len(pages)} of {len(pages)}</title>" in tree
    assert site.shown == set(range(len(pages)))
    elsewhere = [each for each in site.requests if not each[1].startswith(("/proxy?", "/favicon"))]
    assert elsewhere == []
    # Images did load, so other requests would have been recorded.
    assert any(path.startswith("/proxy?") for _, path in site.requests)


@pytest.mark.parametrize(
    ("html", "path"),
    [
        ("<img src=x onerror=alert(1)>", "/canary?alert"),
        ("<svg onload=alert(1)>", "/canary?alert"),
        ("<a href=javascript:alert(1)>x</a>", "/canary?alert"),
        ("<p onmouseover=alert(1)>x</p>", "/canary?alert"),
        ("<p id=location>x</p>", "/canary?id%20location"),
        ("<img name=querySelector>", "/canary?id%20querySelector"),
        ("<img src=http://x.evil.example/x>", "/x"),
        ("<p style=background:url(http://y.evil.example/y)>x</p>", "/y"),
    ],
)
def test_the_site_records_an_attack(html: str, path: str, tmp_path: Path) -> None:
    """Without the sanitiser, the HTML leads to a request."""
    with serving([html]) as site:
        tree = browse(site, tmp_path)
    assert "<title>1 of 1</title>" in tree
    assert path in {each[1] for each in site.requests}
