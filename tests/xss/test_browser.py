"""Every vector in a real browser: no script runs, and no request leaves but to the image proxy."""

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

#: Vectors that share a page; each is an element of its own.
A_PAGE = 20

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("chromium-headless-shell is missing: make servers", allow_module_level=True)


def browse(site: Site, profile: Path) -> str:
    """Show the site's pages, all in frames of one, and give back its tree as it is at the end."""
    assert CHROMIUM, "chromium-headless-shell is missing: make servers"
    shown = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
            f"--user-data-dir={profile}",
            # Whatever host a page asks for, the request comes to the site.
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
def test_vectors(flavour: Flavour, tmp_path: Path) -> None:
    """With all that a page's user and its scripts could make happen to each element."""
    texts = [render(vector, flavour, OPTIONS).html for vector in VECTORS]
    pages = [
        "".join(f"<div>{html}</div>" for html in texts[start : start + A_PAGE])
        for start in range(0, len(texts), A_PAGE)
    ]
    with serving(pages) as site:
        tree = browse(site, tmp_path)
    # Each page has gone through all of its elements.
    assert f"<title>{len(pages)} of {len(pages)}</title>" in tree
    assert site.shown == set(range(len(pages)))
    elsewhere = [each for each in site.asked if not each[1].startswith(("/proxy?", "/favicon"))]
    assert elsewhere == []
    # That images do load says that requests would have been seen.
    assert any(path.startswith("/proxy?") for _, path in site.asked)


@pytest.mark.parametrize(
    ("html", "asked"),
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
def test_the_traps_work(html: str, asked: str, tmp_path: Path) -> None:
    """Shown as it was written, each of these is noticed."""
    with serving([html]) as site:
        tree = browse(site, tmp_path)
    assert "<title>1 of 1</title>" in tree
    assert asked in {path for _, path in site.asked}
