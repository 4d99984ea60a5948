"""The depth of the HTML is bounded, and no text is lost by it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_core.rendered_html import check_html
from splitflap_renderer.html.additions.depth import MAX_DEPTH
from splitflap_renderer.html.decorate import decorated
from splitflap_renderer.html.sanitiser import final, sanitised
from splitflap_renderer.options import DEFAULTS, Options
from splitflap_renderer.render import MIN_HTML, render

NAMED = Options(mention_url="/people/{name}")

VOID = {"br", "hr", "img", "input"}


def elements(html: str) -> list[tuple[int, str, str]]:
    """The depth of each element, its parent and its tag. The HTML must be well nested."""
    found = []
    open_ = [""]
    for end, tag in re.findall(r"<(/?)([a-z0-9]+)", html):
        if end:
            assert open_.pop() == tag
        elif tag not in VOID:
            found.append((len(open_), open_[-1], tag))
            open_.append(tag)
    assert open_ == [""]
    return found


def depth(html: str) -> int:
    """The most open elements."""
    return max((each[0] for each in elements(html)), default=0)


def parents(html: str) -> set[tuple[str, str]]:
    """The parent of each part of a list or a table."""
    parts = {"li", "thead", "tbody", "tr", "td"}
    return {(parent, tag) for _, parent, tag in elements(html) if tag in parts}


def words(html: str) -> list[str]:
    """The words that a reader sees."""
    return re.sub("<[^>]*>", " ", html).split()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<div>" * 13_000 + "word", id="13000 divs"),
        pytest.param("<em>" * 10_000 + "word", id="10000 ems"),
        pytest.param("<ul><li>" * 3000 + "word", id="lists in raw HTML"),
        pytest.param("<table><tr><td>" * 3000 + "word", id="tables in raw HTML"),
        pytest.param("<dl><dd>" * 3000 + "word", id="definitions"),
        pytest.param("<blockquote>\n\n" * 3000 + "word", id="quotes in raw HTML"),
        pytest.param("<details><summary>a</summary>" * 2000 + "word", id="details"),
        pytest.param("<div>" * 5900 + "word" + "</div>" * 5900, id="closed divs"),
        pytest.param("<b>" * 900 + "word" + "</b>" * 900, id="closed formatting"),
        pytest.param("<ul><li>" * 900 + "word" + "</li></ul>" * 900, id="closed lists"),
        pytest.param(
            "<table><tr><td>" * 900 + "word" + "</td></tr></table>" * 900, id="closed tables"
        ),
        pytest.param("> " * 300 + "word", id="quotes"),
        pytest.param("- " * 300 + "word", id="lists on a line"),
        pytest.param("> - 1. " * 100 + "word", id="quotes and lists"),
        pytest.param("\n".join("  " * n + f"- w{n}" for n in range(200)) + " word", id="lists"),
        pytest.param("*a " * 300 + "word" + "*" * 300, id="emphasis"),
        pytest.param("<b>" * 97 + "@word" + "</b>" * 97, id="a name"),
        pytest.param("<div>" * 95 + "\n\n```py\nword = 1\n```\n\n" + "</div>" * 95, id="code"),
    ],
)
def test_at_most_100_elements_are_open_and_the_text_stays(text: str, flavour: Flavour) -> None:
    """Deep HTML overflows clients. The tags of deeper elements are dropped."""
    result = render(text, flavour, NAMED)
    assert depth(result.html) <= MAX_DEPTH == 100
    assert any("word" in each for each in words(result.html))
    check_html(result.html, lambda: None)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nested_quotes_and_lists_lose_no_word(flavour: Flavour) -> None:
    """The library alone leaves out all text beyond ten lists or twenty quotes."""
    for count in (9, 10, 11, 20, 21, 50, 150):
        text = "\n".join("  " * level + f"- w{level}" for level in range(count))
        assert [each for each in words(render(text, flavour).html) if each != "-"] == [
            f"w{level}" for level in range(count)
        ]
        assert words(render("> " * count + "word", flavour).html)[-1] == "word"
        assert words(render("- " * count + "word", flavour).html)[-1] == "word"


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_code_beyond_the_depth_has_no_names(flavour: Flavour) -> None:
    """The text of a dropped code element stays code."""
    result = render("<div>" * 120 + "<code>@ann</code> @bob" + "</div>" * 120, flavour, NAMED)
    assert result.mentions == ["bob"]


_TAGS = st.sampled_from(
    ["div", "p", "ul", "li", "ol", "table", "tr", "td", "b", "a", "pre", "code", "blockquote"]
)


@settings(max_examples=60)
@given(st.lists(st.tuples(_TAGS, st.booleans(), st.integers(1, 60)), max_size=30))
def test_any_html_is_flattened_to_well_nested_html(tags: list[tuple[str, bool, int]]) -> None:
    """No word is lost. An element keeps its parent, so no item is without its list."""
    source = "".join(
        (f"</{tag}>" if end else f"<{tag}>") * count + f" w{place} "
        for place, (tag, end, count) in enumerate(tags)
    )
    clean = sanitised(source, "0" * 8)
    made = decorated(clean, DEFAULTS, "0" * 8, MIN_HTML).html
    assert words(made) == words(clean)
    assert depth(made) <= MAX_DEPTH
    assert parents(made) <= parents(clean)
    after = final(made, DEFAULTS.heading_prefix, "0" * 8)
    assert words(after) == words(clean)
    assert depth(after) <= MAX_DEPTH


@pytest.mark.parametrize(("start", "part"), [("<ul><li>", "<li"), ("<table><tr><td>", "<td")])
def test_a_container_stays_only_with_room_for_its_parts(start: str, part: str) -> None:
    """A parser would move the text of a table without cells before the table."""
    for count in range(90, 100):
        clean = sanitised("<div>" * count + start + "word", "0" * 8)
        made = decorated(clean, DEFAULTS, "0" * 8, MIN_HTML).html
        assert (start[:3] in made) == (part in made)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("sign", [">", "> ", ">!"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"], ids=["lines", "paragraphs"])
def test_a_text_of_deep_quotes_is_flattened(sign: str, gap: str, flavour: Flavour) -> None:
    """It would have more tags than its HTML has room. Its words stay."""
    for levels in (range(1, 61), range(60, 0, -1), [40] * 100):
        text = gap.join(f"{sign * level}w{place}" for place, level in enumerate(levels))
        html = render(text, flavour).html
        assert re.findall(r"w\d+", html) == [f"w{place}" for place in range(len(levels))]
        assert depth(html) <= MAX_DEPTH
