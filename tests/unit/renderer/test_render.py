"""The flavour `markdown` becomes HTML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.render import TooLarge

from tests.support.undirected import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title", '<h1 id="user-content-00000000-title">Title</h1>'),
        ("~~gone~~", "<del>gone</del>"),
        ("a ~sub~ b", "a ~sub~ b"),
        ("| a |\n|--:|\n| 1 |", '<td align="right">1</td>'),
        ("> quoted", "<blockquote>"),
        ("<me@example.com>", 'href="mailto:me@example.com"'),
        (
            "![alt](https://i.example/a.png)",
            'src="https://i.example/a.png" referrerpolicy="no-referrer"',
        ),
    ],
)
def test_each_feature_of_the_syntax_gives_its_element(text: str, expected: str) -> None:
    """One example for each feature."""
    assert expected in render(text).html


def test_fenced_code_is_highlighted_with_classes() -> None:
    """Pygments' token classes replace inline styles, inside a list too."""
    html = render("- a\n\n    ```python\n    def f(): pass\n    ```\n").html
    assert '<div class="highlight" data-language="python">' in html
    assert '<span class="k">def</span>' in html
    assert "style" not in html


def test_code_without_a_known_language_stays_plain() -> None:
    """Pygments' guesses stay off."""
    for fence in ("```", "```nonesuch"):
        assert '<span class="' not in render(f"{fence}\n#!/usr/bin/python\nimport os\n```").html


def test_options_of_a_fence_do_not_reach_pygments() -> None:
    """The formatter, style sheets and inline styles stay the service's choice."""
    options = 'pygments_formatter="img" noclasses="true" full="true" cssfile="/etc/passwd"'
    html = render(f"```{{.python {options}}}\nx = 1\n```").html
    assert "style" not in html
    assert "x" in html


def test_task_lists_are_disabled_checkboxes() -> None:
    """Done items have `checked`."""
    html = render("- [x] done\n- [ ] open").html
    assert html.count('disabled="" type="checkbox">') == 2
    assert html.count('checked=""') == 1
    assert '<li class="task-list-item">' in html


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", ["1986. a", "# a", "> a", "- a", "a\n\n  a"])
def test_a_task_keeps_its_checkbox_before_any_block(text: str, flavour: Flavour) -> None:
    """Its state is a part of the text."""
    html = render(f"- [x] {text}\n- [ ] {text}", flavour).html
    assert html.count('disabled="" type="checkbox">') == 2
    assert html.count('checked=""') == 1


def test_footnotes_and_references_link_to_each_other() -> None:
    """The set of ids equals the set of targets."""
    html = render("one[^a-b]\n\n[^a-b]: the note").html
    ids = {part.split('"')[0] for part in html.split(' id="')[1:]}
    targets = {part.split('"')[0] for part in html.split('href="#')[1:]}
    assert len(ids) == 2
    assert ids == targets


def test_a_text_leaves_no_state_for_the_next() -> None:
    """References, footnotes, stashed HTML and links are gone."""
    alone = render("[r] [^1] plain").html
    render("[r]: https://r.example\n\n[r] a[^1] <b>x</b>\n\n[^1]: n\n\n```python\nx\n```")
    assert render("[r] [^1] plain").html == alone
    assert render("[r] [^1] plain").links == []
    assert render("").links == []


def test_a_text_that_raises_leaves_no_state_for_the_next() -> None:
    """The next text is rendered as before."""
    alone = render("hello *world* [r]").html
    with pytest.raises(TooLarge):
        render("[r]: https://x.example/" + "b" * 2000 + "\n\n" + "[r] " * 3000)
    assert render("hello *world* [r]").html == alone


@pytest.mark.parametrize("number", [0, 1, 7])
def test_placeholders_of_python_markdown_in_a_text_stay_text(number: int) -> None:
    """U+0002 and U+0003 mark stashed HTML. A text that contains them cannot read it."""
    for name in (f"klzzwxh:000{number}", f"wzxhzdk:{number}", f"hzzhzkh:{number}", "amp", "65"):
        html = render(f"`secret` <b>x</b> \x02{name}\x03").html
        assert html.count("secret") == 1
        assert name in html


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab1[]()^:`~*_<>!&#;\"'=-|/\\ \n\x00\x02\x03\u00e9", max_size=60))
def test_the_same_text_gives_the_same_result(text: str) -> None:
    """Rendering is a pure function of the text."""
    first = render(text)
    render("[^1]: between\n\n[a]: https://a.example\n\n[a][^1]")
    assert render(text) == first
