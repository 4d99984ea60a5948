"""Titles and sites of real shapes: separators, placeholders, sections, headings and logos."""

import pytest
from splitflap_scraper.preview.extract import extract

from tests.unit.scraper.preview.documents import head_of, read

SKY = "Sky over town"
TALE = "天空的故事"
PRESS = "晨报网"


def found(markup: str, url: str) -> tuple[str | None, str | None]:
    """Return the title and the site of a page."""
    fields = extract(read(markup.encode(), head=head_of(url=url)).document())
    return fields.title, fields.site_name


@pytest.mark.parametrize(
    ("title", "site"),
    [
        (f"{SKY} | Acme", "Acme"),
        (f"{SKY} • Acme", "Acme"),
        (f"{SKY} :: Acme", "Acme"),
        (f"{SKY} — Acme", "Acme"),
        (f"{SKY} (Acme)", "Acme"),
        (f"{SKY} @ Acme", "Acme"),
        (f"{SKY} | Acme | Acme", "Acme"),
        (f"Acme » {SKY}", "Acme"),
        (f"{SKY}\uff1a晨报网", PRESS),
        (f"{SKY} \uff0d 晨报网", PRESS),
        (f"{SKY}\uff5c晨报网", PRESS),
        (f"{SKY}_晨报网", PRESS),
        (f"【晨报网】{SKY}", PRESS),
    ],
)
def test_a_known_site_is_stripped_behind_any_separator(title: str, site: str) -> None:
    """Open Graph names the site."""
    page = f"<title>{title}</title><meta property=og:site_name content='{site}'>"
    assert found(page, "https://a.example/x") == (SKY, site)


@pytest.mark.parametrize(
    "title",
    [
        f"{TALE}_晨报网",
        f"{TALE}-晨报网",
        f"{TALE}——晨报网",
        f"{TALE}\uff5c晨报网",
        f"{TALE}_社会_晨报网",
        f"{TALE}--社会--晨报网",
    ],
)
def test_east_asian_titles_need_no_space_beside_a_separator(title: str) -> None:
    """The heading tells where the title ends."""
    page = f"<title>{title}</title><h1>{TALE}</h1>"
    assert found(page, "https://a.example/x") == (TALE, PRESS)


@pytest.mark.parametrize(
    "head",
    [
        f"<title> - Acme</title><meta name=title content='{SKY}'>",
        f"<title>| Acme</title><body><h1>{SKY}</h1>",
        f"<title>undefined | Acme</title><body><h1>{SKY}</h1>",
        f"<title>Untitled Document - Acme</title><body><h1>{SKY}</h1>",
        f"<title>{{{{ title }}}} | Acme</title><body><h1>{SKY}</h1>",
        f"<title>{SKY} - Acme</title><meta property=og:title content=' - Acme'>",
        f"<title>Acme</title><meta property=og:site_name content=Acme><body><h1>{SKY}</h1>",
        f"<title>Acme: {SKY}</title><meta property=og:site_name content=www.acme.example>",
    ],
)
def test_the_name_of_a_site_alone_is_no_title_of_a_page(head: str) -> None:
    """Templates leave the part of the page empty. The name is still that of the site."""
    assert found(head, "https://acme.example/x") == (SKY, "Acme")


def test_the_name_of_a_site_is_the_title_of_its_front_page() -> None:
    """A slogan is not."""
    page = (
        "<meta property=og:title content=Acme><meta property=og:site_name content=Acme>"
        "<title>Acme - Skies for all</title><h1>We make skies</h1>"
    )
    assert found(page, "https://acme.example/") == ("Acme", "Acme")
    assert found(page, "https://acme.example/x") == ("Skies for all", "Acme")
    assert found("<title>Acme</title>", "https://acme.example/") == ("Acme", "Acme")


@pytest.mark.parametrize(
    "page",
    [
        f"<title>{SKY} | Weather | Acme</title><h1>{SKY}</h1>",
        f"<title>{SKY} | Weather | Acme</title><meta property=article:section content=Weather>",
        f"<title>Acme » Blog Archive » {SKY}</title><h1>{SKY}</h1>",
        f"<title>Weather | {SKY} | Acme</title><meta property=article:section content=Weather>",
    ],
)
def test_sections_of_a_site_are_stripped(page: str) -> None:
    """The heading or a meta shows that they are sections."""
    assert found(page, "https://acme.example/x") == (SKY, "Acme")


@pytest.mark.parametrize(
    "title", ["Sky - a history", "C | C++ | Rust compared", "None | of us", "#hashtag - days"]
)
def test_separators_may_belong_to_the_title(title: str) -> None:
    """The heading has them too."""
    assert found(f"<title>{title}</title><h1>{title}</h1>", "https://z.example/x")[0] == title


@pytest.mark.parametrize(
    "body",
    [
        "<h1><a href=/x><span>Sky</span> over<br>town</a></h1>",
        f"<h1>{SKY}<a class=headerlink href=#x>¶</a></h1>",
        f"<h1>{SKY}<span class=sr-only>(opens in a new window)</span></h1>",
        f"<h1><img src=x alt='{SKY}'></h1>",
        f"<h1 class=sr-only>Menu of the site</h1><h1>{SKY}</h1>",
        f"<div hidden><h1>Please log in</h1></div><h1>{SKY}</h1>",
        f"<h1 class=logo>Acme</h1><h2>{SKY}</h2>",
        f"<h1><a href=/>Acme</a></h1><h1>{SKY}</h1>",
        f"<h1 id=site-title><a href=/>Acme</a></h1><article><h2>{SKY}</h2></article>",
        f"<h2>{SKY}</h2><h2>Rain</h2>",
        f"<nav><h2>Menu</h2></nav><h1 class=visually-hidden>{SKY}</h1>",
    ],
)
def test_a_page_without_titles_has_its_heading(body: str) -> None:
    """A logo or a hidden heading is a last resort."""
    assert found(f"<body>{body}<p>x", "https://a.example/x")[0] == SKY


def test_a_headline_that_is_the_description_is_no_title() -> None:
    """Open Graph and the title of the page beat it."""
    text = "A long report about the sky over the town, and about its makers"
    script = (
        f'<script type="application/ld+json">{{"@type":"Article","headline":"{text}"}}</script>'
    )
    titled = f"<title>{SKY}</title>{script}"
    described = f"<meta name=description content='{text}, with maps.'>"
    assert found(titled + described, "https://a.example/x")[0] == SKY
    assert found(titled, "https://a.example/x")[0] == text
    og = f"<meta property=og:title content='{SKY}'>"
    assert found(og + titled, "https://a.example/x")[0] == SKY


def test_a_title_in_the_place_of_the_sites_name_is_no_site() -> None:
    """The title names another site."""
    page = (
        f"<meta property=og:site_name content='{SKY}'><meta property=og:title content='{SKY}'>"
        f"<title>{SKY} | Acme</title>"
    )
    assert found(page, "https://acme.example/x") == (SKY, "Acme")


@pytest.mark.parametrize("title", [f"Low Water: {SKY}", f"{SKY} | Low Water"])
def test_a_heading_that_links_to_the_front_page_names_the_site(title: str) -> None:
    """The title has the name too."""
    page = f"<title>{title}</title><h1><a href=/>Low Water</a></h1><h3>{SKY}</h3>"
    assert found(page, "https://a.example/x") == (SKY, "Low Water")


@pytest.mark.parametrize("title", ["C++", "R", "C#", "X", "5", "F#"])
@pytest.mark.parametrize("separator", [" - ", " | ", " \u2013 "])
def test_a_title_may_have_one_letter(title: str, separator: str) -> None:
    """As names of languages do."""
    name = "<meta property=og:site_name content=Acme>"
    for text in (f"{title}{separator}Acme", f"Acme{separator}{title}"):
        page = f"<title>{text}</title>{name}"
        assert found(page, "https://a.example/x") == (title, "Acme")
    page = f"<title>{title}{separator}Acme</title>"
    assert found(page, "https://acme.example/x") == (title, "Acme")


def test_a_title_ends_before_the_author_of_json_ld() -> None:
    """A name within the title belongs to it."""
    node = '<script type=application/ld+json>{"@type":"BlogPosting","author":{"name":"Ann Lee"}}'
    for title, expected in ((f"{SKY} | Ann Lee", SKY), (f"Ann Lee | {SKY}", f"Ann Lee | {SKY}")):
        page = f"<meta property=og:title content='{title}'>{node}</script>"
        assert found(page, "https://a.example/x")[0] == expected
    assert found(f"<title>{SKY} of Ann Lee</title>{node}</script>", "https://a.example/x")[0] == (
        f"{SKY} of Ann Lee"
    )
