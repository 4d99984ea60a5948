"""The flavour gfm renders the specifications' examples letter by letter, before sanitising.

Bare links, and raw HTML that is shown as text, contradict some of CommonMark's examples. As in
cmark-gfm's own tests, those examples run without the two. A test lists the contradictions.
"""

import os
import re

import pytest
from splitflap_renderer.markdown.gfm_flavour import GfmFlavour
from splitflap_renderer.markdown.markdown_flavour import MarkdownFlavour

from tests.conformance.spec import FOLDER, Example, comparable, examples, without_markers

if not (FOLDER / "gfm.txt").exists() and not os.environ.get("CI"):
    pytest.skip("the specifications are missing: make specs", allow_module_level=True)

COMMONMARK = examples("commonmark")
GITHUB = [each for each in examples("gfm") if each.extension]

#: A parser for the examples of each specification.
GITHUB_PARSER = GfmFlavour("github")
COMMONMARK_PARSER = GfmFlavour("commonmark")

#: CommonMark's examples with equal HTML in the flavour `markdown`, at least. Most of the others are
#: links and images in links.
MIN_MARKDOWN_ALIKE = 621


def test_all_examples_are_read() -> None:
    """652 of CommonMark 0.31.2, and 24 of GitHub's five extensions."""
    assert "version: '0.31.2'" in (FOLDER / "commonmark.txt").read_text(encoding="utf-8")
    assert len(COMMONMARK) == 652
    assert len(GITHUB) == 24
    assert {each.extension for each in GITHUB} == {
        *("table", "strikethrough", "autolink", "tagfilter", "disabled")
    }


def rendered(parser: GfmFlavour, example: Example) -> str:
    """The HTML of an example. An empty quote may end on its first line."""
    html, _ = parser.convert(example.text, "00000000")
    return without_markers(html).replace("<blockquote></blockquote>", "<blockquote>\n</blockquote>")


@pytest.mark.parametrize("example", COMMONMARK, ids=lambda each: each.name)
def test_gfm_renders_an_example_of_commonmark(example: Example) -> None:
    """Tables, task lists, strikethrough, footnotes and alerts make no difference."""
    assert rendered(COMMONMARK_PARSER, example) == example.html


@pytest.mark.parametrize("example", GITHUB, ids=lambda each: each.name)
def test_gfm_renders_an_example_of_github(example: Example) -> None:
    """All extensions are on. The service also reads a tag without its partner as text."""
    assert rendered(GITHUB_PARSER, example) == example.html


def test_only_bare_links_and_raw_html_contradict_commonmark() -> None:
    """GitHub links bare URLs and addresses. Raw HTML that is not allowed is shown as text."""
    differ = [each for each in COMMONMARK if rendered(GITHUB_PARSER, each) != each.html]
    bare = [each.text for each in differ if each.section == "Autolinks"]
    assert bare == [
        "<https://foo.bar/baz bim>\n",
        "<foo\\+@bar.example.com>\n",
        "< https://foo.bar >\n",
        "https://example.com\n",
        "foo@bar.example.com\n",
    ]
    assert all(re.search("<[A-Za-z/!?]", each.text) for each in differ if each.text not in bare)


def test_the_flavour_markdown_renders_621_of_652_examples_alike() -> None:
    """White space around blocks does not count. `python -m tests.conformance` names the others."""
    markdown = MarkdownFlavour("commonmark")
    alike = [
        comparable(markdown.convert(each.text, "00000000")[0]) == comparable(each.html)
        for each in COMMONMARK
    ]
    assert sum(alike) >= MIN_MARKDOWN_ALIKE
