"""The times in the attributes of an element."""

import re

from splitflap_scraper.page.markup import unescaped

#: Characters read of an attribute.
MAX_VALUE = 300

_TIMED = re.compile(r"(?i)datetime|timestamp|\s(?:ts=|data-|title\s*=|content\s*=)|\d{4}-\d\d-\d\d")
_STAMP = re.compile(r"(?:data-)?(?:date-?time|.*(?:date|time|publish|unix|utc).*)\Z")
#: Attributes with the time of an element, in HTML and in web components.
_TIMES = frozenset({"datetime", "ts", "timestamp", "created-timestamp"})
#: Attributes with a text about an element.
_TITLES = ("title", "aria-label", "data-title", "data-tooltip", "data-original-title",
           "data-bs-original-title", "data-tippy-content", "data-tip")  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|[\u0660-\u0fff]{4}")
_DIGIT = re.compile(r"\d")
_NO_STAMP = re.compile(r"modif|updat|edit|event|expir|end|start|url|format|zone")
_ISO_TIME = re.compile(r"\s*\d{4}-\d\d-\d\dT\d\d:\d\d")
_ISO_IN_CLASS = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?:T[\d:.+Z-]{4,20})?(?!\d)")


def may_have_stamp(attributes: str) -> bool:
    """Whether the attributes of a tag may have a time."""
    return _TIMED.search(attributes) is not None


def stamp_of(name: str, found: dict[str, str], about: str) -> str:
    """Return the time in the attributes of an element, or an empty string."""
    for each, value in found.items():
        is_time = each in _TIMES or (each.startswith("data-") and _STAMP.match(each))
        if is_time and not _NO_STAMP.search(each) and _DIGIT.search(value, 0, MAX_VALUE):
            return unescaped(value[:MAX_VALUE])
    if "content" in found and ("property" in found or "itemprop" in found):
        return unescaped(found["content"][:MAX_VALUE])
    if (name == "abbr" or "date" in about.lower() or "time" in about.lower()) and "title" in found:
        return unescaped(found["title"][:MAX_VALUE])
    if "title" in found and _ISO_TIME.match(found["title"]):
        return found["title"][:MAX_VALUE]
    match = _ISO_IN_CLASS.search(about)
    return match[0] if match else ""


def title_with_year(found: dict[str, str]) -> str:
    """Return the text about an element that has a year, or an empty string."""
    for each in _TITLES:
        if each in found and _YEAR.search(found[each], 0, MAX_VALUE):
            return unescaped(found[each][:MAX_VALUE])
    return ""
