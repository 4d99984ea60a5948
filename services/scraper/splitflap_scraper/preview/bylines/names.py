"""Tells names of authors from other texts: labels, roles, sections, buttons and addresses."""

import re
from collections.abc import Iterator

from splitflap_core.contracts import MAX_AUTHORS

from splitflap_scraper.page.markup import any_name
from splitflap_scraper.preview.bylines.kinds import (
    ACCOUNTS,
    MAX_NAME,
    ROLE_STARTS,
    ROLES,
    STOPS,
    TITLES,
    Kind,
    is_full,
    is_in_lower_case,
    is_organization,
    kind,
)
from splitflap_scraper.preview.bylines.labels import after_label
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.words.authors import AUTHORS

#: Characters read of a text.
MAX_TEXT = 2000

#: A mail address. The look-behind keeps the search linear.
_ADDRESS = re.compile(r"[<(]?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}[>)]?")
_URL = re.compile(r"[<(\[]?\s?https?://[^\s<>()]{1,300}\s?[>)\]]?", re.IGNORECASE)
_JOINTS = re.compile(
    rf",?\s+{any_name(AUTHORS['joints'])}\s+|\s*[;\u3001\u060c]\s*"
    r"|\s+/\s+|(?<=[^\W\d_])&(?=[^\W\d_])"
)
#: A suffix of a name, and degrees.
_SUFFIX = re.compile(r"\b(?:[JS]r\.?|I{1,3}|IV)\Z")
#: A full stop of a name, as in "Ann L." and "Bob Ray, M.D."
_INITIAL = re.compile(r"(?:\b\w|\.\w+|\b(?:Ph\.?D|Esq|Jr|Sr))\.\Z")
_DEGREE = re.compile(
    r"(?:Ph\.?\s?D|M\.?D|J\.?D|M\.?A|M\.?S|M\.?Sc|B\.?A|B\.?Sc|MBA|MPH|RN|RDN?|LDN|Ed\.?D|D\.?O|DDS|DVM|CPA"
    r"|Esq|CFP|PMP|FRCP|OBE|CBE|Ed|Eds)\.?\Z"
)
_FOOTNOTE = re.compile(
    r"(?<=[^\W\d_])(?:[\u00b9\u00b2\u00b3\u2070-\u2079,*]{1,8}|\d[,*\d]{0,5}|[,*\u2020\u2021\u00a7]{1,6})\Z"
)
_ROLE_ENDING = re.compile(r"\s*(?:기자|記者|记者|특파원|通讯员|さん|氏|선임기자)\Z")
#: An account after a name.
_HANDLE = re.compile(r"(?<=\w)\s+\(?@[\w.]{2,40}\)?")
_BRACKETED = re.compile(r"<[^<>]{0,100}>?|[(\[][^()\[\]]{0,80}[)\]]?")
#: Text after a name: a place, a house, a day, or the label of another role.
_AFTER_NAME = re.compile(
    r",? (?:in|on|for|at|from|of|with|via|is|auf|aus|bei|für|pour|à|para|desde|en|em|per|voor"
    r"|avec|con|mit|met|med|com)"
    r" (?=(?:the |der |die |la |le |el )?[A-Z\u00c0-\u00de\u0391-\u042f])"
    r"|,? [^\W\d_]{3,15}(?: [^\W\d_]{1,12})?: "
    r"|\. (?=[A-Z]\w+ (?:by|and|from) )|[.,]? [\u2013\u2014-] "
)
#: A remark after a name.
_REMARK = re.compile(r"\s+\([^()]{0,60}\)\Z")
_FORMS = frozenset({"ltd", "inc", "llc", "co", "corp", "kg", "ag", "gmbh"})
#: Words of a full name.
_FULL = 2


def names_in(text: str) -> Iterator[str]:
    """Yield the names in a text of a page's metadata."""
    text = text[:MAX_TEXT]
    bare = after_label(text, is_certain=True)
    if bare != text and (found := read_names(bare, is_labelled=True)):
        yield from (name for _, name in found)
        return
    for name in _whole(cleaned(bare)):
        each = _without_role_after(_without_role(name)).rstrip(" ,")
        if (
            any(map(str.isalpha, each))
            and key(each) not in ACCOUNTS
            and not each.startswith(("www.", "/"))
        ):
            yield each


def cleaned(text: str) -> str:
    """Return a text without addresses."""
    bare = _ADDRESS.sub("", text) if "@" in text else text
    bare = _URL.sub("", bare) if "://" in bare else bare
    found = (plain(bare, MAX_AUTHORS) or "").removesuffix("<>").strip()
    if found and found[0] + found[-1] in {"()", "[]"}:
        found = found[1:-1]
    is_long = len(found) > MAX_NAME and "," not in found and not _JOINTS.search(found)
    return "" if is_long or "://" in found else found


def _whole(text: str) -> list[str]:
    """Split a text of metadata between names, and drop the roles and houses of people."""
    names = split(text)
    if len(names) > 1 or "," not in text:
        return [_REMARK.sub("", each) if is_full(_REMARK.sub("", each)) else each for each in names]
    # "Ann Lee, Reporter, Bob Ray, Editor"
    parts = [each.strip() for each in text.split(",")]
    kinds = [_kind_beside(each) for each in parts]
    has_others = kinds[0] == Kind.PERSON and len({*kinds}) > 1 and Kind.NONE not in kinds
    people = [each for each, of in zip(parts, kinds, strict=True) if of == Kind.PERSON]
    return people if has_others and Kind.LONE not in kinds else names


def _kind_beside(text: str) -> Kind:
    """Return what a text beside a name is. The form of a company belongs to its name."""
    is_form = " " not in text and text.lower().strip(".") in _FORMS
    if is_form:
        return Kind.NONE
    return Kind.ORGANIZATION if is_organization(text) else kind(text)


def split(text: str) -> list[str]:
    """Split a text between full names. An organization's name may contain "and"."""
    if not text:
        return []
    parts = _JOINTS.split(text)
    if len(parts) == 1:
        return [text]
    is_whole = is_organization(parts[0]) or is_organization(parts[-1]) or len(parts[-1]) == 1
    if is_whole or not all(is_full(each.strip(" ,")) for each in parts):
        return [text]
    return [each.strip(" ,") for each in parts]


def _without_role(text: str) -> str:
    """Remove the role after a name, as in "Ann Lee, Staff Writer"."""
    name, comma, rest = text.partition(",")
    words = rest.lower().split()
    has_role = bool(words) and not ROLES.isdisjoint((words[0], words[-1], *words[1:2]))
    return name if comma and has_role else text


def read_names(
    text: str,
    *,
    is_labelled: bool,
    is_marked: bool = True,
    is_sure: bool = False,
    is_strict: bool = False,
) -> list[tuple[Kind, str]]:
    """Return the names at the start of a text, without the roles and houses after them.

    In a strict reading, no other text may follow. A sure text is a name by its element.
    """
    text = cleaned(_HANDLE.sub("", text.strip(" ,;:-/\u2013\u2014")[:MAX_TEXT]))
    text = _before_slash(_ROLE_ENDING.sub("", _BRACKETED.sub("", text).strip()))
    found: list[tuple[Kind, str]] = []
    parts = split(_before_house(text))
    for part in parts:
        for piece in _pieces(part, is_lone=len(parts) == 1):
            of, each = _read(piece, is_labelled=is_labelled)
            if of == Kind.NONE and is_marked and (is_labelled or is_sure):
                of = Kind.PERSON if is_in_lower_case(each) else of
            if (not found and of <= Kind.ROLE) or (is_strict and of == Kind.NONE):
                return []
            # A role, a place or a house may follow.
            if not found or of == Kind.PERSON or (of == found[0][0] and of > Kind.ROLE):
                found.append((of, each))
    return found


def _read(text: str, *, is_labelled: bool) -> tuple[Kind, str]:
    """Return the name in a text between commas, and what it is."""
    text = _FOOTNOTE.sub("", text) if " " in text else text
    text = _ROLE_ENDING.sub("", _without_title(text))
    text = text if _SUFFIX.search(text) or _INITIAL.search(text) else text.rstrip(".")
    text = _without_role_after(_without_section(text) if is_labelled else text)
    return kind(text, is_labelled=is_labelled), text


def _before_house(text: str) -> str:
    """Cut a text after the names of people: "Ann Lee for the Times". "Bank of England" is whole."""
    for after in _AFTER_NAME.finditer(text):
        name = text[: after.start()]
        is_of_place = after[0].strip(" ,") == "of" and " " not in name
        if not (is_organization(name) or is_of_place) or ":" in after[0]:
            return name
    return text


def _pieces(text: str, *, is_lone: bool) -> list[str]:
    """Split a text at its commas. A suffix stays at its name, and a degree at a lone one."""
    pieces: list[str] = []
    degrees: list[str] = []
    for each in map(str.strip, text.split(",")):
        if pieces and _SUFFIX.match(each):
            pieces[-1] += f", {each}"
        elif pieces and _DEGREE.match(each):
            degrees.append(each)
        elif each:
            pieces.append(each)
    is_lone = is_lone and len(pieces) == 1 and len(degrees) == 1
    return [", ".join([*pieces, *degrees])] if is_lone else pieces


def _without_title(text: str) -> str:
    """Remove a role before a full name: "Staff Writer Ann Lee"."""
    words = text.split()
    while len(words) > _FULL and words[0].lower() in TITLES:
        words = words[1:]
    is_own = len(words) == len(text.split()) or words[-1].lower() in ROLES
    return text if is_own else " ".join(words)


def _before_slash(text: str) -> str:
    """Cut a text before the house after a slash: "Ann Lee/AP"."""
    parts = re.split(r"[/\uff0f]", text)
    if len(parts) == 1 or not is_full(parts[0].strip()):
        return text
    people = [each.strip() for each in parts if kind(each.strip()) == Kind.PERSON and " " in each]
    return ", ".join(people) or parts[0]


def _without_role_after(text: str) -> str:
    """Remove a role of two words after a full name: "Ann Lee Staff Writer"."""
    words = text.split()
    lower = [each.lower() for each in words[-2:]]
    is_role = len(words) >= 2 * _FULL and lower[0] in ROLE_STARTS and lower[1] in ROLES
    return " ".join(words[:-2]) if is_role else text


def _without_section(text: str) -> str:
    """Remove the words of a section or a button after a full name."""
    words = text.split()
    while len(words) > _FULL and words[-1].lower() in STOPS:
        words = words[:-1]
    return " ".join(words)
