"""Numbers and links of footnotes are alike in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.support.undirected import render

each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)

#: The numbers of the references in reading order, and the footnotes in their order.
NUMBERED = {
    "[^1] [^1] [^2]\n\n[^2]: two\n[^1]: one": (["1", "1", "2"], ["one", "two"]),
    "a[^b] c[^a]\n\n[^a]: A\n[^b]: B": (["1", "2"], ["B", "A"]),
    "# h[^2]\n\n- i[^1]\n\n[^1]: one\n[^2]: two": (["1", "2"], ["two", "one"]),
    "[^1] [^2]\n\n[^3]: c\n[^2]: b\n[^1]: a[^3]": (["1", "2", "3"], ["a", "b", "c"]),
    "x[^a]\n\n[^a]: y\n[^b]: z": (["1"], ["y"]),
    "x[^a]\n\n[^a]: *y* [^a]": (["1", "1"], ["y"]),
    "[^1]: one\n[^1]: two\n\nx[^1]": (["1"], ["two"]),
}

UNUSED = [
    "[^1]: note without ref",
    "a\n\n[^1]: unused\n\nb",
    "> [^1]: in a quote",
    "- [^1]: in an item\n- x",
    "[^a]: one\n\n[^b]: two @ann",
]


@each_flavour
@pytest.mark.parametrize("text", NUMBERED)
def test_a_footnote_has_the_number_of_its_first_reference(text: str, flavour: Flavour) -> None:
    """As on GitHub, also for references within footnotes."""
    html = render(text, flavour).html
    references, notes = NUMBERED[text]
    written = re.findall(r"<sup[^>]*><a[^>]*>\[?(\d+)(?::\d+)?\]?</a></sup>", html)
    assert written == references
    listed = html.partition("<ol>")[2]
    assert re.findall(r"<p>(?:<em>)?(\w+)", listed) == notes
    targets = re.findall(r'<sup[^>]*><a[^>]*href="#([^"]*)"', html)
    ids = re.findall(r'<li id="([^"]*)"', listed)
    assert [str(ids.index(target) + 1) for target in targets] == references


@each_flavour
@pytest.mark.parametrize("text", UNUSED)
def test_a_footnote_without_a_reference_is_text_where_it_is_written(
    text: str, flavour: Flavour
) -> None:
    """It has no link back."""
    result = render(text, flavour)
    assert result.excerpt == " ".join(re.sub(r"(?m)^[>-] ", "", text).split())
    assert "↩" not in result.html


@each_flavour
def test_a_footnote_whose_name_is_in_code_only_has_no_link_back(flavour: Flavour) -> None:
    """Code refers to nothing."""
    result = render("[^1]: note\n\n`[^1]`", flavour)
    assert "note" in result.html
    assert "↩" not in result.html + result.excerpt
