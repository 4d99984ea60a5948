"""The nodes of JSON-LD that describe a page."""

import json
from dataclasses import replace
from typing import Any

import pytest
from splitflap_scraper.preview.structured.topic import Claim, Identity

from tests.unit.scraper.preview.documents import URL, at, of

HOME = "https://a.example/"
TEXT = "<p>The sky is blue because air scatters blue light more than red.</p>"
LOGO = {"@type": "ImageObject", "@id": f"{HOME}#logo", "url": f"{HOME}acme.png"}
OWNER = {
    "@type": "Organization", "@id": f"{HOME}#organization", "name": "Acme", "url": HOME,
    "description": "Acme has made everything since 1950.", "logo": LOGO,
    "image": {"@id": f"{HOME}#logo"},
}  # fmt: skip
SITE = {"@type": "WebSite", "@id": f"{HOME}#website", "url": HOME, "name": "Acme"}
PAGE = {
    "@type": "WebPage", "@id": URL, "url": URL, "name": "Blue - Acme",
    "description": "Why the sky is blue.", "datePublished": "2023-05-02",
}  # fmt: skip
ARTICLE = {"@type": "Article", "headline": "Blue", "author": {"name": "Ann Lee"}, "url": URL}


def ld(*nodes: dict[str, Any]) -> str:
    """Make a script with these nodes."""
    return f"<script type=application/ld+json>{json.dumps({'@graph': nodes})}</script>"


@pytest.mark.parametrize("nodes", [(OWNER, SITE, PAGE), (PAGE, SITE, OWNER)])
def test_a_page_is_described_by_its_own_node(nodes: tuple[dict[str, Any], ...]) -> None:
    """The owner of the site describes another page."""
    found = of("<title>Blue - Acme</title>" + ld(*nodes))
    assert (found.title, found.site_name) == ("Blue", "Acme")
    assert (found.description, found.published_at) == (
        "Why the sky is blue.",
        "2023-05-02T00:00:00Z",
    )
    assert (found.author, found.type) == (None, "website")


def test_a_logo_is_a_picture_only_where_nothing_else_is() -> None:
    """The picture of the owner is the logo too."""
    assert of(ld(OWNER, PAGE)).image == f"{HOME}acme.png"
    assert of(f"{ld(OWNER, PAGE)}<main><img src=/sky.jpg>").image == f"{HOME}sky.jpg"
    common = f"<meta property=og:image content={HOME}acme.png>"
    assert of(f"{common}{ld(OWNER, PAGE)}<main><img src=/sky.jpg>").image == f"{HOME}sky.jpg"


@pytest.mark.parametrize("image", [{"@id": f"{URL}#primary"}, f"{URL}#primary", HOME, URL])
def test_the_name_of_a_node_is_no_picture(image: object) -> None:
    """The first image of the article is."""
    node = ld(ARTICLE | {"image": image})
    assert of(f"{node}<main><img src=/sky.jpg>{TEXT}").image == f"{HOME}sky.jpg"
    assert of(node).image is None


@pytest.mark.parametrize("reference", [{"@id": "#p"}, "#p", {"@type": "ImageObject", "@id": "#p"}])
def test_references_lead_to_nodes_at_any_depth(reference: object) -> None:
    """A reference that comes first does not hide its node."""
    image = {"@type": "ImageObject", "@id": "#p", "url": "/sky.jpg", "width": {"value": 900}}
    found = of(ld(ARTICLE | {"image": reference}, {"@type": "Thing", "about": {"image": image}}))
    assert (found.image, found.image_width) == (f"{HOME}sky.jpg", 900)
    page = {"@type": "WebPage", "@id": URL}
    assert of(ld(ARTICLE | {"mainEntityOfPage": page}, PAGE)).description == "Why the sky is blue."


def test_an_owner_in_the_footer_does_not_describe_an_article() -> None:
    """The first paragraph does."""
    article = f"<article><h1>Blue</h1>{TEXT}</article>"
    item = (
        "<footer itemscope itemtype=LocalBusiness><b itemprop=name>Acme</b>"
        "<p itemprop=description>Acme has made everything since the year 1950.</p></footer>"
    )
    for footer in (f"<footer>{ld(OWNER)}</footer>", item):
        found = of(f"<title>Blue</title><body>{article}{footer}")
        assert (found.description or "").startswith("The sky is blue"), footer
        assert found.title == "Blue"


def test_a_place_or_person_is_the_topic_of_a_page_with_its_name() -> None:
    """Directories have such pages, and give no URL."""
    node = {"@type": "Restaurant", "name": "Chez Ann", "description": "Ann cooks fish."}
    assert of(f"<title>Chez Ann</title>{ld(node)}").description == "Ann cooks fish."
    heading = f"<title>Menu</title><body>{ld(node)}<h1>Chez Ann</h1>"
    assert of(heading).description is None
    owner = node | {"@type": "Organization"}
    assert of(f"<title>Chez Ann</title>{ld(owner)}").description is None


def test_an_owner_describes_the_front_page() -> None:
    """It is no article."""
    found = at(HOME, ld(OWNER, SITE))
    assert (found.description, found.type) == (OWNER["description"], "website")


OTHERS = [
    {"@type": "NewsArticle", "headline": f"N {n}", "url": f"{HOME}{n}", "author": "Bob",
     "datePublished": "2020-01-01", "image": "/n.jpg"} for n in range(4)
]  # fmt: skip


def test_of_several_articles_the_own_one_is_the_topic() -> None:
    """Its URL or its title shows it."""
    own = ARTICLE | {"@type": "BlogPosting"}
    assert of(ld(*OTHERS, own)).author == "Ann Lee"
    del own["url"]
    titled = own | {"headline": "Why the sky is blue"}
    page = f"<title>Why the sky is blue | Acme</title>{ld(*OTHERS, titled)}"
    assert of(page).author == "Ann Lee"
    found = of(f"<title>News</title>{ld(*OTHERS)}")
    assert (found.title, found.author, found.published_at) == ("News", None, None)
    assert (found.image, found.type) == (None, "website")


def test_an_only_article_is_the_topic_although_its_url_differs() -> None:
    """Sites move, and plug-ins give each article the URL of the front page."""
    for url in ("https://old.example/x", HOME):
        assert of(ld(OWNER, SITE, ARTICLE | {"url": url})).author == "Ann Lee"


@pytest.mark.parametrize(
    "url", ["https://A.example/dir/page/#top", "http://www.a.example/dir/page", "/dir/page",
            f"{URL}?utm_source=x", "https://a.example/dir/p%61ge"]
)  # fmt: skip
def test_a_url_is_known_in_any_spelling(url: str) -> None:
    """Scheme, www, slash and fragment make no difference."""
    assert of(ld(*OTHERS, ARTICLE | {"url": url})).author == "Ann Lee"


def question(number: int) -> dict[str, Any]:
    """Make a question with its answer."""
    answer = {"@type": "Answer", "author": {"name": "Bob"}, "text": "Air."}
    return {
        "@type": "Question", "name": f"Why {number}?", "acceptedAnswer": answer,
        "author": {"name": "Ann Lee"}, "dateCreated": "2023-05-02",
    }  # fmt: skip


def test_a_page_of_one_question_is_by_its_author() -> None:
    """A page of frequent questions has no single one."""
    found = of(ld({"@type": "QAPage", "mainEntity": question(1)}))
    assert (found.author, found.type, found.title) == ("Ann Lee", "article", "Why 1?")
    for questions in ([question(1)], [question(1), question(2)]):
        found = of("<title>FAQ</title>" + ld({"@type": "FAQPage", "mainEntity": questions}))
        assert (found.author, found.type, found.title) == (None, "website", "FAQ")


REVIEW = {"@type": "Review", "author": {"name": "Bob"}, "datePublished": "2020-01-01"}


@pytest.mark.parametrize(
    ("nodes", "kind", "author"),
    [
        ([{"@type": "Product", "name": "Lamp", "review": [REVIEW]}], "product", None),
        ([REVIEW, {"@type": "Product", "name": "Lamp"}], "product", None),
        ([REVIEW | {"itemReviewed": {"@type": "Movie", "name": "M"}}], "article", "Bob"),
        ([{"@type": "DiscussionForumPosting", "author": "Ann", "comment": [REVIEW]}], "article",
         "Ann"),
        ([{"@type": "LiveBlogPosting", "author": "Ann", "liveBlogUpdate": OTHERS}], "article",
         "Ann"),
        ([{"@type": "Recipe", "name": "Soup", "author": {"name": "Ann"}}, OWNER, SITE], "article",
         "Ann"),
        ([{"@type": "ClaimReview", "author": "Ann", "itemReviewed": {"@type": "CreativeWork",
          "author": "Liar", "datePublished": "2020-01-01"}}], "article", "Ann"),
        ([{"@type": "ProfilePage", "mainEntity": {"@type": "Person", "name": "Ann"}}], "profile",
         None),
        ([{"@type": "Person", "name": "Ann", "url": f"{HOME}ann"}, PAGE], "website", None),
        ([{"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": each}
          for each in OTHERS]}], "website", None),
        ([{"headline": "Blue", "author": "Ann"}], "article", "Ann"),
        ([{"@type": "Product", "name": "A"}, {"@type": "Product", "name": "B"}], "website", None),
    ],
)  # fmt: skip
def test_the_parts_of_a_topic_are_not_the_topic(
    nodes: list[dict[str, Any]], kind: str, author: str | None
) -> None:
    """Reviews, comments, updates and list items have authors and dates of their own."""
    found = of(ld(*nodes))
    assert (found.type, found.author) == (kind, author)
    assert found.published_at in {None, "2023-05-02T00:00:00Z"} or kind == "article"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"Thing"}{"@type":"Article","author":"Ann"}',
        '{"@type":"Thing"},\n{"@type":"Article","author":"Ann"};',
        "{&quot;@type&quot;:&quot;Article&quot;,&quot;author&quot;:&quot;Ann&quot;}",
        '<!-- {"@type":"Article","author":"Ann",} -->',
    ],
)
def test_scripts_with_common_mistakes_are_read(script: str) -> None:
    """Examples are two texts in a row, and escaped quotes."""
    assert of(f"<script type=application/ld+json>{script}</script>").author == "Ann"


def test_a_front_page_declared_for_all_pages_is_not_their_url() -> None:
    """The owner of the site would be the topic of each page."""
    found = of(f"<link rel=canonical href=/><title>Blue</title>{ld(OWNER, SITE)}<main>{TEXT}")
    assert (found.description or "").startswith("The sky is blue")


def test_a_portrait_of_the_author_is_no_picture() -> None:
    """A page may have no picture."""
    person = {"@type": "Person", "name": "Ann Lee", "image": "/ann.jpg"}
    assert of(ld(ARTICLE, person)).image is None


def test_a_copy_of_an_identity_remembers_no_claims() -> None:
    """A node of the copy's page may have the memory of one that is gone."""
    identity = Identity((URL,))
    node = {"url": URL}
    assert identity.claim(node) is Claim.URL
    node["url"] = "https://b.example/"
    assert identity.claim(node) is Claim.URL
    assert replace(identity, is_listing=True).claim(node) is Claim.OTHER
