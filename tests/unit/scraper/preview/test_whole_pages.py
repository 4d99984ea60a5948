"""The authors, dates, types and pictures of whole pages."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.scraper.preview.documents import at

WORDS = "The tide was late, and the ferry left without the mail again. " * 4
HEADER = """<header id=top>
<a href=/>Gazette</a>
<p class=dt>Sunday, 22 November 2020</p></header>"""
TEASERS = """<section class=rel>
<h2>Read also</h2>
<div>
<a href=/a>
<img src=/a.jpg width=300 height=200>
<h3>The eel count</h3>
</a>
<span>By Bob Ray</span>
<time datetime=2022-01-02>2 January 2022</time>
</div>
<div>
<a href=/b>
<h3>The mill</h3>
</a>
<span>By Cy Dee</span>
<time datetime=2021-01-02>2 January 2021</time>
</div>
</section>"""
PAGES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "whole_pages.yaml").read_text("utf-8")
)["pages"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page["name"])
def test_a_page_has_the_fields_that_a_reader_sees(page: dict[str, Any]) -> None:
    """Each page names the fields that matter."""
    body = page["body"].replace("{words}", WORDS)
    body = body.replace("{header}", HEADER).replace("{teasers}", TEASERS)
    found = at(f"https://{page['host']}{page['path']}", body)
    assert {name: getattr(found, name) for name in page["fields"]} == page["fields"]
