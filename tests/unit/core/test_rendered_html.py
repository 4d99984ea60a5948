"""The API refuses HTML that no renderer writes, and accepts all that a renderer writes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_core.contracts import MAX_HTML
from splitflap_core.rendered_html import ELEMENTS, REQUIRED, ForeignHtml, check_html
from splitflap_renderer.html import sanitiser
from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.render import TooLarge, render

from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS
from tests.xss.vectors import VECTORS

LINK = '<a href="{}" rel="nofollow ugc noopener">x</a>'


def check(html: str) -> None:
    """Check without pauses."""
    check_html(html, lambda: None)


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.sampled_from(["markdown", "gfm"]))
def test_the_html_of_each_text_is_accepted(text: str, flavour: str) -> None:
    """A refusal here would fail a user's post."""
    try:
        check(render(text, flavour, OPTIONS).html)  # type: ignore[arg-type]  # a flavour
    except (TextRefused, TooLarge):
        return


@pytest.mark.parametrize("flavour", ["markdown", "gfm"])
@pytest.mark.parametrize("vector", VECTORS)
def test_the_html_of_each_vector_is_accepted(vector: str, flavour: str) -> None:
    """Its dangerous parts are text."""
    check(render(f"before {vector} after\n\n{vector}", flavour, OPTIONS).html)  # type: ignore[arg-type]  # a flavour


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_outside_of_a_text_is_refused_unless_it_is_text(vector: str) -> None:
    """What remains has no element that the renderer would remove."""
    for html in (vector, f"<p>{vector}</p>", f'<p class="{vector}">a</p>'):
        try:
            check(html)
        except ForeignHtml:
            continue
        assert problems(html) == []


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        '<p onclick="alert(1)">a</p>',
        '<p style="position:fixed">a</p>',
        "<style>*{}</style>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext></mtext></math>",
        '<iframe src="https://a.example/"></iframe>',
        '<form action="https://a.example/"></form>',
        '<base href="https://a.example/">',
        '<meta http-equiv="refresh">',
        "<!-- -->",
        "<!doctype html>",
        "<?xml?>",
        "<p",
        "<",
        "a < b",
        "<p >a</p>",
        '<p\nclass="a">a</p>',
        "<p class=a>a</p>",
        "<p class='a'>a</p>",
        '<p class="a"id="b">a</p>',
        '<p class="">a',
        "a</p>",
        "<p><b>a</p></b>",
        "</div></div>",
        '<p>a</p class="a">',
        "<br></br>",
        '<img src="javascript:alert(1)" referrerpolicy="no-referrer">',
        '<img src="data:image/svg+xml,x" referrerpolicy="no-referrer">',
        '<img src="//a.example/" referrerpolicy="no-referrer">',
        '<img src="https://a.example/">',
        '<img src="https://a.example/" onerror="alert(1)" referrerpolicy="no-referrer">',
        LINK.format("javascript:alert(1)"),
        LINK.format("JAVASCRIPT:alert(1)"),
        LINK.format(" javascript:alert(1)"),
        LINK.format("\tjavascript:alert(1)"),
        LINK.format("java\tscript:alert(1)"),
        LINK.format("java&#115;cript:alert(1)"),
        LINK.format("javascript&colon;alert(1)"),
        LINK.format("vbscript:x"),
        LINK.format("data:text/html,x"),
        LINK.format("//a.example/"),
        LINK.format("/\\a.example/"),
        LINK.format("x"),
        '<a href="https://a.example/">x</a>',
        '<a href="https://a.example/" rel="opener">x</a>',
        '<a title=" rel=" rel="opener">x</a>',
        '<h1 id="location">a</h1>',
        '<p id="user-content-a">a</p>',
        '<li id="user-content-a">a</li>',
        '<input type="password">',
        '<input type="checkbox">',
        '<input type="checkbox" disabled="" name="x">',
        '<div class="a&quot;">a</div>',
    ],
)
def test_foreign_html_is_refused(html: str) -> None:
    """Each could run a script, imitate the page, or lead a reader elsewhere unseen."""
    with pytest.raises(ForeignHtml):
        check(html)


@pytest.mark.parametrize(
    "html",
    ["", "a &lt; b > c", "<p>a</p>", "<ul><li>a<br></li></ul>", LINK.format("mailto:a@b.example")],
)
def test_usual_html_is_accepted(html: str) -> None:
    """Text without elements too."""
    check(html)


@pytest.mark.parametrize(
    "html",
    ["a" * MAX_HTML + "<", "<p>" * 400_000, "<b></b>" * 180_000, ' a="' * 300_000, "<a" * 600_000],
)
def test_the_longest_html_takes_linear_time(html: str) -> None:
    """A quadratic check would not end in this test's life."""
    try:
        check(html)
    except ForeignHtml:
        assert "<b>" not in html


def test_other_threads_run_during_the_check() -> None:
    """A text of 1.2 MB holds the process for a ms at a time."""
    pauses: list[int] = []
    check_html("<b></b>" * 180_000, lambda: pauses.append(1))
    assert len(pauses) >= 100


def test_the_check_knows_each_element_and_attribute_of_the_sanitiser() -> None:
    """A new element needs both lists, or the posts with it would fail."""
    assert set(ELEMENTS) == sanitiser.TAGS
    listed = sanitiser.ATTRIBUTES | sanitiser.ADDED_ATTRIBUTES
    # A renderer of the release before writes classes of the last four.
    classed = {*sanitiser.CLASSES, *sanitiser.ADDED_CLASSES, "ul", "ol", "table", "td"}
    for name, forms in ELEMENTS.items():
        written = set(listed.get(name, set()))
        written |= {"class"} if name in classed else set()
        written |= set(sanitiser.ADDED_VALUES.get(name, {}))
        written |= set(sanitiser.FIXED_ATTRIBUTES.get(name, {}))
        written |= {"rel"} if name == "a" else set()
        assert written == set(forms), name
    assert set(REQUIRED) == {"a", *sanitiser.FIXED_ATTRIBUTES}
