"""With `breaks` a newline within a paragraph is a line break, in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour, RenderRequest
from splitflap_renderer.options import DEFAULTS
from splitflap_renderer.process.child_main import answer

from tests.support.undirected import render

both = pytest.mark.parametrize("flavour", FLAVOURS)


def html_of(text: str, flavour: Flavour, *, breaks: bool = True) -> str:
    """The HTML without the newlines that are white space."""
    return render(text, flavour, breaks=breaks).html.replace("<br>\n", "<br>").strip()


BROKEN = {
    "two lines": ("a\nb", "<p>a<br>b</p>"),
    "a line with one space at its end": ("a \nb", "<p>a<br>b</p>"),
    "an indented line": ("a\n    b", "<p>a<br>b</p>"),
    "Windows line ends": ("a\r\nb", "<p>a<br>b</p>"),
    "two spaces": ("a  \nb", "<p>a<br>b</p>"),
    "three spaces": ("a   \nb", "<p>a<br>b</p>"),
    "a backslash": ("a\\\nb", "<p>a<br>b</p>"),
    "an escaped backslash": ("a\\\\\nb", "<p>a\\<br>b</p>"),
    "a newline within emphasis": ("*a\nb*", "<p><em>a<br>b</em></p>"),
    "a newline within strong emphasis": ("**a\nb**", "<p><strong>a<br>b</strong></p>"),
    "a newline within deleted text": ("~~a\nb~~", "<p><del>a<br>b</del></p>"),
    "a line after code": ("`a`\nb", "<p><code>a</code><br>b</p>"),
    "a line after a tag": ("<kbd>a</kbd>\nb", "<p><kbd>a</kbd><br>b</p>"),
    "a tag that is text": ("<foo\nbar> c", "<p>&lt;foo<br>bar&gt; c</p>"),
    "an indented tag that is text": ("a <foo \n  bar>", "<p>a &lt;foo<br>bar&gt;</p>"),
    "a tag without its partner": ("a <b\nc=d>", "<p>a &lt;b<br>c=d&gt;</p>"),
    "a program": ("a <?php\nx ?>", "<p>a &lt;?php<br>x ?&gt;</p>"),
    "lines of a quote": ("> a\n> b", "<blockquote>\n<p>a<br>b</p>\n</blockquote>"),
    "lines of an item": ("- a\n  b", "<ul>\n<li>a<br>b</li>\n</ul>"),
    "a lazy line of an item": ("- a\nb", "<ul>\n<li>a<br>b</li>\n</ul>"),
}


@both
@pytest.mark.parametrize(("text", "wanted"), BROKEN.values(), ids=BROKEN)
def test_a_newline_is_one_break(text: str, wanted: str, flavour: Flavour) -> None:
    """A break that CommonMark has anyway is not doubled."""
    assert html_of(text, flavour) == wanted


UNBROKEN = {
    "the end of a paragraph": "a\n\nb\n",
    "a heading and a paragraph": "# a\nb",
    "a table": "| a | b |\n| --- | --- |\n| c | d |",
    "fenced code": "```\na\nb\n```",
    "indented code": "    a\n    b",
    "code within a paragraph": "`a\nb`",
    "a block of HTML": "<div>\na\nb\n</div>",
    "a tag over two lines": 'a <abbr\ntitle="x">b</abbr>',
    "a comment over two lines": "a <!-- b\nc --> d",
    "items of a list": "- a\n- b",
    "a list in an item": "- a\n  - b",
    "a definition of a link": "[a]\n\n[a]: https://x.example\n'title'",
    "the target of a link": "[a](https://x.example\n'title')",
    "the text of an image": "![a\nb](https://x.example)",
    "two footnotes": "a[^1] b[^2]\n\n[^1]: c\n[^2]: d",
}


@both
@pytest.mark.parametrize("text", UNBROKEN.values(), ids=UNBROKEN)
def test_a_newline_elsewhere_is_no_break(text: str, flavour: Flavour) -> None:
    """Only the lines of a paragraph are broken."""
    html = html_of(text, flavour)
    assert "<br>" not in html
    assert html == html_of(text, flavour, breaks=False)


@both
def test_without_breaks_a_newline_is_white_space(flavour: Flavour) -> None:
    """Breaks by two spaces and by a backslash are part of both flavours."""
    assert html_of("a\nb", flavour, breaks=False) == "<p>a\nb</p>"
    assert html_of("a  \nb\\\nc\nd", flavour, breaks=False) == "<p>a<br>b<br>c\nd</p>"


@both
def test_a_long_paragraph_of_short_lines_is_rendered(flavour: Flavour) -> None:
    """To insert its breaks one by one would take longer than the deadline."""
    assert html_of("a\n" * 32_000, flavour).count("<br>") == 31_999


@both
def test_links_names_and_emoji_end_at_a_break(flavour: Flavour) -> None:
    """Each line of a paragraph has its own."""
    found = render("https://a.example/x\nhttps://b.example\n:tada:\n", flavour, breaks=True)
    assert found.links == ["https://a.example/x", "https://b.example"]
    assert found.html.count("<br>") == 2
    assert found.excerpt == "https://a.example/x https://b.example \U0001f389"


@both
def test_a_worker_renders_as_its_message_says(flavour: Flavour) -> None:
    """A message of a release without the field is rendered without breaks."""
    for request, count in (
        (RenderRequest("a\nb", flavour, breaks=True), 1),
        (RenderRequest("a\nb", flavour), 0),
    ):
        result = answer(request, DEFAULTS).result
        assert result is not None
        assert result.count(b"<br>") == count


@both
def test_the_salt_is_part_of_the_ids_of_footnotes(flavour: Flavour) -> None:
    """So two posts of the same text have different ids on one page."""
    text = "a[^1]\n\n[^1]: b"
    one, other = (render(text, flavour, salt=salt).html for salt in ("0123abcd", "89efabcd"))
    assert re.sub("0123abcd", "89efabcd", one) == other != one
