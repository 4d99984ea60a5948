"""Items of microdata and their properties."""

import pytest
from splitflap_scraper.page.items import MAX_OPEN, MAX_SEEN, ItemTracker

from tests.unit.scraper.preview.documents import of

NAMED = "<b itemprop=name>A lamp</b>"
OFFER = (
    "<div itemprop=offers itemscope itemtype=Offer><b itemprop=name>Sale</b>"
    "<div itemprop=seller itemscope itemtype=Organization><div><b itemprop=name>Acme</b></div>"
    "</div><i itemprop=description>Buy it today, tomorrow it may be gone.</i></div>"
)
REVIEW = (
    "<div itemprop=review itemscope itemtype=Review><b itemprop=name>So bright</b>"
    "<b itemprop=author itemscope itemtype=Person><i itemprop=name>Joe</i></b>"
    "<i itemprop=datePublished>2020-02-02</i><img itemprop=image src=/joe.jpg width=400></div>"
)
DESCRIBED = "<p itemprop=description>It burns for nine hours.</p>"


def product(*parts: str, scope: str = "itemscope itemtype=http://schema.org/Product") -> str:
    """Make the page of a product."""
    return f"<body><div {scope}>{''.join(parts)}</div>"


@pytest.mark.parametrize(
    "parts", [(OFFER, REVIEW, NAMED, DESCRIBED), (NAMED, DESCRIBED, REVIEW, OFFER)]
)
def test_a_nested_item_keeps_its_properties(parts: tuple[str, ...]) -> None:
    """The order of the elements makes no difference."""
    found = of(product(*parts))
    assert (found.title, found.description) == ("A lamp", "It burns for nine hours.")
    assert (found.author, found.published_at, found.image) == (None, None, None)
    assert found.type == "product"


def test_an_author_item_has_the_name_inside_it() -> None:
    """The depth of the name makes no difference."""
    author = (
        "<div itemprop=author itemscope itemtype=Person><a itemprop=url href=/j>"
        "<span itemprop=name>Jane</span></a><b itemprop=jobTitle>Editor</b></div>"
    )
    text = "<span itemprop=author itemscope itemtype=Person>Jane</span>"
    meta = "<meta itemprop=author itemscope itemtype=Person content=Jane>"
    for each in (author, text, meta):
        page = product(each, NAMED, scope="itemscope itemtype=Article")
        assert (of(page).author, of(page).title) == ("Jane", "A lamp")


SCOPE = "itemscope itemtype=Product"
OTHER = "<b itemprop=name>X</b>"

STEP = "itemprop=step itemscope itemtype=HowToStep"
TABLE = "<table><tr><td><b itemprop=name>X</b><tr><td></table>"

PAGES = {
    "list items' end tags left out": product(
        f"<ul><li {STEP}>{OTHER}<li {STEP}>{OTHER}</ul>", NAMED
    ),
    "lists in list items": product(
        f"<ul><li {STEP}><ul><li>a<li>b</ul>{OTHER}<ol><li {STEP}></ol>{OTHER}</ul>", NAMED
    ),
    "alternating list items and items": product(
        f"<ul><li {STEP}>{OTHER}<li itemprop=name>A lamp</ul>"
    ),
    "a list that is an item in one that is": product(
        f"<ul><li {STEP}><ul {STEP}><li {STEP}><li></ul>{OTHER}</ul>", NAMED
    ),
    "rows' and cells' end tags left out": product(
        f"<table><tr {STEP}><td {STEP}>{TABLE}{OTHER}<td>{OTHER}</table>", NAMED
    ),
    "terms' end tags left out": product(f"<dl><dt {STEP}>{OTHER}<dd itemprop=name>A lamp</dl>"),
    "paragraphs' end tags left out": product(f"<p {STEP}>{OTHER}<div>{NAMED}</div>"),
    "paragraphs that end with what is around": product(f"<div><p {STEP}>{OTHER}</div>", NAMED),
    "end tags left out": product(
        f"<ul itemprop=offers itemscope><li itemprop=item itemscope>{OTHER}</ul>", NAMED
    ),
    "elements of the item's name within": product(
        f"<div itemprop=offers itemscope><div><div></div></div>{OTHER}</div>", NAMED
    ),
    "elements that have no end tag": product("<meta itemprop=offers itemscope>", NAMED),
    "as React writes it": (
        "<div itemScope itemType=Product><div itemProp=offers itemScope><b itemProp=name>X</b>"
        "</div><b itemProp=name>A lamp</b></div>"
    ),
    "relevant elements": (
        f"<main itemscope itemtype=WebPage><article {SCOPE}>"
        f"<header itemprop=offers itemscope>{OTHER}</header>{NAMED}</article></main>"
    ),
    "the page as an item, and what it is about": (
        f"<html itemscope itemtype=WebPage><body>{OTHER}"
        f"<i itemprop=mainContentOfPage {SCOPE}>{NAMED}</i>"
    ),
    "a comment": f"<!-- <div itemscope itemprop=offers> --><div {SCOPE}>{NAMED}</div>",
    "no item at all": f"<body>{NAMED}",
}


@pytest.mark.parametrize("name", PAGES)
def test_an_item_ends_with_its_element(name: str) -> None:
    """End tags may be missing."""
    assert of(PAGES[name]).title == "A lamp"


def test_an_item_in_the_frame_is_not_the_topic() -> None:
    """Such an item may come first in the page."""
    frame = (
        "<header itemscope itemtype=WPHeader><b itemprop=headline>Acme</b></header>"
        "<div itemscope itemtype=Person><b itemprop=name>Jane</b></div>"
    )
    assert of(f"<body>{frame}<div itemscope itemtype=Thing>{NAMED}</div>").title == "A lamp"
    assert of(f"<body>{frame}").title is None


def test_an_item_of_a_list_is_not_the_topic() -> None:
    """The item with the page's heading is the topic."""
    item = f"<div itemscope itemtype=Article><h2 itemprop=headline>B</h2>{REVIEW}</div>"
    whole = "<div itemscope itemtype=Article><h1 itemprop=headline>A</h1></div>"
    assert of(f"<title>News</title><body>{item * 3}").title == "News"
    assert of(f"<title>News</title><body>{item}{whole}{item}").title == "A"
    here = "<div itemscope itemtype=Article><a itemprop=url href=/dir/page></a>"
    here += "<b itemprop=headline>Here</b></div>"
    assert of(f"<title>News</title><body>{item}{here}").title == "Here"


def test_a_nested_item_is_no_url() -> None:
    """The list stays a list."""
    linked = "<div itemscope itemtype=Article><a itemprop=url itemscope href=/x>x</a></div>"
    other = "<div itemscope itemtype=Article><b itemprop=name>y</b></div>"
    assert of(f"<title>News</title><body>{linked}{other}").title == "News"


@pytest.mark.parametrize("head", ["", "<head>"])
def test_the_page_itself_may_be_an_item(head: str) -> None:
    """The title is a property of that item."""
    title = "<title itemprop=name>X</title><body><span itemprop=author>Jane</span>"
    assert of(f"<html itemscope itemtype=Article>{head}{title}").author == "Jane"


METAS = (
    "<meta itemprop=author content='Bob'><meta itemprop=datePublished content=2019-01-02>"
    "<meta itemprop=description content='It burns well, it burns long, and it burns bright.'>"
    "<meta itemprop=inLanguage content=de>"
)


def test_metas_of_a_nested_item_do_not_describe_the_page() -> None:
    """Metas of the page and its topic do."""
    review = f"<div itemprop=review itemscope itemtype=Review>{METAS}</div>"
    found = of(product(NAMED, review))
    fields = (found.author, found.published_at, found.description, found.language)
    assert fields == (None, None, None, None)
    for page in (
        product(NAMED, METAS, scope="itemscope itemtype=Article"),
        f"<html itemscope itemtype=WebPage><head>{METAS}",
        f"<body itemscope itemtype=WebPage>{METAS}{review}",
        f"<html itemscope itemtype=WebPage><head>{METAS}<body>{product(NAMED)}",
        f"<body>{METAS}",
    ):
        found = of(page)
        assert (found.author, found.published_at) == ("Bob", "2019-01-02T00:00:00Z")
        assert (found.description or "").startswith("It burns well")
        assert found.language == "de"


def test_an_item_has_single_values() -> None:
    """Examples are the size of an image, and the two names of a person."""
    image = "<div itemprop=image itemscope itemtype=ImageObject><meta itemprop=url content=/a.png>"
    for width, expected in (("20", None), ("200", "https://a.example/a.png")):
        page = product(NAMED, f"{image}<meta itemprop=width content={width}></div>")
        assert of(page).image == expected
    names = "<meta itemprop=givenName content=Ewa><meta itemprop=familyName content=Nowak>"
    author = f"<div itemprop=author itemscope itemtype=Person>{names}</div>"
    page = product(NAMED, author, scope="itemscope itemtype=Article")
    assert of(page).author == "Ewa Nowak"


def test_the_examined_tags_are_bounded() -> None:
    """Later properties have an unknown item."""
    items = ItemTracker()
    for _ in range(MAX_OPEN):
        items.begin("i")
    items.passed("<a>" * MAX_SEEN, 0, 3 * MAX_SEEN)
    assert items.open == []
    around, own = items.begin("i")
    assert (around > MAX_OPEN, own, items.open) == (True, 0, [])


def test_the_depth_of_items_is_bounded() -> None:
    """Items around the deepest ones keep their properties."""
    for depth in (5, 50):
        inner = "<i itemprop=offers itemscope>" * depth + "<b itemprop=name>X</b>" + "</i>" * depth
        assert of(product(inner, NAMED)).title == "A lamp"
    items = ItemTracker()
    for _ in range(500):
        items.begin("i")
    assert len(items.open) == MAX_OPEN


PERSON = "<span property=author typeof=Person><b property=name>Ann Lee</b></span>"
DATED = "<time property=datePublished datetime=2023-05-02>x</time><img property=image src=/a.png>"


@pytest.mark.parametrize("prefix", ["", "schema:", "http://schema.org/"])
def test_rdfa_is_read_like_microdata(prefix: str) -> None:
    """Prefixes of schema.org make no difference."""
    page = (
        f"<div vocab=http://schema.org/ typeof=BlogPosting><h1 property=headline>Blue</h1>{PERSON}"
        f"{DATED}</div><ol typeof=BreadcrumbList><li property=itemListElement typeof=ListItem>"
        "<b property=name>Home</b></ol>"
    )
    for name in ("property", "typeof"):
        page = page.replace(f"{name}=", f"{name}={prefix}")
    found = of(f"<title>News</title><body>{page}")
    assert (found.author, found.published_at) == ("Ann Lee", "2023-05-02T00:00:00Z")
    assert (found.title, found.type, found.image) == ("Blue", "article", "https://a.example/a.png")


def test_rdfa_of_a_subject_belongs_to_it() -> None:
    """The name of the person is not that of the article. Drupal writes it so."""
    user = '<i about=/user/1 typeof=schema:Person property=schema:name datatype="">ann</i>'
    created = "<i property=schema:dateCreated content=2023-05-02T10:00:00+00:00></i>"
    other = "<img typeof=foaf:Image src=/x.png><i property=dc:title content=X></i>"
    found = of(
        "<title>Blue | Acme</title><body><h1><i property=schema:name>Blue</i></h1>"
        f"<article about=/blue typeof=schema:Article>{user}{created}{other}</article>"
    )
    assert (found.title, found.published_at, found.type) == (
        "Blue",
        "2023-05-02T10:00:00Z",
        "article",
    )
    teaser = f"<article typeof=schema:Article><h2 property=schema:name>T</h2>{created}</article>"
    assert of(f"<title>News</title><body>{teaser * 3}").published_at is None
