"""Recognizes walls by the URL of a redirect."""

from urllib.parse import urlsplit

from splitflap_scraper.preview.walls.words import URLS, any_of

#: The end of a segment of a path, or of a word in it.
_END = r"(?:[/._?-]|$)"
_LOG_IN = any_of(URLS["log_in"], r"(?:^|[/._-])", _END)
_LOG_IN_HOST = any_of(URLS["log_in_host"], "^", r"\.")
_CONSENT_HOST = any_of(URLS["consent_host"], "^", r"\.")
_CONSENT = any_of(URLS["consent"], "/", _END)
_CAPTCHA = any_of(URLS["captcha"], "/", _END)


def by_redirect(url: str, requested: str) -> str | None:
    """Recognize a wall by the URL of a redirect."""
    if url == requested:
        return None
    before, now = urlsplit(requested), urlsplit(url)
    if (before.hostname, before.path) == (now.hostname, now.path):
        return None
    if _is_log_in(url) and not _is_log_in(requested):
        return "log-in"
    if _is_consent(url) and not _is_consent(requested):
        return "consent"
    return "challenge" if _CAPTCHA.search(now.path) and not _CAPTCHA.search(before.path) else None


def _is_log_in(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_LOG_IN.search(parts.path) or _LOG_IN_HOST.search(parts.hostname or ""))


def _is_consent(url: str) -> bool:
    parts = urlsplit(url)
    # As one text, so that a host without path matches too.
    text = f"{parts.hostname or ''}{parts.path}"
    return bool(_CONSENT_HOST.search(text) or _CONSENT.search(text))


def requests_log_in(requested: str, found: str) -> bool:
    """Whether the first URL is a log-in page itself."""
    return _is_log_in(requested) and urlsplit(requested).hostname == urlsplit(found).hostname
