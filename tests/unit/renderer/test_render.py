"""What Markdown becomes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_renderer.render import TooLarge, render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title", '<h1 id="user-content-title">Title</h1>'),
        ("~~gone~~", "<del>gone</del>"),
        ("a ~sub~ b", "a ~sub~ b"),
        ("| a |\n|--:|\n| 1 |", '<td align="right">1</td>'),
        ("> quoted", "<blockquote>"),
        ("<me@example.com>", 'href="mailto:me@example.com"'),
        (
            "![alt](https://i.example/a.png)",
            'src="https://i.example/a.png" referrerpolicy="no-referrer"',
        ),
        ("ftp://f.example www.w.example", "<p>ftp://f.example www.w.example</p>"),
    ],
)
def test_features(text: str, expected: str) -> None:
    """Each feature of the syntax gives its element."""
    assert expected in render(text).html


def test_fenced_code_is_highlighted_with_classes() -> None:
    """Pygments' token classes and no inline style; the same inside a list."""
    html = render("- a\n\n    ```python\n    def f(): pass\n    ```\n").html
    assert '<div class="highlight" data-language="python">' in html
    assert '<span class="k">def</span>' in html
    assert "style" not in html


def test_code_without_language_is_not_guessed() -> None:
    """Code that names no language, or an unknown one, stays plain."""
    for fence in ("```", "```nonesuch"):
        assert '<span class="' not in render(f"{fence}\n#!/usr/bin/python\nimport os\n```").html


def test_fence_options_do_not_reach_pygments() -> None:
    """A fence cannot choose the formatter, a style sheet or inline styles."""
    options = 'pygments_formatter="img" noclasses="true" full="true" cssfile="/etc/passwd"'
    html = render(f"```{{.python {options}}}\nx = 1\n```").html
    assert "style" not in html
    assert "x" in html


def test_task_lists_are_disabled_checkboxes() -> None:
    """Done and open items differ by `checked`; no one can click either."""
    html = render("- [x] done\n- [ ] open").html
    assert html.count('<input type="checkbox" disabled=""') == 2
    assert html.count('checked=""') == 1
    assert '<li class="task-list-item">' in html


def test_footnotes_lead_there_and_back() -> None:
    """Each reference has its footnote's id for a target, and each footnote its reference's."""
    html = render("one[^a b]\n\n[^a b]: the note").html
    ids = {part.split('"')[0] for part in html.split(' id="')[1:]}
    targets = {part.split('"')[0] for part in html.split('href="#')[1:]}
    assert len(ids) == 2
    assert ids == targets


def test_footnote_ids_differ_between_texts() -> None:
    """Two posts on one page must not share ids."""
    first, second = (render(f"{word}[^1]\n\n[^1]: note").html for word in ("one", "two"))
    ids = [{part.split('"')[0] for part in html.split(' id="')[1:]} for html in (first, second)]
    assert not ids[0] & ids[1]


def test_nothing_leaks_from_text_to_text() -> None:
    """References, footnotes, stashed HTML and links of one text are unknown to the next."""
    alone = render("[r] [^1] plain").html
    render("[r]: https://r.example\n\n[r] a[^1] <b>x</b>\n\n[^1]: n\n\n```python\nx\n```")
    assert render("[r] [^1] plain").html == alone
    assert render("[r] [^1] plain").links == []
    assert render("").links == []


def test_a_text_that_raises_leaves_no_trace() -> None:
    """After an error half-way the next text is rendered as if it were the first."""
    alone = render("hello *world* [r]").html
    with pytest.raises(TooLarge):
        render("[r]: https://x.example/" + "b" * 2000 + "\n\n" + "[r] " * 3000)
    assert render("hello *world* [r]").html == alone


@pytest.mark.parametrize("number", [0, 1, 7])
def test_markdown_placeholders_in_a_text_are_text(number: int) -> None:
    """U+0002 and U+0003, which Markdown uses inside, cannot conjure up what it has stashed."""
    for name in (f"klzzwxh:000{number}", f"wzxhzdk:{number}", f"hzzhzkh:{number}", "amp", "65"):
        html = render(f"`secret` <b>x</b> \x02{name}\x03").html
        assert html.count("secret") == 1
        assert name in html


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab1[]()^:`~*_<>!&#;\"'=-|/\\ \n\x00\x02\x03\u00e9", max_size=60))
def test_same_text_same_result(text: str) -> None:
    """Rendering is a pure function, whatever was rendered between."""
    first = render(text)
    render("[^1]: between\n\n[a]: https://a.example\n\n[a][^1]")
    assert render(text) == first
