"""The owner of a site in its pages: a company, a shop, a person."""

import pytest

from tests.unit.scraper.preview.documents import at

URL = "https://a.example/olive"
TEXT = "The mill ground oats until the river froze, and then it ground ice."
OWN = f"<h1>Olive</h1><p>{TEXT}</p>"
COMPANY = "Acme makes boxes of wood and paper in Ohio, for everyone who has to move."

#: Types of owners, of schema.org.
TYPES = ["Organization", "LocalBusiness", "Store", "Restaurant", "NewsMediaOrganization", "Dentist",
         "HairSalon", "ProfessionalService", "Person", "WebSite"]  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("element", ["section", "div"])
@pytest.mark.parametrize(
    "inner",
    [
        f"<p itemprop=description>{COMPANY}</p>",
        f'<meta itemprop=description content="{COMPANY}">',
        f"<div itemprop=description>{COMPANY}</div>",
        f"<div>{COMPANY}</div><img itemprop=image src=/shop.jpg width=900 height=600>",
    ],
)
def test_an_owner_in_the_text_does_not_describe_the_page(
    kind: str, element: str, inner: str
) -> None:
    """It stands before or after the text, outside of any footer."""
    owner = f"<{element} itemscope itemtype='https://schema.org/{kind}'>{inner}</{element}>"
    for body in (owner + OWN, OWN + owner, f"<main>{OWN}</main>{owner}"):
        found = at(URL, f"<title>Olive</title>{body}")
        assert (found.title, found.description, found.image) == ("Olive", TEXT, None)


@pytest.mark.parametrize("kind", ["Person", "LocalBusiness", "Dentist"])
@pytest.mark.parametrize("name", ["<h1 itemprop=name>Acme</h1>", "<h1>Acme</h1>"])
def test_the_page_of_an_owner_has_its_description(kind: str, name: str) -> None:
    """The heading of the page is in the item."""
    item = f"itemscope itemtype='https://schema.org/{kind}'"
    text = f"{name}<p>{COMPANY}</p>"
    for body in (f"<div {item}>{text}</div>", f"<body {item}>{text}"):
        assert at(URL, f"<title>Acme</title>{body}").description == COMPANY


@pytest.mark.parametrize(
    "kind", ["School", "EducationalOrganization", "GovernmentOrganization", "NewsMediaOrganization",
             "LocalBusiness", "Dentist"]
)  # fmt: skip
def test_the_image_of_an_organization_is_no_picture_of_its_pages(kind: str) -> None:
    """A campus or a shop stands for the organization. Its logo stays a last resort."""
    node = f'{{"@type":"{kind}","image":"https://a.example/campus.jpg","name":"Acme"}}'
    script = f'<script type="application/ld+json">{node}</script>'
    assert at(URL, f"{script}{OWN}").image is None
