"""The flavour gfm says what the specifications say, letter by letter, before it is sanitised.

As in cmark-gfm's own tests, CommonMark's examples are run without the two extensions that
contradict some of them; which those are is a test too.
"""

import os
import re
from collections import Counter

import pytest
from splitflap_renderer.markdown.gfm_flavour import GfmFlavour
from splitflap_renderer.markdown.markdown_flavour import MarkdownFlavour

from tests.conformance.spec import FOLDER, Example, comparable, examples

if not (FOLDER / "gfm.txt").exists() and not os.environ.get("CI"):
    pytest.skip("the specifications are missing: make specs", allow_module_level=True)

COMMONMARK = examples("commonmark")
GITHUB = [each for each in examples("gfm") if each.extension]

#: Each is used for one text after the other. The first is the service's.
PARSER = GfmFlavour()
CORE = GfmFlavour(contradicting=False)

#: Least share of CommonMark's examples that Python-Markdown renders alike, in percent. It is
#: another language; this only tells when an upgrade changes how much it differs.
LEAST_MARKDOWN = 50


def test_all_examples_are_there() -> None:
    """652 of CommonMark 0.31.2, and 24 of GitHub's five extensions."""
    assert "version: '0.31.2'" in (FOLDER / "commonmark.txt").read_text(encoding="utf-8")
    assert len(COMMONMARK) == 652
    assert len(GITHUB) == 24
    assert {each.extension for each in GITHUB} == {
        *("table", "strikethrough", "autolink", "tagfilter", "disabled")
    }


def rendered(parser: GfmFlavour, example: Example) -> str:
    """What comes of one; an empty quote may end on its first line."""
    html, _ = parser.convert(example.text, "00000000")
    return html.replace("<blockquote></blockquote>", "<blockquote>\n</blockquote>")


@pytest.mark.parametrize("example", COMMONMARK, ids=lambda each: each.name)
def test_commonmark(example: Example) -> None:
    """Tables, task lists, strikethrough, footnotes and alerts change none of its examples."""
    assert rendered(CORE, example) == example.html


@pytest.mark.parametrize("example", GITHUB, ids=lambda each: each.name)
def test_github(example: Example) -> None:
    """With the parser of the service."""
    assert rendered(PARSER, example) == example.html


def test_where_github_contradicts_commonmark() -> None:
    """Only in bare URLs and addresses, and in elements that GitHub does not allow."""
    differ = [each for each in COMMONMARK if rendered(PARSER, each) != each.html]
    assert Counter(each.section for each in differ) == {"HTML blocks": 6, "Autolinks": 4}
    bare = [each.text for each in differ if each.section == "Autolinks"]
    assert bare == [
        "<foo\\+@bar.example.com>\n",
        "< https://foo.bar >\n",
        "https://example.com\n",
        "foo@bar.example.com\n",
    ]
    disallowed = re.compile("<(?:script|style|textarea)")
    assert all(disallowed.search(each.text) for each in differ if each.section == "HTML blocks")


def test_markdown_is_another_language() -> None:
    """How far the other flavour is from CommonMark: `python -m tests.conformance` says it."""
    classic = MarkdownFlavour()
    alike = [
        comparable(classic.convert(each.text, "00000000")[0]) == comparable(each.html)
        for each in COMMONMARK
    ]
    assert 100 * sum(alike) / len(alike) >= LEAST_MARKDOWN
