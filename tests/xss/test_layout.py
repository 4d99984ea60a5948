"""Posts in Chromium with docs/styles.css: nothing is wider than its box.

The screenshots are in the test's folder: `pytest tests/xss/test_layout.py --basetemp=/tmp/layout`.
"""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.render import render

from tests.xss.options import OPTIONS
from tests.xss.test_browser import CHROMIUM

STYLES = Path(__file__).parents[2] / "docs" / "styles.css"

#: An image of 1200 x 600 pixels.
IMAGE = "data:image/svg+xml," + html.escape(
    "%3Csvg xmlns='http://www.w3.org/2000/svg' width='1200' height='600'%3E"
    "%3Crect width='1200' height='600' fill='teal'/%3E%3C/svg%3E"
)

LONG = "x" * 400

POSTS = {
    "words": f"# {LONG}\n\n{LONG} https://example.com/{LONG} `{LONG}` **{LONG}**",
    "images": (
        "![a](https://i.example/a.png)\n\n"
        '<img src="https://i.example/b.png" width="1200" height="4000">\n\n'
        '<img src="https://i.example/c.png" width="2" height="33554432">\n\n'
        '<img src="https://i.example/d.png" width="50%">'
    ),
    "table": "| "
    + " | ".join(["a wide cell", LONG] * 8)
    + " |\n"
    + "|---" * 16
    + "|\n"
    + "| b " * 16,
    "code": f'```json\n[1, …, "{LONG}"]\n```\n\n```\n{LONG}\n```\n\n    {LONG}',
    "nested": "> " * 39 + "quote\n\n" + "\n".join("  " * n + f"- item {n}" for n in range(20)),
    "deep": "<div><blockquote>" * 200 + LONG + "</blockquote></div>" * 200,
    "alerts": f"> [!NOTE]\n> {LONG}\n\n>! {LONG}\n\n- [x] {LONG}\n- [ ] b\n\na[^1]\n\n[^1]: {LONG}",
    "math": f"$${LONG} = 1$$\n\n$x_{{{LONG}}}$",
    "right to left": "- שלום עולם\n- hello\n\n> مرحبا `a - b`\n\n| א | ב |\n|---|---|\n| ג | ד |",
    "raw": f"<dl><dt>{LONG}</dt><dd>{LONG}</dd></dl>\n\n<kbd>{LONG}</kbd> <ruby>{LONG}</ruby>",
}

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>{styles}</style>
<style>body {{ margin: 8px; font: 16px sans-serif; }}</style>
<body class="post">{html}</body>
<script>
addEventListener('load', () => {{
  const all = [...document.body.querySelectorAll('*')];
  const scrolls = each => getComputedStyle(each).overflowX === 'auto';
  const outside = each => {{
    for (let box = each.parentElement; box; box = box.parentElement) if (scrolls(box)) return false;
    return each.getBoundingClientRect().right > innerWidth || each.getBoundingClientRect().left < 0;
  }};
  const ratio = each => each.clientWidth / each.clientHeight;
  const result = {{
    window: innerWidth,
    page: document.scrollingElement.scrollWidth,
    outside: all.filter(outside).map(each => each.outerHTML.slice(0, 80)),
    ratios: [...document.images].map(ratio),
    heights: [...document.images].map(each => each.clientHeight),
    boxes: all.filter(each => each.closest('.highlight span')
      && parseFloat(getComputedStyle(each).borderTopWidth)).length,
    directions: all.filter(each => each.matches('ul, blockquote, table, li, pre'))
      .map(each => each.tagName + ' ' + getComputedStyle(each).direction),
  }};
  document.title = JSON.stringify(result);
}});
</script>"""

if CHROMIUM is None:
    pytest.skip("chromium-headless-shell is missing: make servers", allow_module_level=True)


def shown(made: str, width: int, folder: Path) -> dict[str, Any]:
    """Show HTML in a window of this width; return what the page has measured."""
    page = folder / "page.html"
    images = re.sub(r' src="[^"]*"', f' src="{IMAGE}"', made)
    page.write_text(PAGE.format(styles=STYLES.read_text("utf-8"), html=images), "utf-8")
    for output in ("--dump-dom", f"--screenshot={folder / f'{width}.png'}"):
        browser = subprocess.run(
            [
                *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu"),
                *("--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
                *(f"--user-data-dir={folder / 'profile'}", f"--window-size={width},6000"),
                *("--virtual-time-budget=5000", "--timeout=60000", output, page.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=110,
            check=True,
        )
        if output == "--dump-dom":
            title = re.search("<title>(.*?)</title>", browser.stdout, re.DOTALL)
            assert title
            found: dict[str, Any] = json.loads(html.unescape(title[1]))
    assert (folder / f"{width}.png").stat().st_size > 0
    return found


@pytest.mark.parametrize("width", [360, 600])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_wider_than_its_box(width: int, flavour: Flavour, tmp_path: Path) -> None:
    """Words break; tables and code scroll; images shrink and keep their ratio."""
    posts = [render(text, flavour, OPTIONS).html for text in POSTS.values()]
    found = shown("".join(f"<section>{each}</section>" for each in posts), width, tmp_path)
    assert (found["window"], found["page"], found["outside"]) == (width, width, [])
    assert found["ratios"] == pytest.approx([2.0] * 4, rel=0.02)
    assert max(found["heights"]) <= width
    assert found["boxes"] == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_browser_shows_each_block_in_its_direction(flavour: Flavour, tmp_path: Path) -> None:
    """The list, the quote and the table begin on the right; an English item on the left."""
    text = POSTS["right to left"] + "\n\n```\na\n```"
    made = render(text, flavour, OPTIONS).html
    found = shown(f'<div dir="rtl">{made}</div>', 360, tmp_path)
    assert found["directions"] == [
        *("UL rtl", "LI rtl", "LI ltr", "BLOCKQUOTE rtl", "TABLE rtl", "PRE ltr"),
    ]
