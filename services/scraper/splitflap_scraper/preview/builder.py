"""From a URL to a preview: which pages are read, and what is made of them."""

import re
import time
from collections.abc import Sequence

from splitflap_core.settings import Network

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Answer, Unchanged, Visit, check_status
from splitflap_scraper.fetch.http.validators import validators_of
from splitflap_scraper.fetch.reader import Head
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.cache import Made
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.readers import (
    AnyReader,
    FileReader,
    JsonReader,
    PageReader,
    UnknownReader,
    reader_for,
)
from splitflap_scraper.preview.structured.oembed import Providers, answer_of, discovered, merged
from splitflap_scraper.preview.walls import wall

#: Longest delay (seconds) of a meta refresh that leads elsewhere; longer ones keep a page new.
MAX_REFRESH = 10

OK = 200

_REFRESH = re.compile(
    r"""\s*(\d{1,5})(?:\.\d*)?\s*[;,]?\s*(?:url\s*=\s*)?["']?\s*([^"']+)""", re.IGNORECASE
)


class Understanding:
    """Makes metadata of what a visit brings."""

    def __init__(self, allowed: Sequence[Network], providers: Providers) -> None:
        """`allowed` are the networks that images may be in, beside the public ones."""
        self._allowed = allowed
        self._providers = providers

    def preview(self, visit: Visit, url: str, last: Made | None = None) -> Made:
        """What is known of a URL; the last preview of it is renewed if its page has not changed.

        Raises:
            FetchError: why nothing is known.
        """
        answer: Answer[AnyReader] | Unchanged
        answer = visit.get_if_changed(url, _reader, last.validators if last else None)
        if isinstance(answer, Unchanged):
            assert last is not None, "only who has one asks for a change"  # noqa: S101 - for mypy
            return last._replace(keep=last.keep if answer.keep is None else answer.keep)
        page = _page(answer)
        while page is not None and (target := refresh(page)):
            answer = visit.get(target, _reader, redirect=True)
            page = _page(answer)
        # They go to the page that the preview is of, also where another page has led there.
        is_whole = not answer.partial and answer.head.status == OK
        validators = validators_of(answer.head.url, answer.head.headers) if is_whole else None
        if page is None:
            return Made(_file(answer), answer.keep, validators)
        return Made(self._of_page(visit, url, page, answer.head), answer.keep, validators)

    def _of_page(self, visit: Visit, url: str, page: Document, head: Head) -> Metadata:
        kind = wall(page, url, head.status, head.headers)
        # The worst pages take 15 ms in each of the steps; others run between them.
        time.sleep(0)
        if kind is None:
            check_status(head.status, head.headers)
            found = extract(page, self._allowed)
            return self._with_oembed(visit, url, page, found)
        # Whoever may not see the page may still be told of it.
        found = self._with_oembed(visit, url, None, Metadata())
        if found.title is None:
            raise FetchError("wall", kind)
        return found

    def _with_oembed(
        self, visit: Visit, url: str, page: Document | None, found: Metadata
    ) -> Metadata:
        """Metadata, with what oEmbed adds where the page says too little."""
        if found.title and found.image:
            return found
        # A site's word for its own page is asked for by the page's own address.
        request = (discovered(page) if page else None) or self._providers.endpoint(url)
        if request is None:
            return found
        try:
            answer = visit.get(request, _json_reader)
        except FetchError:
            # What the page itself has said is there all the same.
            return found
        said = answer_of(answer.reader.data)
        return merged(found, said, self._allowed) if said else found


def refresh(page: Document) -> str | None:
    """Where a page leads to by itself, if it is there for that only."""
    if page.meta("og:title"):
        return None
    title = " ".join(page.titles).strip()
    # Without scripts, pages that need them lead to a word about that.
    is_bare = not title or "://" in title
    said = page.refresh or (page.refresh_without_scripts if is_bare else None)
    match = _REFRESH.match(said or "")
    if not match or int(match[1]) > MAX_REFRESH:
        return None
    target = page.resolved(match[2])
    return target if target and target != page.resolved(page.url) else None


def _reader(head: Head) -> AnyReader | None:
    return reader_for(head)


def _json_reader(head: Head) -> JsonReader | None:
    return JsonReader(head) if head.status == OK and "json" in head.content_type else None


def _page(answer: Answer[AnyReader]) -> Document | None:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or PageReader(answer.head)
    if not isinstance(reader, PageReader):
        return None
    page = reader.document()
    time.sleep(0)
    return page


def _file(answer: Answer[AnyReader]) -> Metadata:
    reader = answer.reader
    if isinstance(reader, UnknownReader):
        reader = reader.reader or reader
    assert isinstance(reader, FileReader), "what is no page is a file"  # noqa: S101 - for mypy
    return reader.metadata()
