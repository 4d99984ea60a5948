"""The direction of blocks, and bidirectional controls, in both flavours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, MAX_EXCERPT, Flavour
from splitflap_renderer.html.bidi import closed, has_controls
from splitflap_renderer.render import render

OPENERS = {**dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c")}
OPENERS |= dict.fromkeys("\u2066\u2067\u2068", "\u2069")

HEBREW = "\u05e9\u05dc\u05d5\u05dd"

EACH = pytest.mark.parametrize("flavour", FLAVOURS)


def open_ranges(text: str) -> list[str]:
    """The ranges that the rules of UAX #9 leave open, and `?` for a control that closes nothing."""
    ranges: list[str] = []
    for character in text:
        if character in OPENERS:
            ranges.append(OPENERS[character])
        elif character == "\u2069" and character in ranges:
            while ranges.pop() != character:
                pass
        elif character == "\u202c" and ranges[-1:] == [character]:
            ranges.pop()
        elif character in "\u202c\u2069":
            return ["?"]
    return ranges


def blocks(html: str) -> list[str]:
    """The text of each block."""
    inline = "a|b|code|em|strong|del|img|span|sup|kbd"
    return re.split("<[^>]*>", re.sub(rf"</?(?:{inline})(?: [^>]*)?>", "", html))


@EACH
@pytest.mark.parametrize(
    "text",
    [
        "a \u202e b\n\nc",
        "a *\u2067b* c\n\nd",
        "# \u202ea\n\n- \u2066b\n- c\u2069",
        "> \u202ba\n\nb\u202c",
        "| \u202ea | b |\n|---|---|\n| c | \u2068d |",
        "a\u2069\u202c b",
        "\u202a\u2067\u202c\u2069 a",
        "a\u202e<br>b",
        "![\u202ea](https://i.example/a.png) b",
        "- [ ] \u202ea\n- b",
        "[\u202ea](https://x.example) b\n\nc",
        "a[^1]\n\n[^1]: \u202eb",
    ],
)
def test_a_block_closes_the_controls_that_it_opens(text: str, flavour: Flavour) -> None:
    """No control acts beyond its block, and none closes a range of the page around the post."""
    result = render(text, flavour)
    assert [open_ranges(each) for each in blocks(result.html) if open_ranges(each)] == []
    assert open_ranges(result.excerpt) == []


@EACH
def test_titles_and_names_of_images_close_their_controls(flavour: Flavour) -> None:
    """A browser shows each on its own."""
    html = render('![a\u202eb](https://i.example/a.png "c\u2067d") [e](/ "f\u202a")', flavour).html
    values = re.findall(r' (?:alt|title)="([^"]*)"', html)
    assert "a\u202eb\u202c" in values
    assert "c\u2067d\u2069" in values
    assert [open_ranges(value) for value in values if open_ranges(value)] == []


@EACH
def test_code_has_no_bidirectional_controls(flavour: Flavour) -> None:
    """CVE-2021-42574: a reader must see the code that a program reads, and copy no other."""
    source = "if level != 'user\u202e \u2066// Check if admin\u2069 \u2066':"
    for text in (f"```py\n{source}\n```", f"`{source}`", f"    {source}"):
        result = render(text, flavour)
        shown = re.sub("<[^>]*>", "", result.html).replace("&#39;", "'")
        assert "if level != 'user // Check if admin ':" in shown
        assert not has_controls(result.html + result.excerpt)


@EACH
def test_marks_and_closed_controls_stay(flavour: Flavour) -> None:
    """A writer needs them in texts of two directions."""
    text = f"\u200fa \u2067{HEBREW}!\u2069 b \u202bc\u202c\u200e"
    assert text in render(text, flavour).html
    assert render(text, flavour).excerpt == text


@EACH
def test_a_cut_excerpt_leaves_no_range_open(flavour: Flavour) -> None:
    """The control that closes the range may be in the part that is cut off."""
    result = render("\u202e" + "word " * 100 + "\u202c", flavour)
    assert not has_controls(result.excerpt)
    assert len(result.excerpt) <= MAX_EXCERPT


@EACH
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a\n\nb", ['<p dir="auto">a</p>', '<p dir="auto">b</p>']),
        ("# a", ['<h1 id="user-content-00000000-a" dir="auto">a</h1>']),
        ("- a\n- b", ['<ul dir="auto">', "<li>a</li>", '<li dir="auto">b</li>']),
        ("1. a\n\n   b", ['<ol dir="auto">', "<li>\n<p>a</p>", '<p dir="auto">b</p>']),
        ("> a\n>\n> b", ['<blockquote dir="auto">\n<p>a</p>', '<p dir="auto">b</p>']),
        ("| a | b |\n|---|---|\n| c | d |", ['<table dir="auto">', "<th>a</th>", "<td>c</td>"]),
        (f"|a|{HEBREW}|\n|-|-|\n|1|c|", [f'<th dir="auto">{HEBREW}</th>', "<td>c</td>"]),
        (f"|{HEBREW}|\n|-|\n|{HEBREW}|\n|c|", [f"<td>{HEBREW}</td>", '<td dir="auto">c</td>']),
        (f"|a|\n|-|\n|&amp; {HEBREW}|", [f'<td dir="auto">&amp; {HEBREW}</td>']),
        (f"|{HEBREW}|\n|-|\n|@ann|", ['<td dir="auto">@ann</td>']),
        ("> [!TIP]\n> a", ['markdown-alert-title" dir="auto">Tip</p>\n<p>a</p>']),
        (">! a", ['<details class="spoiler" dir="auto">', '<summary dir="auto">', "<p>a</p>"]),
        ("- [x] a\n- [ ] b", ['<li class="task-list-item" dir="auto">', '"task-list-item">']),
        ("```\na\n```", ['<pre dir="ltr">']),
        ("- 1\n- a\n- b", ["<li>1</li>", "<li>a</li>", '<li dir="auto">b</li>']),
        ("1\n\na", ["<p>1</p>", '<p dir="auto">a</p>']),
        ("- 1\n- &lt;\n\n# 2", ["<ul>", "<li>1</li>", "<li>&lt;</li>", '-2">2</h1>']),
        ("- ```\n  a\n  ```\n\n  b", ['<ul dir="auto">', "<p>b</p>"]),
    ],
)
def test_a_block_has_the_direction_of_its_first_letter(
    text: str, parts: list[str], flavour: Flavour
) -> None:
    """The first block within a block decides for both, as a browser skips text with a `dir`."""
    html = render(text, flavour).html
    assert [part for part in parts if part not in html] == []


@EACH
@pytest.mark.parametrize(
    "text",
    [
        "x|y\n:-:|:-:\n" + "1|2\n" * 500,
        "x|y|z\n:-:|:-:|:-:\n" + "1|2|3\n" * 400,
        "x|y\n:-:|:-:\n" + "a|b\n" * 2_000,
        "x|y\n-:|-:\n" + f"a|{HEBREW[0]}\n" * 2_000,
        "|x|\n|:-:|\n" + "a\n" * 4_000,
        (">" * 10 + " # h\nb\n") * 266,
    ],
    ids=[
        *("two columns of digits", "three columns of digits", "two columns of letters"),
        *("two directions", "one column of letters", "headings in quotes"),
    ],
)
def test_tables_of_short_cells_are_rendered(text: str, flavour: Flavour) -> None:
    """Directions take little room: HTML has at most 20 characters for each of its text."""
    assert render(text, flavour).html


@EACH
def test_a_text_writes_no_direction(flavour: Flavour) -> None:
    """A page is not turned around by a post."""
    assert 'dir="rtl"' not in render('<div dir="rtl">a</div>\n\n<b dir=rtl>b</b>', flavour).html


_PIECES = st.sampled_from(
    [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "a", "<p>", "</p>", "<b>", "</b>"]
)


@given(st.lists(_PIECES, max_size=300))
def test_any_controls_are_closed_within_their_block(pieces: list[str]) -> None:
    """Other characters stay, and a second pass changes nothing."""
    html = "".join(pieces)
    made = closed(html)
    assert [open_ranges(each) for each in blocks(made) if open_ranges(each)] == []
    remove = str.maketrans("", "", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert made.translate(remove) == html.translate(remove)
    assert closed(made) == made


def test_closing_takes_linear_time() -> None:
    """Ranges are at most 125 deep, as in UAX #9."""
    assert len(closed("\u202e" * 30_000 + "\u2069" * 30_000)) <= 30_000 + 2 * 125
    assert closed("\u202e" * 200) == "\u202e" * 125 + "\u202c" * 125


LOOSE = {
    "after a comment": ("<!-- x -->سلم", '<div dir="auto">سلم</div>'),
    "after a rule": ("<hr>سلم", '<hr><div dir="auto">سلم</div>'),
    "after a table": (
        "<table><tr><td>x</td></tr></table>سلم",
        '<table dir="auto"><tbody><tr><td>x</td></tr></tbody></table><div dir="auto">سلم</div>',
    ),
    "in an element of a line": ("<b>\nسلم\n</b>", '<div dir="auto"><b>\nسلم\n</b></div>'),
    "between paragraphs": (
        "<p>a</p>سلم <b>b</b><p>c</p>",
        '<p dir="auto">a</p><div dir="auto">سلم <b>b</b></div><p dir="auto">c</p>',
    ),
    "after details in a sentence": (
        "a <details>b</details> c",
        '<p dir="auto">a </p><details dir="auto">b</details><div dir="auto"> c</div>',
    ),
    "details at the end of a sentence": (
        "a <details>b</details>",
        '<p dir="auto">a </p><details dir="auto">b</details>',
    ),
    "details alone in a paragraph": (
        "<p><details>b</details></p>",
        '<details dir="auto">b</details>',
    ),
    "code": ("a\n\n    <p></p>b", None),
    "nothing": ("<!-- x -->\nسلم", '<p dir="auto">سلم</p>'),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(("text", "wanted"), LOOSE.values(), ids=LOOSE)
def test_text_outside_of_blocks_has_a_direction(
    text: str, wanted: str | None, flavour: Flavour
) -> None:
    """It gets a block. No empty paragraph is left."""
    html = render(text, flavour).html
    assert wanted is None or html.strip() == wanted
    assert "<p></p>" not in html
