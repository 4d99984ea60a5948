"""Recognizes walls: pages that stand in front of the requested page.

Each sign comes from a widespread product, or from the words of its pages. Other pages may contain
one sign, so a page with metadata or a text of its own is no wall.
"""

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page.document import Document
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.texts import clean, key
from splitflap_scraper.preview.walls.redirects import by_redirect, requests_log_in
from splitflap_scraper.preview.walls.words import (
    BARE_TITLES,
    MAX_TITLE,
    PHRASES,
    SIGNS,
    TITLES,
    is_title,
    matches,
    words_about,
)

#: Letters and digits beside the form of a captcha page, at most.
MAX_CAPTCHA_TEXT = 100

#: Characters of text in a nearly empty page, at most.
LITTLE_TEXT = 1500

#: Least characters of a paragraph of an article, and of a long one.
MIN_PARAGRAPH, LONG_PARAGRAPH = 40, 80

#: Least characters of a text in a page with the title of a wall, and in one without a heading.
MIN_TITLED, MIN_TEXT = 120, 160

#: Words of walls in a long paragraph of an article, at most.
MAX_WORDS = 1

#: Letters and digits in a page that has hardly more than its title, at most.
MAX_BARE_TEXT = 200

#: The first status of an error. Its page is never that of an article.
FIRST_ERROR = 400

#: Paragraphs from which on a page has a text of its own.
MANY_PARAGRAPHS = 9

#: Statuses of a page for users that are logged in.
LOG_IN_STATUSES = frozenset({401, 403})

_BESIDE = PageRegion.ASIDE | PageRegion.NOTE


def wall(page: Document, requested: str, status: int, headers: Headers) -> str | None:
    """Return the kind of wall, or None for the page itself. `requested` is the first URL."""
    if headers.get("cf-mitigated", "").lower() == "challenge" or headers.get("x-amzn-waf-action"):
        return "challenge"
    found = by_redirect(page.url, requested)
    if found is None:
        found = _by_content(page, status)
        if found and found != "paywall" and status < FIRST_ERROR and _has_own_text(page):
            return None
    if found == "log-in" and requests_log_in(requested, page.url):
        return None
    return found


def _by_content(page: Document, status: int) -> str | None:
    """Recognize a wall by its signs, its title, or its words."""
    sure = {SIGNS[each].kind for each in page.wall_signs if SIGNS[each].is_sure}
    is_described = _describes_itself(page)
    if sure and not is_described:
        return min(sure)
    if kind := _by_title(page, is_described=is_described):
        return kind
    if is_described:
        return None
    if kind := _by_bare_title(page, status):
        return kind
    found = _by_little_text(page, status, PageRegion.NONE)
    # A notice beside the page's heading is none in its place.
    return _by_little_text(page, status, _BESIDE) if found and _has_own_heading(page) else found


def _by_bare_title(page: Document, status: int) -> str | None:
    """Recognize a page that has hardly more than the title of a wall or of an error.

    Other pages have such titles too. An error has its own status, unless its server hides it.
    """
    title = clean(page.titles[0], MAX_TITLE) if page.titles else None
    is_described = page.meta("description", "og:description", "og:image") or page.images
    if not title or is_described:
        return None
    kinds = [kind for kind in BARE_TITLES if kind != "error" or status < FIRST_ERROR]
    found = next((kind for kind in kinds if matches(BARE_TITLES, kind, title)), None)
    return found if found and _is_bare(page) else None


def _is_bare(page: Document) -> bool:
    texts = (page.pace.after(each.text) for each in (*page.headings, *page.texts))
    return sum(len(key(each)) for each in texts) <= MAX_BARE_TEXT


def _by_little_text(page: Document, status: int, beside: int) -> str | None:
    """Recognize a nearly empty page by its text, without the parts in some regions."""
    text = _little_text(page, beside)
    return None if text is None else _by_text(page, text, status)


def _little_text(page: Document, beside: int) -> str | None:
    """Return the text of a nearly empty page, or None for a page with more."""
    texts: list[str] = []
    size = -1
    for each in (*page.headings, *page.paragraphs):
        if each.region & beside:
            continue
        texts.append(page.pace.after(each.text))
        size += 1 + len(texts[-1])
        if size > LITTLE_TEXT:
            return None
    return " ".join(texts)


def _by_text(page: Document, text: str, status: int) -> str | None:
    """Recognize a nearly empty page by its phrases, or by the form of a captcha."""
    words = " ".join(text.split())
    may_be_log_in = _has(page, "log-in") or status in LOG_IN_STATUSES
    for kind, phrases in PHRASES.items():
        if phrases.search(words) and (kind != "log-in" or may_be_log_in):
            return kind
    is_bare = len(key(text)) < MAX_CAPTCHA_TEXT and not page.meta("description")
    return "challenge" if _has(page, "challenge") and is_bare else None


def _by_title(page: Document, *, is_described: bool) -> str | None:
    texts = [*page.titles[:1], *page.meta("og:title")[:1]]
    texts += [each.text for each in page.headings[:1]] if not page.titles else []
    may_be_log_in = _has(page, "log-in") or not page.paragraphs
    telling = {"paywall": True, "log-in": may_be_log_in}
    kinds = [kind for kind in TITLES if telling.get(kind, not is_described)]
    titles = dict.fromkeys(clean(each, MAX_TITLE) or "" for each in texts)
    found = (kind for each in titles for kind in kinds if matches(TITLES, kind, each))
    return next(found, None)


def _has_own_text(page: Document) -> bool:
    """Whether a page has an article's text.

    It needs more if its title is that of a wall, or if it has no heading of its own.
    """
    has_heading = _has_own_heading(page)
    is_titled = any(is_title(each, kind) for each in page.titles[:1] for kind in TITLES)
    least = MIN_TITLED if is_titled else MIN_PARAGRAPH
    most_words, least = (MAX_WORDS, least) if has_heading else (0, MIN_TEXT)
    texts = (each.text for each in page.texts if not each.region & _BESIDE)
    return sum(len(each) for each in texts if page.pace.after(_is_own(each, most_words))) >= least


def _has_own_heading(page: Document) -> bool:
    """Whether a reader sees a heading that is no title of a wall."""
    return any(
        each.text.strip()
        and not each.region & _BESIDE
        and words_about(each.text) <= MAX_WORDS
        and not any(is_title(each.text, kind) for kind in TITLES)
        for each in page.headings
    )


def _is_own(text: str, most_words: int) -> bool:
    """Whether a paragraph belongs to an article, and not to a wall or a notice."""
    words = " ".join(text.split())
    if len(words) < MIN_PARAGRAPH or "cookie" in words.lower():
        return False
    most_words = most_words if len(words) >= LONG_PARAGRAPH else 0
    return words_about(words) <= most_words and not any(
        each.search(words) for each in PHRASES.values()
    )


def _has(page: Document, kind: str) -> bool:
    return any(SIGNS[each].kind == kind for each in page.wall_signs)


def _describes_itself(page: Document) -> bool:
    """Whether a page has metadata of an article, or a long text."""
    return bool(
        (page.meta("article:published_time", "og:image") and page.meta("og:title"))
        or page.scripts
        or len(page.paragraphs) >= MANY_PARAGRAPHS
    )
