"""Reads the RDFa (Lite) of schema.org as microdata. Both mark elements with the same words."""

#: Characters read of an attribute.
MAX_WORDS = 300

_SCHEMA = ("schema:", "http://schema.org/", "https://schema.org/")


def as_microdata(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes of microdata that say the same as those of RDFa. Microdata wins."""
    if "itemprop" in attributes or "itemtype" in attributes:
        return {}
    found = {}
    if types := _words(attributes.get("typeof", "")):
        found["itemtype"] = types
    # A property beside a subject and its type belongs to that subject.
    is_of_subject = "about" in attributes and "typeof" in attributes
    if (names := _words(attributes.get("property", ""))) and not is_of_subject:
        found["itemprop"] = names
    return found


def _words(value: str) -> str:
    """Return the words of schema.org, stripped of their vocabulary. Others have a prefix."""
    words = [_bare(each) for each in value[:MAX_WORDS].split()]
    return " ".join(each for each in words if ":" not in each)


def _bare(word: str) -> str:
    for prefix in _SCHEMA:
        word = word.removeprefix(prefix)
    return word
