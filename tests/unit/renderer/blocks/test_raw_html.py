"""Raw HTML: allowed elements stay, everything else is shown as written, in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.html.sanitiser import ADDED_CLASSES, CLASSES
from splitflap_renderer.languages import LANGUAGES
from splitflap_renderer.options import Options
from splitflap_renderer.render import render

from tests.posts.visible import visible

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)

#: Names between `<` and `>` in posts: of files, types, keys, and of HTML, SVG and MathML.
NAMES = [
    *("path", "list", "string", "text", "mode", "int", "template", "script", "style", "textarea"),
    *("title", "iframe", "noscript", "select", "option", "svg", "math", "mi", "mtext", "use"),
    *("image", "symbol", "desc", "g", "line", "circle", "rect", "object", "embed", "base"),
    *("link", "meta", "head", "html", "body", "form", "button", "label", "video", "audio"),
    *("source", "track", "canvas", "dialog", "slot", "map", "area", "param", "main", "nav"),
    *(
        "section",
        "article",
        "aside",
        "header",
        "footer",
        "address",
        "center",
        "font",
        "frame",
        "frameset",
    ),
    *(
        "marquee",
        "xmp",
        "plaintext",
        "noembed",
        "noframes",
        "noindex",
        "menu",
        "output",
        "progress",
        "meter",
    ),
    *("picture", "portal", "input", "keygen", "user", "host", "file", "name", "id", "url"),
    *("token", "key", "value", "type", "T", "K", "V", "dir", "branch", "version"),
    *("your-name", "foo_bar", "table", "div", "ul", "td", "li", "p", "b", "i"),
    *("s", "u", "code", "a", "em", "strong", "span", "sub"),
]

WORDS = {
    "a path": "Put it under <path>/bin, then restart. Please check",
    "a host": "ssh <user>@<host> and scp <file> <user>@<host>:<dir>",
    "types": "std::vector<int> x; Map<String, List<Foo>> y = new HashMap<>();",
    "comparisons": "if (i<n && j>m) { a<b; c>d }",
    "a comparison with words": "a <b and c> d",
    "arrows": "a <- b -> c <= d => e <=> f <<g>> h",
    "a heart": "I <3 you",
    "an autolink that is none": "vector<std::string> and <foo:bar>",
    "a doctype": "<!DOCTYPE html> begins a page",
    "PHP": "<?php echo 1; ?> prints",
    "CDATA": "<![CDATA[ x ]]> in XML",
    "an open comment": "a <!-- b",
    "an element with attributes": '<my-button color="red" @click="go">Go</my-button>',
    "an end tag": "a </path> b </b> c",
    "an image without a source": "the <img> element",
    "letters that are tags": "if a<b>c or x<i>y or p<s>q",
    "a checkbox": "an <input> field and a <button>",
    "table parts": "put a <td> into a <tr>",
}


@pytest.mark.parametrize("text", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("place", ["{}", "- {}", "> {}", "| a |\n|---|\n| {} |", "**x** {}"])
def test_words_in_angle_brackets_are_shown_as_written(
    text: str, place: str, flavour: Flavour
) -> None:
    """No word vanishes, and the text after it stays."""
    html = render(place.format(text), flavour).html
    assert text in " ".join(visible(html).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_angle_brackets_swallows_nothing(name: str, flavour: Flavour) -> None:
    """Within a line, at its beginning, and alone; Markdown and names after it are found."""
    options = Options(mention_url="/people/{name}")
    for text in (
        f"in <{name}> go on. @ann **x**\n\n*last*",
        f"<{name}> go on. @ann **x**\n\n*last*",
        f"<{name}>\n@ann **x**\n\n*last*",
        f"</{name}> @ann **x**\n\n*last*",
    ):
        result = render(text, flavour, options)
        assert result.mentions == ["ann"], result.html
        assert f"{name}&gt;" in result.html
        assert "<strong>x</strong>" in result.html
        assert re.search(r"<p[^>]*><em>last</em></p>", result.html)


ALLOWED = {
    "keys": ("<kbd>Ctrl</kbd>", "<kbd>Ctrl</kbd>"),
    "indices": ("H<sub>2</sub>O x<sup>2</sup>", "H<sub>2</sub>O x<sup>2</sup>"),
    "ruby": (
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
    ),
    "capitals": ("<B>a</B>", "<b>a</b>"),
    "nested": ("**<i>a</i>**", "<strong><i>a</i></strong>"),
    "a line break": ("a<br>b<br/>c", "a<br>b<br>c"),
    "a comment": ("a <!-- note -->b", "a b"),
    "cells": (
        "<table><tr><td colspan=2 rowspan=100>a<td colspan=101 rowspan=0>b</table>",
        '<td colspan="2" rowspan="100">a</td><td>b</td>',
    ),
    "a telephone": ('<a href="tel:+1234">call</a>', '<a href="tel:+1234"'),
    "a telephone in brackets": ("<tel:+1234>", '<a href="tel:+1234"'),
    "a chat": ("[chat](xmpp:a@b.example)", '<a href="xmpp:a@b.example"'),
}


@pytest.mark.parametrize(("text", "wanted"), ALLOWED.values(), ids=ALLOWED)
def test_allowed_elements_stay(text: str, wanted: str, flavour: Flavour) -> None:
    """Their attributes have bounds."""
    assert wanted in re.sub(r' dir="auto"', "", render(text, flavour).html)


def test_details_have_markdown_inside(flavour: Flavour) -> None:
    """A blank line ends the block of HTML."""
    text = "<details>\n<summary>More</summary>\n\n- **a**\n\n```py\nx\n```\n\n</details>\n\nafter"
    html = re.sub(r' dir="auto"|\n', "", render(text, flavour).html)
    assert "<details><summary>More</summary><ul><li><strong>a</strong></li></ul><div" in html
    assert html.endswith("</div></details><p>after</p>")


def test_a_comment_across_blank_lines_vanishes(flavour: Flavour) -> None:
    """An unclosed one is text, and swallows nothing."""
    assert visible(render("a\n\n<!-- b\n\nc -->\n\nd", flavour).html).split() == ["a", "d"]
    assert visible(render("<!-- b\n\n**c**", flavour).html).split() == ["<!--", "b", "c"]


IMITATED = sorted(
    {name for classes in (CLASSES, ADDED_CLASSES) for names in classes.values() for name in names}
    | {"math-inline", "math-display", "language-python", "literal"}
)
ELEMENTS = ("a", "div", "p", "span", "li", "ul", "sup", "details", "code", "pre", "table", "td")


@pytest.mark.parametrize("name", IMITATED)
def test_a_text_can_write_no_class(name: str, flavour: Flavour) -> None:
    """Each class that a page gives a meaning comes from Splitflap."""
    for element in ELEMENTS:
        for text in (
            f'<{element} class="{name}">x</{element}>',
            f'a <{element} class="{name}">x</{element}>',
            f'<table><tr><td><ul><{element} class="{name}">x</{element}></ul></td></tr></table>',
            f"[x](https://e.example){{: .{name}}}\n\nx {{.{name}}}",
        ):
            assert "class" not in re.sub(
                r'<div class="highlight"><pre|&lt;[^&]*&gt;|\{[^}]*\}',
                "",
                render(text, flavour).html,
            )


def test_a_text_can_write_no_data_and_no_id(flavour: Flavour) -> None:
    """`data-language` labels code, and ids belong to headings and footnotes."""
    language = next(iter(sorted(LANGUAGES)))
    for element in ELEMENTS:
        html = render(
            f'<{element} data-language="{language}" data-x="1" id="fn-00000000-1">x</{element}>',
            flavour,
        ).html
        assert not re.search(r"<[^>]*(?:data-|id=)", html)


def test_a_text_cannot_write_a_task(flavour: Flavour) -> None:
    """A checkbox is written as `[ ]`."""
    html = render('<ul><li><input type="checkbox" checked> done</li></ul>', flavour).html
    assert "<input" not in html
    assert "task-list-item" not in html
