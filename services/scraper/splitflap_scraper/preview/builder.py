"""Builds the preview of a URL: chooses the pages to read, and extracts their metadata."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace
from splitflap_core.contracts import FIELDS_ABOUT, URL_FIELDS, PreviewFields
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Visit
from splitflap_scraper.fetch.http.reader import OK, Head
from splitflap_scraper.fetch.http.validators import validators_of
from splitflap_scraper.fetch.request import FetchResult, NotModified, check_status
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.cache import CachedPreview
from splitflap_scraper.preview.details.card import asked_card, image_alt
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS, Players
from splitflap_scraper.preview.details.sensitive import labelled
from splitflap_scraper.preview.extract import extract_all
from splitflap_scraper.preview.favicon import Favicons, icon_url_of
from splitflap_scraper.preview.fields.image import Picture
from splitflap_scraper.preview.oembed.providers import Providers
from splitflap_scraper.preview.oembed.requests import OembedRequests
from splitflap_scraper.preview.probe import verified
from splitflap_scraper.preview.readers import (
    AnyReader,
    FileReader,
    PageReader,
    UnknownReader,
    reader_for,
)
from splitflap_scraper.preview.refresh import refresh
from splitflap_scraper.preview.urls import shown
from splitflap_scraper.preview.walls.wall import wall


class PreviewBuilder:
    """Makes previews from the responses of a visit."""

    def __init__(
        self,
        rules: AddressRules,
        providers: Providers,
        players: Players = DEFAULT_PLAYERS,
        favicons: Favicons | None = None,
        *,
        probe_images: bool = False,
    ) -> None:
        """`rules` decide which URLs a preview may show, `players` where players may stand.

        Without `favicons` no icon is requested. With `probe_images`, a picture of a page counts
        only if it was fetched.
        """
        self._probe_images = probe_images
        self._rules = rules
        self._oembed = OembedRequests(providers, players, rules)
        self._players = players
        self._favicons = favicons

    def preview(self, visit: Visit, url: str, last: CachedPreview | None = None) -> CachedPreview:
        """Make the preview of a URL, or renew the last one if its page has not changed.

        Raises:
            FetchError: the URL gives no preview, or its provider of oEmbed is busy.
        """
        try:
            return self._own(visit, url, last)
        except FetchError as error:
            described = self._oembed.of_refused(visit, url, error)
            if described is None:
                raise
            found, keep = described
            found = verified(visit, found) if self._probe_images else found
            return CachedPreview(fitting(found), keep)

    def _own(self, visit: Visit, url: str, last: CachedPreview | None) -> CachedPreview:
        """Make the preview of a URL from its own page."""
        answer: FetchResult[AnyReader] | NotModified
        answer = visit.get_if_changed(url, _reader, last.validators if last else None)
        if isinstance(answer, NotModified):
            assert last is not None, "only a request with validators gives it"  # noqa: S101 - mypy
            return last._replace(keep=last.keep if answer.keep is None else answer.keep)
        page = _page(answer)
        while page is not None and (target := refresh(page, answer.head, visit.is_new)):
            answer = visit.get(target, _reader, redirect=True)
            page = _page(answer)
        # The validators belong to the page of the preview, even after a refresh from another page.
        is_whole = not answer.partial and answer.head.status == OK
        validators = validators_of(answer.head.url, answer.head.headers) if is_whole else None
        if page is None:
            fields = self._of_file(answer)
        else:
            fields = self._of_page(visit, url, page, answer.head)
            fields = self._with_icon(visit, answer.head.url, fields)
        if labelled(answer.head.headers):
            fields = replace(fields, sensitive=True)
        return CachedPreview(fitting(fields), answer.keep, validators)

    def _of_file(self, answer: FetchResult[AnyReader]) -> PreviewFields:
        fields = _file(answer)
        urls = {name: shown(getattr(fields, name), self._rules) for name in URL_FIELDS}
        return replace(fields, **urls)

    def _of_page(self, visit: Visit, url: str, page: Document, head: Head) -> PreviewFields:
        with page.pace:
            kind = page.pace.after(wall(page, url, head.status, head.headers))
        if kind is not None:
            raise FetchError("wall", kind)
        check_status(head.status, head.headers)
        found, others = extract_all(page, self._rules, self._players)
        found = self._oembed.completed(visit, url, page, head, found)
        return self._probed(visit, page, found, others) if self._probe_images else found

    def _probed(
        self, visit: Visit, page: Document, found: PreviewFields, others: Iterator[Picture]
    ) -> PreviewFields:
        """Fetch the picture of a page. If it fails, the page's next picture has one try."""
        asked = asked_card(page)
        checked = verified(visit, found, asked)
        if found.image is None or checked.image is not None:
            return checked
        with page.pace:
            second = next((each for each in others if each.url != found.image), Picture(""))
        found = replace(found, image=second.url or None, image_alt=image_alt(second))
        return verified(visit, found, asked)

    def _with_icon(self, visit: Visit, page_url: str, found: PreviewFields) -> PreviewFields:
        """Add the icon of the site if the page names none, and a preview may show it."""
        if found.icon is not None or self._favicons is None:
            return found
        if shown(icon_url_of(page_url), self._rules) is None:
            return found
        icon = shown(self._favicons.icon(visit, page_url), self._rules)
        return replace(found, icon=icon)


def fitting(fields: PreviewFields) -> PreviewFields:
    """The fields without values beyond their bounds, such as a width of 4,294,967,295 pixels.

    A field about a missing one is missing too.
    """
    kept = msgspec.structs.asdict(fields)
    if not _fit(kept):
        kept = {name: value for name, value in kept.items() if _fit({name: value})}
    for name, about in FIELDS_ABOUT.items():
        if kept.get(name) is None:
            kept |= dict.fromkeys(about)
    return PreviewFields(**kept)


def _fit(values: dict[str, Any]) -> bool:
    try:
        msgspec.convert(values, PreviewFields)
    except msgspec.ValidationError:
        return False
    return True


def _reader(head: Head) -> AnyReader | None:
    return reader_for(head)


def _page(answer: FetchResult[AnyReader]) -> Document | None:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or PageReader(answer.head)
    if not isinstance(reader, PageReader):
        return None
    return reader.document()


def _file(answer: FetchResult[AnyReader]) -> PreviewFields:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or reader
    assert isinstance(reader, FileReader), "other readers read pages"  # noqa: S101 - for mypy
    return reader.fields()
