"""Extracts the metadata of a page: from Open Graph, Twitter cards, JSON-LD, and its text."""

from typing import Any

from msgspec.structs import replace
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.bylines.visible import Visible
from splitflap_scraper.preview.details.card import card, image_alt
from splitflap_scraper.preview.details.offers import offer
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS, Player, Players, player
from splitflap_scraper.preview.details.sensitive import sensitive
from splitflap_scraper.preview.fields.author import authors
from splitflap_scraper.preview.fields.canonical import canonical
from splitflap_scraper.preview.fields.description import description
from splitflap_scraper.preview.fields.image import Picture, icon, picture
from splitflap_scraper.preview.fields.language import language
from splitflap_scraper.preview.fields.page_type import page_type
from splitflap_scraper.preview.fields.published_at import published
from splitflap_scraper.preview.fields.title import title_and_site
from splitflap_scraper.preview.sources import Sources


def extract(
    page: Document, rules: AddressRules = PUBLIC_ONLY, players: Players = DEFAULT_PLAYERS
) -> PreviewFields:
    """Return the metadata of a page.

    `rules` decide which URLs a preview may show, and `players` where players may stand.
    """
    with page.pace as pace:
        return _extract(page, rules, players, pace)


def _extract(page: Document, rules: AddressRules, players: Players, pace: Pace) -> PreviewFields:
    # The worst pages take several ms for each of these.
    after = pace.after
    found_canonical = after(canonical(page, rules))
    sources = after(Sources.of(page, [page.url, found_canonical or page.url]))
    title, site = after(title_and_site(sources))
    image = after(picture(sources, rules)) or Picture("")
    kind = after(page_type(sources))
    sold = after(offer(sources, kind))
    frame = after(player(sources, players, rules)) or Player("")
    visible = Visible(sources, title)
    spoken = language(sources)
    return PreviewFields(
        **after(_of_picture(sources, image, rules)),
        title=title,
        description=after(description(sources, title)),
        site_name=site,
        author=after(authors(sources, visible, site)),
        published_at=after(published(sources, visible, spoken)),
        language=spoken,
        type=kind,
        icon=icon(page, rules),
        canonical=found_canonical,
        player=frame.url or None,
        player_width=frame.width,
        player_height=frame.height,
        sensitive=after(sensitive(sources)),
        price=sold.price,
        currency=sold.currency,
        availability=sold.availability,
    )


def with_next_picture(page: Document, found: PreviewFields, rules: AddressRules) -> PreviewFields:
    """Return a preview with another picture of the page, or without one."""
    with page.pace as pace:
        sources = pace.after(Sources.of(page, [page.url, found.canonical or page.url]))
        image = picture(sources, rules, other_than=found.image) or Picture("")
        return replace(found, **_of_picture(sources, image, rules))


def _of_picture(sources: Sources, image: Picture, rules: AddressRules) -> dict[str, Any]:
    return {
        "image": image.url or None,
        "image_width": image.width if image.url else None,
        "image_height": image.height if image.url else None,
        "image_alt": image_alt(sources, image, rules),
        "card": card(sources, image),
    }
