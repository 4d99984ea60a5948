"""Prices and stock of products."""

import json
from typing import Any

import pytest
from splitflap_scraper.preview.details.prices import currency_in, decimal_in

from tests.unit.scraper.preview.documents import of


def offer_of(page: str) -> tuple[str | None, str | None, str | None]:
    """Return price, currency and availability of a page."""
    found = of(page)
    return found.price, found.currency, found.availability


def product(**properties: Any) -> str:
    """Make a product in JSON-LD."""
    node = {"@context": "https://schema.org", "@type": "Product", "name": "Shoe", **properties}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


EUROS = {"priceCurrency": "EUR"}


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        (
            {"price": 19.9, **EUROS, "availability": "https://schema.org/InStock"},
            ("19.9", "EUR", "in_stock"),
        ),
        (
            {"price": "19.90", **EUROS, "availability": "OutOfStock"},
            ("19.90", "EUR", "out_of_stock"),
        ),
        (
            {"@type": "AggregateOffer", "lowPrice": "10", "highPrice": "30", **EUROS},
            ("10", "EUR", None),
        ),
        (
            [
                {"price": "30", **EUROS, "availability": "http://schema.org/SoldOut"},
                {"price": "25", **EUROS, "availability": "http://schema.org/InStock/"},
                {"price": "1", "priceCurrency": "USD"},
            ],
            ("25", "EUR", "in_stock"),
        ),
        ({"@type": "AggregateOffer", "offers": [{"price": "5", **EUROS}]}, ("5", "EUR", None)),
        (
            {
                "priceSpecification": [
                    {"price": "40", **EUROS, "priceType": "https://schema.org/ListPrice"},
                    {"price": "35", **EUROS},
                ]
            },
            ("35", "EUR", None),
        ),
        ({"priceSpecification": {"price": "35"}, **EUROS}, ("35", "EUR", None)),
        ({"price": "19.90"}, (None, None, None)),
        ({"price": "19.90", "priceCurrency": "€"}, (None, None, None)),
        ({"price": "on request", **EUROS, "availability": "PreOrder"}, (None, None, "preorder")),
        ({"price": 0, **EUROS, "availability": "Discontinued"}, (None, None, "discontinued")),
        ("https://a.example/offers", (None, None, None)),
        (
            {"availability": ["nobody knows", {"@id": "https://schema.org/BackOrder"}]},
            (None, None, "backorder"),
        ),
    ],
)
def test_a_product_has_the_lowest_price_and_the_best_stock_of_its_offers(
    offers: Any, expected: tuple[str | None, str | None, str | None]
) -> None:
    """A price without a known currency is none."""
    assert offer_of(product(offers=offers)) == expected


def test_the_variants_of_a_group_have_its_offers() -> None:
    """Shops describe sizes and colours as variants."""
    sizes = [{"@type": "Product", "offers": {"price": price, **EUROS}} for price in ("8", "7")]
    assert offer_of(product(**{"@type": "ProductGroup"}, hasVariant=sizes)) == ("7", "EUR", None)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            (
                '<meta property="product:price:amount" content="1,299.00">'
                '<meta property="product:price:currency" content="usd">'
                '<meta property="product:availability" content="in stock">'
            ),
            ("1299.00", "USD", "in_stock"),
        ),
        (
            (
                '<meta property="og:type" content="product">'
                '<meta property="og:price:amount" content="25,00">'
                '<meta property="og:price:currency" content="EUR">'
                '<meta property="og:availability" content="oos">'
            ),
            ("25.00", "EUR", "out_of_stock"),
        ),
        ('<meta property="product:price:amount" content="9.90">', (None, None, None)),
        (
            (
                '<meta property="og:type" content="article">'
                '<meta property="og:price:amount" content="25">'
                '<meta property="og:price:currency" content="EUR">'
            ),
            (None, None, None),
        ),
    ],
)
def test_metas_give_the_price_of_a_product(
    head: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    """A page of another type has no price."""
    assert offer_of(head) == expected


def test_microdata_gives_the_price_of_a_product() -> None:
    """The offer of another product beside it does not count."""
    page = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Shoe</h1>
        <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
        <meta itemprop="priceCurrency" content="GBP"><span itemprop="price">£49.00</span>
        <link itemprop="availability" href="https://schema.org/InStock"></div></div>
        <div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Sock</b>
        <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
        <meta itemprop="priceCurrency" content="GBP"><span itemprop="price">4</span></div></div>"""
    assert offer_of(page) == ("49.00", "GBP", "in_stock")


def test_an_article_with_products_in_its_text_has_no_price() -> None:
    """Its topic is the article."""
    article = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x"}</script>'
    )
    assert offer_of(article + product(offers={"price": "5", **EUROS})) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("19.99", "19.99"),
        ("19,99", "19.99"),
        ("€ 19,99", "19.99"),
        ("19.99 USD", "19.99"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1 299,50", "1299.50"),
        ("1\u202f299,50", "1299.50"),
        ("1'299.00", "1299.00"),
        ("1,299", "1299"),
        ("1.299.000", "1299000"),
        ("1299.000", "1299.00"),
        ("19,-", "19"),
        ("0.125", "0.125"),
        (1299.0, "1299"),
        (1.299, "1.299"),
        (19.9, "19.9"),
        ("1.299", None),
        ("1.299.00", None),
        ("0", None),
        ("-3", None),
        ("10-20", None),
        ("10 - 20", None),
        ("free", None),
        ("", None),
        (1e20, None),
        (float("nan"), None),
        (True, None),
        (None, None),
        (["5"], None),
        ("9" * 40, None),
        ("1 " * 4000, None),
    ],
)
def test_a_price_is_read_with_the_separators_of_any_country(text: Any, price: str | None) -> None:
    """A doubtful number, a range and a zero are none."""
    found = decimal_in(text, "EUR")
    assert (str(found) if found is not None else None) == price


def test_some_currencies_have_thousandths() -> None:
    """There, three digits after a separator are no group."""
    assert str(decimal_in("1.299", "KWD")) == "1.299"


@pytest.mark.parametrize(
    ("text", "code"), [("EUR", "EUR"), (" usd ", "USD"), ("€", None), ("XXX", None), (None, None)]
)
def test_a_currency_is_a_code_of_iso_4217(text: str | None, code: str | None) -> None:
    """A symbol may stand for several currencies."""
    assert currency_in(text) == code
