"""The types of pages without metadata."""

import pytest

from .documents import of

TIME = "<time datetime=2024-03-12>Mar 12</time>"


@pytest.mark.parametrize("name", ["single single-post postid-7", "post-template"])
def test_a_class_of_posts_tells_an_article(name: str) -> None:
    """Posts of WordPress and Ghost."""
    assert of(f"<title>T</title><body class='{name}'><h1>T</h1>").type == "article"


@pytest.mark.parametrize("name", ["single single-product postid-7", "page-template-default"])
def test_other_classes_of_the_body_tell_no_article(name: str) -> None:
    """Products and pages of WordPress."""
    assert of(f"<title>T</title><body class='{name}'><h1>T</h1>").type == "website"


def test_a_time_in_an_article_tells_an_article() -> None:
    """A time says more than a date in the text."""
    assert of(f"<title>T</title><article><h1>T</h1><p>On {TIME}</p></article>").type == "article"


@pytest.mark.parametrize("name", ["theme-last-updated", "post-updated", "date-modified"])
def test_a_time_of_a_change_tells_no_article(name: str) -> None:
    """The class is that of an element around the time."""
    page = (
        f"<title>T</title><article><h1>T</h1><span class={name}>On <b>{TIME}</b></span></article>"
    )
    assert of(page).type == "website"
