"""The price and the stock of a product."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from splitflap_core.contracts import Availability

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.details.prices import currency_in, decimal_in
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import Node, preview_type, text_in
from splitflap_scraper.preview.texts import key

#: Types of previews with a price.
_SOLD = frozenset({"product", "book"})

#: Offers and variants that are read, and values of each of their properties.
MAX_OFFERS = 20
MAX_VALUES = 3

#: Words for the stock: of schema.org ("ItemAvailability"), and of Open Graph, as keys.
_STOCK: dict[str, Availability] = {
    **dict.fromkeys(("instock", "instoreonly", "onlineonly", "limitedavailability", "lowstock",
                     "available"), "in_stock"),
    **dict.fromkeys(("outofstock", "soldout", "oos", "unavailable"), "out_of_stock"),
    **dict.fromkeys(("preorder", "presale"), "preorder"),
    **dict.fromkeys(("backorder", "madetoorder", "availablefororder"), "backorder"),
    "discontinued": "discontinued",
}  # fmt: skip

#: Kinds of prices (schema.org, "PriceTypeEnumeration") that a customer does not pay.
_NOT_PAID = frozenset({"listprice", "msrp", "srp", "strikethroughprice", "invoiceprice"})


@dataclass(frozen=True)
class Offer:
    """A price with its currency, and the stock. Each may be unknown."""

    price: str | None = None
    currency: str | None = None
    availability: Availability | None = None


def offer(sources: Sources, page_type: str) -> Offer:
    """Return the lowest price of a product, and its stock."""
    if page_type not in _SOLD:
        return Offer()
    page, node = sources.page, _product(sources)
    found = [
        _lowest(sources.graph, node),
        _of_metas(page),
        _lowest(Graph(()), sources.microdata.main),
    ]
    priced = next((each for each in found if each.price), Offer())
    stock = next((each.availability for each in found if each.availability), None)
    return Offer(priced.price, priced.currency, stock)


def _product(sources: Sources) -> Node | None:
    """Return the product in JSON-LD: the page's topic, or the only one."""
    if preview_type(sources.node) in _SOLD:
        return sources.node
    products = list(sources.graph.of_type({"Product", "ProductGroup", "Book"}))
    return products[0] if len(products) == 1 else None


def _of_metas(page: Document) -> Offer:
    stock = next(iter(page.meta("product:availability", "og:availability")), "")
    for name in ("product:price", "og:price"):
        for amount, currency in zip(
            page.meta(f"{name}:amount"), page.meta(f"{name}:currency"), strict=False
        ):
            if (code := currency_in(currency)) and (price := decimal_in(amount, code)):
                return Offer(str(price), code, _stock(stock))
    return Offer(availability=_stock(stock))


def _lowest(graph: Graph, product: Node | None) -> Offer:
    """Return the lowest price in the currency of the first one, and the best stock."""
    offers = list(islice(_offers(graph, product), MAX_OFFERS))
    stocks = [stock for each in offers for stock in _stocks(graph, each)]
    priced = [pair for each in offers if (pair := _price(graph, each))]
    stock = "in_stock" if "in_stock" in stocks else next(iter(stocks), None)
    if not priced:
        return Offer(availability=stock)
    currency = priced[0][1]
    return Offer(str(min(price for price, code in priced if code == currency)), currency, stock)


def _offers(graph: Graph, product: Node | None) -> Iterator[Node]:
    """Iterate over the offers of a product, else of its variants."""
    own = [each for each in graph.values(product, "offers") if isinstance(each, dict)]
    variants = [] if own else [*graph.values(product, "hasVariant")]
    for variant in variants[:MAX_OFFERS]:
        if isinstance(variant, dict):
            own += [each for each in graph.values(variant, "offers") if isinstance(each, dict)]
    for each in own:
        yield each
        inner = graph.values(each, "offers") if _price(graph, each) is None else ()
        yield from (one for one in inner if isinstance(one, dict))


def _price(graph: Graph, offer_: Node) -> tuple[Decimal, str] | None:
    specified = [
        each
        for each in islice(graph.values(offer_, "priceSpecification"), MAX_VALUES)
        if isinstance(each, dict) and _is_paid(graph, each)
    ]
    # An offer may name its currency outside of the price's specification.
    outer = _first(graph, offer_, "priceCurrency")
    for node in (offer_, *specified):
        currency = currency_in(_first(graph, node, "priceCurrency") or outer)
        for name in ("lowPrice", "price"):
            for value in islice(graph.values(node, name), MAX_VALUES) if currency else ():
                if price := decimal_in(value, currency or ""):
                    return price, currency or ""
    return None


def _is_paid(graph: Graph, specification: Node) -> bool:
    kind = _first(graph, specification, "priceType") or ""
    return key(kind[-100:].rpartition("/")[2]) not in _NOT_PAID


def _stocks(graph: Graph, offer_: Node) -> Iterator[Availability]:
    for each in islice(graph.values(offer_, "availability"), MAX_VALUES):
        text = each.get("@id") if isinstance(each, dict) else text_in(each)
        if isinstance(text, str) and (found := _stock(text)):
            yield found


def _stock(text: str) -> Availability | None:
    return _STOCK.get(key(text[:100].rstrip("/").rpartition("/")[2].rpartition(":")[2]))


def _first(graph: Graph, node: Node, name: str) -> str | None:
    return next(iter(graph.texts(node, name)), None)
