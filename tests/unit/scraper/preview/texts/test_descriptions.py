"""The descriptions that pages give themselves."""

import pytest

from tests.unit.scraper.preview.documents import of

GIVEN = "A mill that grinds oats."


def found(content: str, rest: str = "") -> str | None:
    """Return the description of a page by its Open Graph."""
    head = f'<meta property=og:description content="{content}">'
    return of(f"<title>The mill - Hale</title>{head}{rest}").description


@pytest.mark.parametrize(
    "content",
    [
        "Just another WordPress site",
        "Contribute to hale/mill development by creating an account on GitHub.",
        "Log in or sign up to view",
        "The mill",
        "The mill - Hale",
        "Hale",
        "https://a.example/mill",
        "[vc_row][vc_column][/vc_column][/vc_row]",
        "You need to enable JavaScript to run this app.",
        "{{ page.description }}",
        "-",
    ],
)
def test_a_description_that_says_nothing_is_skipped(content: str) -> None:
    """It repeats the title or the site, or comes from a template."""
    site = "<meta property=og:site_name content=Hale>"
    assert found(content, site) is None
    assert found(content, f"{site}<meta name=description content='{GIVEN}'>") == GIVEN


@pytest.mark.parametrize(
    ("content", "description"),
    [
        ("[vc_row css=&quot;.a{b}&quot;]A mill[/vc_row] that grinds oats.", GIVEN),
        ("[caption id=&quot;a&quot;]A mill[/caption] that grinds oats.", GIVEN),
        ("A mill that grinds oats. [et_pb_section fb_built=&quot;1", GIVEN),
        ("&lt;p class=&quot;a&quot;&gt;A mill&lt;/p&gt; that grinds oats.", GIVEN),
        ("&lt;table&gt;&lt;td&gt;A mill&lt;/td&gt;&lt;/table&gt; that grinds oats.", GIVEN),
        ("A mill that grinds oats. &lt;a href=&quot;https://a", GIVEN),
        ("**A mill** that [grinds](https://a.example/b) oats.", GIVEN),
        ("**A mill** that [grinds](javascript:alert(1)) oats.", GIVEN),
        ("A mill that [grinds](JavaScript:f(a)+g(b)) [oats](data:text/html,a).", GIVEN),
        ("[A mill](../wiki/Mill_(grinding)) that [grinds](#b &quot;A title&quot;) oats.", GIVEN),
        ("# A mill that grinds oats.", GIVEN),
        ("![mill](/mill.png) A mill that grinds oats.", GIVEN),
        ("A mill that grinds oats. Read more", GIVEN),
        ("A mill that grinds [&hellip;]", "A mill that grinds\u2026"),
        ("A mill that grinds... Continue reading The mill \u2192", "A mill that grinds\u2026"),
        ("Eine Mühle, die mahlt \u2026 Weiterlesen", "Eine Mühle, die mahlt\u2026"),
        (
            "[VIDEO] A mill: array[0], f(x) and *stars*",
            "[VIDEO] A mill: array[0], f(x) and *stars*",
        ),
        ("Pages about __init__ and snake_case", "Pages about __init__ and snake_case"),
        ("Read more about mills [1] here", "Read more about mills [1] here"),
    ],
)
def test_a_description_is_free_of_markup(content: str, description: str) -> None:
    """Shortcodes, HTML, Markdown and links to the rest of a text are removed."""
    assert found(content) == description
