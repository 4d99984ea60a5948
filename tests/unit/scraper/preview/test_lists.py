"""Pages that list others."""

import pytest

from tests.unit.scraper.preview.documents import at

HOME = "https://a.example/"
WORDS = "Each teaser has a text that is long enough for a paragraph of an article, such as this."


def teaser(number: int, level: str = "h2") -> str:
    """Make a teaser as a blog has it."""
    return (
        f"<article class=post><{level}><a href=/2023/t{number}/>Teaser {number}</a></{level}>"
        f"<a rel=author class=author href=/bob>Bob {number}</a>"
        f"<time class=entry-date datetime=2023-05-0{number}></time>"
        f"<img src=/t{number}.jpg width=500><p>{WORDS}</p></article>"
    )


def item(number: int) -> str:
    """Make a teaser in microdata."""
    return (
        f"<div itemscope itemtype=https://schema.org/BlogPosting><h2 itemprop=headline>"
        f"<a itemprop=url href=/t{number}>Teaser {number}</a></h2><i itemprop=author>Bob</i>"
        f"<meta itemprop=datePublished content=2023-05-01></div>"
    )


WEBSITE = "<meta property=og:type content=website>"
LISTS = {
    "front page": (HOME, f"{WEBSITE}<body><main>{teaser(1)}"),
    "front page of one item": (HOME, f"<body>{item(1)}"),
    "front page in a language": (f"{HOME}en/", f"<html lang=en-GB><body>{teaser(1)}"),
    "index": (f"{HOME}index.php?utm_source=x", f"<body>{teaser(1)}"),
    "section": (f"{HOME}world", f"<h1>World</h1><main>{teaser(1)}{teaser(2)}{teaser(3)}"),
    "section of small headings": (
        f"{HOME}world",
        f"<main><h1>World</h1><p>{WORDS}</p>" + "".join(teaser(n, "h3") for n in (1, 2, 3)),
    ),
    "category": (f"{HOME}category/sky/", f"<main>{teaser(1)}"),
    "second page": (f"{HOME}blog/page/2/", f"<main>{teaser(1)}"),
    "first of many pages": (f"{HOME}blog", f"<link rel=next href=/blog/page/2/><main>{teaser(1)}"),
    "items": (f"{HOME}blog", f"<body>{item(1)}{item(2)}"),
    "cards in links": (
        f"{HOME}world",
        "<main><h1>World</h1>"
        + "".join(
            f"<article><a href=/{n}><time datetime=2023-05-0{n}></time><h3>T {n}</h3></a>"
            f"<i class=byline>Bob</i><img src=/t{n}.jpg width=500><p>{WORDS}</article>"
            for n in (1, 2, 3)
        ),
    ),
    "page with a date of its own": (
        HOME,
        (
            '<script type=application/ld+json>{"@type":"WebPage","datePublished":"2020-01-01",'
            f'"author":"Bob","url":"{HOME}"}}</script>'
        ),
    ),
    "classes of WordPress": (f"{HOME}sky", f"<body class='archive category'>{teaser(1)}"),
    "classes of a blog": (f"{HOME}sky", f"<body class='home blog logged-out'>{teaser(1)}"),
    "articles of JSON-LD": (
        f"{HOME}sky",
        "".join(
            f'<script type=application/ld+json>{{"@type":"NewsArticle","headline":"T {n}",'
            f'"author":"Bob","url":"{HOME}{n}"}}</script>'
            for n in (1, 2, 3)
        )
        + f"<main>{teaser(1)}",
    ),
    "loose properties": (
        HOME,
        "<body><i itemprop=author>Bob</i><time itemprop=datePublished datetime=2020-01-01></time>",
    ),
    "collection": (
        f"{HOME}blog",
        (
            f'<script type=application/ld+json>{{"@type":"CollectionPage","url":"{HOME}blog"}}'
            f"</script><main>{teaser(1)}"
        ),
    ),
    "article of JSON-LD on a front page": (
        HOME,
        (
            '<script type=application/ld+json>{"@type":"NewsArticle","headline":"Teaser 1",'
            f'"author":"Bob","datePublished":"2023-05-01","url":"{HOME}"}}</script>'
        ),
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_that_lists_others_has_nothing_of_its_first_teaser(name: str) -> None:
    """Author, date, title, type and picture are those of another page."""
    url, page = LISTS[name]
    found = at(url, f"<title>Acme</title>{page}")
    assert (found.title, found.author, found.published_at) == ("Acme", None, None)
    assert (found.type, found.image) == ("website", None)


RELATED = "".join(f"<h3><a href=/r{n}>Related {n}</a></h3>" for n in (1, 2, 3))
OWN = (
    "<a rel=author>Ann Lee</a><time datetime=2023-05-02>May 2, 2023</time>"
    "<img src=/sky.jpg width=500>"
)
ARTICLES = {
    "related articles below": f"<article><h1>Blue</h1>{OWN}<p>{WORDS}<p>{WORDS}</article>{RELATED}",
    "related articles in an aside": f"<main><h1>Blue</h1><aside>{RELATED}</aside>{OWN}<p>{WORDS}",
    "links within": (
        f"<main><h1>Blue</h1>{OWN}<h2><a href=#a>A</a></h2><h2><a href=#b>B</a></h2>"
        "<h2><a href=/dir/page#c>C</a></h2>"
    ),
    "links to other sites": (
        f"<main><h1>Blue</h1>{OWN}<p>{WORDS}"
        + "".join(f"<h2><a href=https://b.example/{n}>B {n}</a></h2>" for n in range(4))
    ),
    "comments as articles": f"<article><h1>Blue</h1>{OWN}<p>{WORDS}</article>"
    + f"<article><b>Bob</b><time datetime=2024-01-01></time><p>{WORDS}</article>" * 4,
    "metas of an article": (
        f"<meta property=article:published_time content=2023-05-02><main>{OWN}{RELATED}"
    ),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_with_links_to_others_keeps_its_own_fields(name: str) -> None:
    """Its text comes before the links."""
    found = at(f"{HOME}dir/page", f"<title>Blue</title><body>{ARTICLES[name]}")
    assert (found.author, found.published_at) == ("Ann Lee", "2023-05-02T00:00:00Z")
    assert (found.type, found.image) == ("article", f"{HOME}sky.jpg")


def test_a_front_page_with_a_topic_has_its_fields() -> None:
    """Some things have a site of their own."""
    node = f'{{"@type":"Movie","name":"Blue","url":"{HOME}","datePublished":"2023-05-02"}}'
    found = at(HOME, f"<script type=application/ld+json>{node}</script>")
    assert (found.title, found.type) == ("Blue", "video")
    article = "<meta property=og:type content=article><article><a rel=author>Ann Lee</a>"
    assert at(HOME, article).author == "Ann Lee"
    assert at(f"{HOME}?p=7", "<article><a rel=author>Ann Lee</a>").author == "Ann Lee"


def test_a_front_page_has_the_properties_of_its_head() -> None:
    """They describe the page."""
    metas = "<meta itemprop=description content='The words of the front page.'>"
    assert at(HOME, f"<head>{metas}</head><body>").description == "The words of the front page."


def test_the_posts_of_a_thread_are_no_list() -> None:
    """Their headings link to the page itself."""
    posts = "".join(
        f"<article><h3><a href=./topic.php?p={n}#p{n}>Re: Blue</a></h3>"
        f"<time datetime=2024-01-0{n}></time><div class=content>{WORDS}</div></article>"
        for n in (1, 2, 3)
    )
    assert at(f"{HOME}topic.php?t=1", f"<main><h1>Blue</h1>{OWN}{posts}").author == "Ann Lee"
