"""Emphasis in both flavours: no run of signs loses text, and none takes long."""

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.support.undirected import render

#: Signs without a partner between others, and what is left of them.
RUNS = {
    "_*a**[x] b===c***d***": "<p>_<em>a</em>*[x] b===c<em><strong>d</strong></em></p>",
    "*a **b** c* d * e": "<p><em>a <strong>b</strong> c</em> d * e</p>",
    "*a **b c*": "<p>*a *<em>b c</em></p>",
    "*a* ** *b* ** *c*": "<p><em>a</em> ** <em>b</em> ** <em>c</em></p>",
    "***a* b**": "<p><strong><em>a</em> b</strong></p>",
    "a_b_c __d__ 2*3*4": "<p>a_b_c <strong>d</strong> 2<em>3</em>4</p>",
    r"\*a\* *b\** *`c*`*": "<p>*a* <em>b*</em> <em><code>c*</code></em></p>",
    "~~a~~ ~~*d*~~ 5~6 ~7 ~~ 8": "<p><del>a</del> <del><em>d</em></del> 5~6 ~7 ~~ 8</p>",
    "**a**\n*b* _c*": "<p><strong>a</strong>\n<em>b</em> _c*</p>",
    "字**https://x.example/a** c": (
        '<p>字<strong><a href="https://x.example/a" rel="nofollow ugc noopener">'
        "https://x.example/a</a></strong> c</p>"
    ),
    r"[\&lt; \*](https://x.example)": (
        '<p><a href="https://x.example" rel="nofollow ugc noopener">&amp;lt; *</a></p>'
    ),
    "[a [b](https://x.example) c](https://y.example)": (
        '<p>[a <a href="https://x.example" rel="nofollow ugc noopener">b</a> c]('
        '<a href="https://y.example" rel="nofollow ugc noopener">https://y.example</a>)</p>'
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("text", "html"), RUNS.items(), ids=RUNS)
def test_signs_without_a_partner_stay(text: str, html: str, flavour: Flavour) -> None:
    """Both flavours pair the signs alike."""
    assert render(text, flavour).html.strip() == html


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_signs_of_one_paragraph_do_not_pair_with_those_of_another(flavour: Flavour) -> None:
    """Nor do they after a paragraph with the same end."""
    text = "*a* b*\n\n b*\n\nb*\n\n*b*"
    assert render(text, flavour).html.split() == [
        *("<p><em>a</em>", "b*</p>", "<p>b*</p>", "<p>b*</p>", "<p><em>b</em></p>"),
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_thousands_of_runs_are_rendered(flavour: Flavour) -> None:
    """The parser of pymdown-extensions took minutes for them."""
    html = render("a**b*" * 12_000, flavour).html
    assert html.count("a") == html.count("b") == 12_000
