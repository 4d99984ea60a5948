"""The description of a page that gives none: the first paragraph that a reader sees."""

import pytest

from tests.unit.scraper.preview.documents import of

TEXT = "The mill ground oats until the river froze, and then it ground ice."
OTHER = "Another long paragraph that a reader would not take for the text of the page."


def found(body: str) -> str | None:
    """Return the description of a page by its body."""
    return of(f"<title>T</title></head><body>{body}").description


@pytest.mark.parametrize(
    "before",
    [
        f"<p hidden>{OTHER}</p>",
        f"<p aria-hidden=true>{OTHER}</p>",
        f"<p style='display: none'>{OTHER}</p>",
        f"<div class=visually-hidden><p>{OTHER}</p></div>",
        f"<div hidden><div></div><div>{OTHER}</div></div>",
        f"<div class='screen-reader-text'>{OTHER}</div>",
        f"<div class='alert alert-info'><p>{OTHER}</p></div>",
        f"<div role=alert><p>{OTHER}</p></div>",
        f"<section class='newsletter-signup'><h3>N</h3><p>{OTHER}</p></section>",
        f"<div class='post-disclosure'><p>{OTHER}</p></div>",
        f"<div id=cookie-banner><div><p>{OTHER}</p></div></div>",
        f"<div id=sidebar><p>{OTHER}</p></div>",
        f"<figure><figcaption><p>{OTHER}</p></figcaption></figure>",
        "<p>« prev :: up :: next, the chapter about the river and its weirs »</p>",
        "<p><a href=a>The previous chapter of the book</a> and <a href=b>the next chapter</a></p>",
        "<p>Home » News » Rivers, mills and weirs » The year of the great frost</p>",
        "<p>[vc_row css='.vc_custom'][vc_column width='1/2'][vc_column_text]</p>",
        "<p>This post may contain affiliate links. If you buy, I may earn a commission.</p>",
        "<p>Disclosure: I was given this millstone by its maker, free of charge.</p>",
        "<p>Sign up for our weekly newsletter and never miss a story again.</p>",
        "<p>Wir verwenden Cookies, um Inhalte und Anzeigen zu personalisieren.</p>",
        "<p>Nous utilisons des cookies pour améliorer votre visite sur ce site.</p>",
        "<p>Utilizamos cookies propias y de terceros para mejorar la visita.</p>",
        "<p>By Ann Lee and Bo Ek, Staff Writers | October 11, 2017 at 5:00 pm</p>",
        "<p>Saturday, March 14, 2020, 7:00 pm to 9:00 pm in Hall 12</p>",
        "<p>Phone 0123 456 789, mobile 0170 123 456, fax 0123 456 780</p>",
        "<p>Photo: the mill in 1911, from the collection of the town library</p>",
        "<p class=byline>By Ann Lee, who has written about mills for twenty years</p>",
        "<button>Press this button to see the whole text of the page, please.</button>",
        "<p>Short.</p>",
        "<p>T</p>",
    ],
)
def test_the_first_paragraph_is_one_that_a_reader_sees(before: str) -> None:
    """Hidden ones, banners, forms, disclosures, captions and navigation come before it."""
    assert found(f"{before}<p>{TEXT}</p>") == TEXT
    assert found(f"<main>{before}<p>{TEXT}</p></main>") == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "These cookies are crisp at the edge, and use two spoons of brown butter.",
        "JavaScript is the language of browsers, and this page shows its first years.",
        "By 1911 the mill had stood for a century. Its owner was a Mr. Hale.",
        "Photographs of mills are rare, since few had light enough inside.",
        "The alert reader will subscribe at once to the view that mills are loud.",
        "Read about mills, <a href=y>weirs</a> and rivers in the north.",
    ],
)
def test_words_of_banners_in_a_text_are_no_banner(text: str) -> None:
    """Only their usual phrases are."""
    assert (found(f"<p>{text}</p><p>{OTHER}</p>") or "")[:17] == text[:17]


@pytest.mark.parametrize(
    "body",
    [
        f"<table><tr><td><ul><li><a href=a>Home</a></ul><td><font size=2>{TEXT}<br><br>{OTHER}",
        f"<center><h1>T</h1></center>{TEXT}<p>{OTHER}",
        f"<h1>T</h1>\n{TEXT}<br><br>{OTHER}",
        f"<div class=w><div><span>{TEXT}</span></div><div>{OTHER}</div></div>",
        f"<p>A site's motto, longer than forty characters</p><div class=post-body>{TEXT}</div>",
        f"<ul><li>{TEXT}<li>{OTHER}</ul>",
        f"<blockquote>{TEXT}</blockquote><p>{OTHER}",
        f"<div>{TEXT}<div>{OTHER}</div></div>",
        f"<h3>H</h3>{TEXT}<hr>{OTHER}",
        f"<td><p>{TEXT}<td>{OTHER}",
        f"<p>{TEXT}<br><br>{OTHER}</p>",
    ],
)
def test_a_text_outside_of_paragraphs_counts_too(body: str) -> None:
    """Pages in tables, with line breaks, or in blocks only have such texts."""
    assert found(body) == TEXT


@pytest.mark.parametrize(
    "body",
    [
        "<div>Home About Products Services Contact Careers Press Blog Help</div>",
        "<nav><div>A menu with a sentence in it. It has no text of the page.</div></nav>",
        "<td><a href=a>A headline of another page, which is a sentence.</a></td>",
        "<pre>if (a) { return b; } // A comment in a program, and no text.</pre>",
        "<footer><p>A company in a footer, with its address and its history.</p></footer>",
        "<div itemscope itemtype=Organization><meta itemprop=description content='Mills.'></div>",
    ],
)
def test_a_page_without_text_has_no_description(body: str) -> None:
    """Menus, headlines and code are none."""
    assert found(body) is None


def test_the_company_in_json_ld_does_not_describe_an_article() -> None:
    """Its first paragraph does."""
    company = '{"@type":"Organization","name":"N","description":"We have made mills since 1911."}'
    script = f'<script type="application/ld+json">{company}</script>'
    assert found(f"<article><p>{TEXT}</p></article><footer>{script}</footer>") == TEXT


def test_hidden_parts_of_a_paragraph_are_not_read() -> None:
    """Readers do not see the labels for screen readers."""
    label = "<span class=sr-only>Summary:</span>"
    assert found(f"<p>{label}{TEXT} <i hidden>x</i></p>") == TEXT


def test_a_short_sentence_of_the_article_is_a_last_resort() -> None:
    """A text beside the article is none."""
    assert found("<article><p>It was sold in March.</p></article>") == "It was sold in March."
    assert found("<p>It was sold in March.</p>") is None


def test_a_teaser_does_not_describe_a_list() -> None:
    """The introduction before the first teaser does."""
    teasers = f"<article><h2><a href=/{{}}>A</a></h2><p>{OTHER}</p></article>" * 4
    listed = "<body class=archive><main>{}" + teasers + "</main>"
    assert found(listed.format("", *"abcd")) is None
    assert found(listed.format(f"<h1>Mills</h1><p>{TEXT}</p>", *"abcd")) == TEXT


def test_a_standfirst_is_a_paragraph_of_the_article() -> None:
    """The same class outside of it is about the site."""
    standfirst = f"<p class=article__subtitle>{TEXT}</p>"
    assert found(f"<article>{standfirst}<p>{OTHER}</p></article>") == TEXT
    assert found(f"{standfirst}<p>{OTHER}</p>") == OTHER


def test_the_slogan_in_the_head_of_a_site_is_no_paragraph_of_the_page() -> None:
    """A standfirst in the same place stands below the page's heading."""
    head = f"<div class=content><header><h1><a href=/>Mills</a></h1><p>{OTHER}</p></header>"
    assert found(f"{head}<h3>T</h3><div class=post-body><p>{TEXT}</p></div></div>") == TEXT
    page = f"<div class=content><header><h1>T</h1><p>{OTHER}</p></header><p>{TEXT}</p></div>"
    assert found(page) == OTHER
