"""People on a page who are not its author."""

import pytest

from tests.unit.scraper.preview.bylines.test_names import author
from tests.unit.scraper.preview.shapes import H1, TEXT, Shape


@pytest.mark.parametrize(
    "inner",
    [
        "Photos by Joe Doe", "Photography by Joe Doe", "Translated by Joe Doe", "Edited by Joe Doe",
        "Reviewed by <a href=/author/joe>Joe Doe</a>", "Fact checked by Joe Doe",
        "Kontakt: Joe Doe",
        "Contact: Joe Doe, <a href=mailto:joe@a.example>joe@a.example</a>", "写真・山田太郎",
        "責任編輯\uff1a王小明", "Presented by Acme Oil", "Sponsored by Acme Oil", "Foto: Joe Doe",
        "Last edited by Joe Doe on March 14, 2020", "Last updated on May 6, 2023 by Joe Doe",
        "Founded on May 6, 1998 by Joe Doe in Bergen.", "Redaktion: Joe Doe",
    ],
)  # fmt: skip
def test_people_with_other_roles_are_no_authors(inner: str) -> None:
    """They made pictures, checked or translated, or are sponsors."""
    assert author(f"<p>{inner}</p>") is None
    assert author(f"<p class=meta>{inner}</p>") is None


@pytest.mark.parametrize(
    "inner",
    [
        "Written by Ann Lee · Fact checked by Bob Ray",
        "Written by <b>Ann Lee</b> · Fact checked by <b>Bob Ray</b>",
        "Medically reviewed by Bob Ray, MD — By Ann Lee — Updated on March 14, 2020",
        (
            "Medically reviewed by <a href=/authors/bob>Bob Ray</a> — Written by"
            " <a href=/authors/ann>Ann Lee</a>"
        ),
        "By Ann Lee. Translated by Bob Ray", "Words by Ann Lee | Photos by Bob Ray",
        "Photos by Bob Ray | Words by Ann Lee", "Text: Ann Lee Foto: Bob Ray",
        "Words and pictures by <a rel=author href=/ann>Ann Lee</a>",
    ],
)  # fmt: skip
def test_the_author_beside_other_people_counts_alone(inner: str) -> None:
    """Labels tell who is who."""
    assert author(f"<p class=byline>{inner}</p>") == "Ann Lee"


@pytest.mark.parametrize(
    ("lang", "inner"),
    [
        ("en", "By Default, All Cookies Are Off"), ("en", "By Car"), ("en", "By Invitation Only"),
        ("en", "By Popular Demand"), ("en", "From: March 14 To: March 20"),
        ("en", "Written by hand"),
        ("en", "Report: Olive Prices Rise"), ("en", "By The Numbers"), ("en", "By the Sea"),
        ("de", "Von Rom bis Mailand"), ("de", "Von Montag bis Freitag"), ("fr", "Par Avion"),
        ("es", "Por Favor"), ("it", "Da Roma a Milano"), ("it", "Di Lunedì"),
        ("en", "Text: Download PDF"), ("en", "Author: 1,234 views"),
        ("en", "The book was written by Ann Lee in 1998."),
    ],
)  # fmt: skip
def test_words_for_by_begin_other_texts_too(lang: str, inner: str) -> None:
    """A line without a mark needs a full name."""
    assert author(f"<p>{inner}</p>", lang=lang) is None


def test_the_first_topic_of_a_forum_gives_no_author() -> None:
    """Its rows have other topics and other people."""
    rows = "".join(
        f"<tr><td><a href=/t/{at}>Olives in the rain</a></td>"
        f"<td><a class=username href=/u/{name}>{name}</a></td></tr>"
        for at, name in enumerate(("joea", "boek", "cyra"))
    )
    assert author(f"<table>{rows}</table>") is None


def test_the_first_post_of_a_thread_gives_the_author() -> None:
    """Texts stand between the names."""
    posts = "".join(f"<div><a class=username href=/u/{n}>{n}</a>{TEXT}</div>" for n in "abc")
    assert author(posts.replace(">a<", ">joea<")) == "joea"


@pytest.mark.parametrize(
    "after",
    [
        "<div class=comment><div class=comment-author><cite class=fn>Joe Doe</cite></div></div>",
        "<div class=testimonial><p>Best oil.</p><p class=author>Joe Doe</p></div>",
        "<blockquote><p>Oil is gold.</p><cite class=author>Joe Doe</cite></blockquote>",
        "<div class=author-box><h3>Meet The Author</h3></div>",
    ],
)
def test_commenters_and_quoted_people_are_no_authors(after: str) -> None:
    """Their elements have the class of an author, too."""
    assert Shape("", None, f"<article>{H1}{TEXT}</article>{after}").fields().author is None
    assert author(after) is None


@pytest.mark.parametrize(
    "name", ["A Times", "Webdesign Muster AG", "admin", "Super User", "annlee"]
)
def test_a_visible_byline_is_surer_than_the_name_of_the_site(name: str) -> None:
    """So it is than the name of the house that made the site, and than an account."""
    head = f"<meta name=author content='{name}'><meta property=og:site_name content='A Times'>"
    assert author("<p class=byline>By Ann Lee</p>", head=head) == "Ann Lee"


@pytest.mark.parametrize(
    ("name", "found"),
    [("Webdesign Muster AG", "Webdesign Muster AG"), ("Redazione", None), ("Super User", None)],
)
def test_a_house_counts_without_a_byline_and_a_newsroom_never(name: str, found: str | None) -> None:
    """The account names no person."""
    assert author("", head=f"<meta name=author content='{name}'>") == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Olive Times GmbH &amp; Co. KG", "Olive Times GmbH & Co. KG"),
        ("Words by Design", "Words by Design"),
        ("Lee, Ann; Ray, Bob", "Ann Lee, Bob Ray"),
        ("Ann Lee, Reporter, Bob Ray, Editor", "Ann Lee, Bob Ray"),
        ("[Ann Lee](https://ann.example)", "Ann Lee"),
        ("Ann Lee | A Times", "Ann Lee"),
        ("Ann Lee - A Times", "Ann Lee"),
        ("By Ann Lee, A Times", "Ann Lee"),
        ("Ann Lee, BBC News", "Ann Lee"),
        ("Ann Lee, Bob Ray, CNN", "Ann Lee, Bob Ray"),
        ("Ann Lee (she/her)", "Ann Lee"),
        ("Johnson Smith, Inc.", "Johnson Smith, Inc."),
        ("123456", None),
    ],
)
def test_a_meta_may_have_the_shape_of_a_byline(content: str, found: str | None) -> None:
    """Organizations stay whole."""
    head = f"<meta name=author content='{content}'><meta property=og:site_name content='A Times'>"
    assert author("", head=head) == found


def test_json_ld_may_have_several_names_in_one_person() -> None:
    """All of them count."""
    node = '{"@type":"Article","author":{"@type":"Person","name":["Ann Lee","Bob Ray"]}}'
    head = f"<script type=application/ld+json>{node}</script>"
    assert author("", head=head) == "Ann Lee, Bob Ray"


def test_the_author_in_an_infobox_is_that_of_its_subject() -> None:
    """A page about a book names who wrote the book."""
    row = "<tr><th class=infobox-label>Author</th><td class=infobox-data>Joe Doe</td></tr>"
    head = "<meta name=author content='Contributors to the Project'>"
    assert author(f"<table class=infobox>{row}</table>") is None
    assert author(f"<table class=infobox>{row}</table>", head=head) == "Contributors to the Project"


@pytest.mark.parametrize("name", ["author-posts", "author more-from-author"])
def test_the_titles_of_an_authors_other_posts_are_no_names(name: str) -> None:
    """They may have capitals, too."""
    assert author(f"<div class='{name}'><a href=/x>Olive Oil Wins</a></div>") is None


def test_a_title_in_capitals_is_no_name() -> None:
    """It has more words."""
    assert author("<div class=author><b>Olive Oil Wins Another Prize</b></div>") is None
