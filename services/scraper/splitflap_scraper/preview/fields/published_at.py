"""The time of a page's publication."""

from collections.abc import Iterator

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.dates import rfc3339
from splitflap_scraper.preview.sources import Sources

TIMES = (
    "article:published_time",
    "article:published",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
)
OTHER_TIMES = ("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date",
               "publish_date", "publication_date", "date.published", "article.published",
               "citation_publication_date", "citation_online_date", "citation_date",
               "prism.publicationdate", "dcterms.issued", "dc.date.issued", "dcterms.created",
               "dc.date.created", "dcterms.date", "dc.date", "video:release_date",
               "music:release_date", "book:release_date", "og:release_date", "date", "uploaddate",
               "originalpublicationdate", "cxenseparse:recs:publishtime")  # fmt: skip

#: Properties of microdata.
MARKED = ("datePublished", "uploadDate", "dateCreated")


def published(sources: Sources) -> str | None:
    """Return the first valid time as RFC 3339 in UTC, or None."""
    page = sources.page
    texts = [
        *page.meta(*TIMES),
        *sources.json_ld("datePublished", "uploadDate", "datePosted"),
        *(text for name in MARKED for text in sources.microdata.texts(name)),
        *page.meta(*OTHER_TIMES),
        *sources.json_ld("dateCreated"),
        *(() if sources.is_list else _article_times(page)),
    ]
    return next((found for text in texts if (found := rfc3339(text))), None)


def _article_times(page: Document) -> Iterator[str]:
    """Yield the times of the article: those marked as its own, then its first."""
    usable = [each for each in page.times if not each.region & PageRegion.ASIDE]
    telling = ("publish", "entry-date", "dt-published", "posted", "pubdate", "created")
    for each in usable:
        about = f"{each.get('class')} {each.get('itemprop')}".lower()
        if "pubdate" in each.attributes or any(word in about for word in telling):
            yield each.get("datetime") or each.text
    if len(usable) == 1:
        yield usable[0].get("datetime")
    for each in usable:
        if each.region & PageRegion.ARTICLE and "updated" not in each.get("class"):
            yield each.get("datetime") or each.text
            return
