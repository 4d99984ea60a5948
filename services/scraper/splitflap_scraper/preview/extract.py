"""Extracts the metadata of a page: from Open Graph, Twitter cards, JSON-LD, and its text."""

from collections.abc import Iterator

from msgspec.structs import replace
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.bylines.visible import Visible
from splitflap_scraper.preview.details.card import card, image_alt
from splitflap_scraper.preview.details.offers import offer
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS, Player, Players, player
from splitflap_scraper.preview.details.sensitive import sensitive
from splitflap_scraper.preview.fields.author import authors
from splitflap_scraper.preview.fields.canonical import canonical
from splitflap_scraper.preview.fields.description import description
from splitflap_scraper.preview.fields.image import Picture, icon, pictures
from splitflap_scraper.preview.fields.language import language
from splitflap_scraper.preview.fields.page_type import declared_type, page_type
from splitflap_scraper.preview.fields.published_at import published
from splitflap_scraper.preview.fields.title import title_and_site
from splitflap_scraper.preview.sources import Sources


def extract(
    page: Document, rules: AddressRules = PUBLIC_ONLY, players: Players = DEFAULT_PLAYERS
) -> PreviewFields:
    """Return the metadata of a page.

    `rules` decide which URLs a preview may show, and `players` where players may stand.
    """
    return extract_all(page, rules, players)[0]


def extract_all(
    page: Document, rules: AddressRules, players: Players
) -> tuple[PreviewFields, Iterator[Picture]]:
    """Return the metadata of a page, and its other pictures. They are read when they are taken."""
    # The worst pages take several ms for each of these.
    after = page.pace.after
    with page.pace:
        own = after(canonical(page, rules))
        sources = after(Sources.of(page, [page.url, own or page.url]))
        images = pictures(sources, rules)
        image = after(next(images, Picture("")))
        found = _fields(sources, image, rules, players)
        return replace(found, canonical=own), images


def _fields(
    sources: Sources, image: Picture, rules: AddressRules, players: Players
) -> PreviewFields:
    after = sources.page.pace.after
    title, site = after(title_and_site(sources))
    declared = after(declared_type(sources))
    kind = after(page_type(sources, declared))
    sold = after(offer(sources, kind))
    frame = after(player(sources, players, rules)) or Player("")
    visible = Visible(sources, title, declared)
    spoken = language(sources)
    return PreviewFields(
        title=title,
        description=after(description(sources, title)),
        site_name=site,
        author=after(authors(sources, visible, site)),
        published_at=after(published(sources, visible, spoken)),
        language=spoken,
        type=kind,
        icon=icon(sources.page, rules),
        image=image.url or None,
        image_width=image.width,
        image_height=image.height,
        image_alt=image_alt(image),
        card=card(sources, image),
        player=frame.url or None,
        player_width=frame.width,
        player_height=frame.height,
        sensitive=after(sensitive(sources)),
        price=sold.price,
        currency=sold.currency,
        availability=sold.availability,
    )
