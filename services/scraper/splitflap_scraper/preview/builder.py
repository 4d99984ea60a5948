"""Builds the preview of a URL: chooses the pages to read, and extracts their metadata."""

import time

import msgspec
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Visit
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.fetch.http.validators import validators_of
from splitflap_scraper.fetch.request import FetchResult, NotModified, check_status
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.cache import CachedPreview
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.fields.image import shown
from splitflap_scraper.preview.readers import (
    AnyReader,
    FileReader,
    JsonReader,
    PageReader,
    UnknownReader,
    reader_for,
)
from splitflap_scraper.preview.refresh import refresh
from splitflap_scraper.preview.structured.oembed import Providers, answer_of, discovered, merged
from splitflap_scraper.preview.walls import wall

OK = 200


class PreviewBuilder:
    """Makes previews from the responses of a visit."""

    def __init__(self, rules: AddressRules, providers: Providers) -> None:
        """`rules` are those for the addresses of images."""
        self._rules = rules
        self._providers = providers

    def preview(self, visit: Visit, url: str, last: CachedPreview | None = None) -> CachedPreview:
        """Make the preview of a URL, or renew the last one if its page has not changed.

        Raises:
            FetchError: the URL gives no preview.
        """
        answer: FetchResult[AnyReader] | NotModified
        answer = visit.get_if_changed(url, _reader, last.validators if last else None)
        if isinstance(answer, NotModified):
            assert last is not None, "only a request with validators gives it"  # noqa: S101 - mypy
            return last._replace(keep=last.keep if answer.keep is None else answer.keep)
        page = _page(answer)
        while page is not None and (target := refresh(page)):
            answer = visit.get(target, _reader, redirect=True)
            page = _page(answer)
        # The validators belong to the page of the preview, even after a refresh from another page.
        is_whole = not answer.partial and answer.head.status == OK
        validators = validators_of(answer.head.url, answer.head.headers) if is_whole else None
        if page is None:
            fields = self._of_file(answer)
        else:
            fields = self._of_page(visit, url, page, answer.head)
        return CachedPreview(fitting(fields), answer.keep, validators)

    def _of_file(self, answer: FetchResult[AnyReader]) -> PreviewFields:
        fields = _file(answer)
        return msgspec.structs.replace(fields, image=shown(fields.image, self._rules))

    def _of_page(self, visit: Visit, url: str, page: Document, head: Head) -> PreviewFields:
        kind = wall(page, url, head.status, head.headers)
        # The worst pages take 15 ms in each step, so other green threads run in between.
        time.sleep(0)
        if kind is None:
            check_status(head.status, head.headers)
            found = extract(page, self._rules)
            return self._with_oembed(visit, url, page, found)
        # A site may describe a page to oEmbed that it hides behind a wall.
        found = self._with_oembed(visit, url, None, PreviewFields())
        if found.title is None:
            raise FetchError("wall", kind)
        return found

    def _with_oembed(
        self, visit: Visit, url: str, page: Document | None, found: PreviewFields
    ) -> PreviewFields:
        """Add the answer of oEmbed if the title or the image is missing."""
        if found.title and found.image:
            return found
        # The page's own link to oEmbed beats the list of providers.
        request = (discovered(page) if page else None) or self._providers.endpoint(url)
        if request is None:
            return found
        try:
            answer = visit.get(request, _json_reader)
        except FetchError:
            # The page's own metadata still count.
            return found
        description = answer_of(answer.reader.data)
        return merged(found, description, self._rules) if description else found


def fitting(fields: PreviewFields) -> PreviewFields:
    """The fields without values beyond their bounds, such as a width of 4,294,967,295 pixels."""
    values = msgspec.structs.asdict(fields)
    return PreviewFields(**{name: value for name, value in values.items() if _fits(name, value)})


def _fits(name: str, value: str | int | None) -> bool:
    try:
        msgspec.convert({name: value}, PreviewFields)
    except msgspec.ValidationError:
        return False
    return True


def _reader(head: Head) -> AnyReader | None:
    return reader_for(head)


def _json_reader(head: Head) -> JsonReader | None:
    return JsonReader(head) if head.status == OK and "json" in head.content_type else None


def _page(answer: FetchResult[AnyReader]) -> Document | None:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or PageReader(answer.head)
    if not isinstance(reader, PageReader):
        return None
    page = reader.document()
    time.sleep(0)
    return page


def _file(answer: FetchResult[AnyReader]) -> PreviewFields:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or reader
    assert isinstance(reader, FileReader), "other readers read pages"  # noqa: S101 - for mypy
    return reader.fields()
