"""The end of reading after a head that has all fields."""

import json

import pytest

from .documents import read

CARD = (
    "<title>T</title><meta property=og:title content=T><meta property=og:image content=/i.png>"
    "<meta property=og:description content=Words>"
)
DATE = "<meta property=article:published_time content=2024-01-01>"
AUTHOR = "<meta name=author content='Ann Lee'>"
BODY = "<body><p>Text</p>"


def is_enough(head: str) -> bool:
    """Whether the reader needs no body after this head."""
    return read(f"<head>{head}</head>{BODY}".encode()).feed(b"", final=False)


def ld(*types: str) -> str:
    """Describe things of these types in JSON-LD."""
    nodes = json.dumps([{"@type": each} for each in types])
    return f"<script type=application/ld+json>{nodes}</script>"


@pytest.mark.parametrize("head", [
    CARD + DATE + AUTHOR,
    CARD.upper() + DATE.upper() + AUTHOR.upper(),
    CARD + DATE + ld("Article"),
    CARD + ld("WebSite", "Product"),
    CARD + ld("CollectionPage"),
])  # fmt: skip
def test_a_head_with_all_fields_is_enough(head: str) -> None:
    """A topic without date needs none. Names are read in any case."""
    assert is_enough(head)


@pytest.mark.parametrize("head", [
    DATE + AUTHOR,
    CARD + DATE,
    CARD + AUTHOR,
    CARD + "<meta name=keywords content='published by the author'>",
    CARD + DATE + "<meta property=article:author content=https://www.facebook.com/annlee>",
    CARD.replace("Words", "''") + DATE + AUTHOR,
    CARD + ld("WebSite", "Organization", "Person", "BreadcrumbList"),
    CARD + ld("NewsArticle"),
    CARD + ld("Recipe", "AggregateRating"),
])  # fmt: skip
def test_a_head_without_the_date_or_the_author_of_a_text_is_not_enough(head: str) -> None:
    """The body may show them."""
    assert not is_enough(head)
