"""Finds the dates in a line, and the signs beside them that say what they are."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import IntEnum

from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line, Run
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.dates.moments import moment_in
from splitflap_scraper.preview.dates.style import DateStyle
from splitflap_scraper.preview.dates.texts import MAX_LENGTH, FoundDate, dates_in
from splitflap_scraper.preview.words import load

#: Longest line with a date that no label or class announces, and longest label, in characters.
MAX_PLAIN = 90
MAX_LABEL = 40

#: Longest text without a separator beside a date.
_FEW_WORDS = 8

_WORDS = load("dates", dict[str, list[str]])


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Match words at their starts. Chinese, Japanese, Korean and Thai have no spaces."""
    spaced = [re.escape(each) for each in words if each[0] < "\u0e00"]
    others = [re.escape(each) for each in words if each[0] >= "\u0e00"]
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(spaced)})|{'|'.join(others)}")


_PUBLISHED, _UPDATED, _OTHERS = (
    _pattern(_WORDS[name]) for name in ("published", "updated", "others")
)
_DATED = re.compile(
    r"(?i)date(?!pick|base)|datum|fecha|(?<![a-z])time(?!line|r)|timestamp|publi|(?<![a-z])pub_|posted"
    r"|(?:^|[\s_-])(?:data|dato|zeit|tarih|pvm|dt)(?=$|[\s_-])|submitted|created|byline|dateline|(?:^|[\s_-])meta|meta(?=$|[\s_-])"
)
_UNDATED = re.compile(
    r"(?i)modif|updat|edited|events?(?![a-z])|expir|deadline|comment|footer|birth|countdown"
    r"|read(?:ing)?[-_]?time|duration|archive|tribe|today|current|oggi|hoje|heute|vandaag|(?<![a-z])hoy(?![a-z])|server|weather|venue|start[-_]?(?:date|time)|joined|last[-_]?mod"
)
#: hAtom marks the only date of a post as `updated`.
_HATOM = re.compile(r"(?:^|\s)(?:dt-)?updated(?=\s|$)")
_OF_PAGE = re.compile(r"(?i)publi|entry-date|entry-time|dt-published|pubdate|created|issued|posted")
#: Texts that may stand beside a date.
_BESIDE = re.compile(
    r"(?:^|(?<=[\s(,|\u00b7\u2022]))(?:by|von|par|por|di|door|av|af|on|in|at|am|le|il|el|em|den|op|the"
    r"|date|datum|data|fecha|vom|\u0434\u0430\u0442\u0430"
    r"|\d+\s?(?:min|minutes?|mins?)\.?(?:\s?(?:read|lesezeit|de lecture|de lectura))?)"
    r"(?=$|[\s:,.|\u00b7)\u2022])"
)
#: Words between a date and a name, and words of a town.
_BY = ("by ", "von ", "par ", "por ", "di ", "door ", "av ", "de ")
MAX_TOWN = 3
#: Characters that may begin a year. The search is fast, and most texts have none.
_OF_YEAR = re.compile(r"[0-9\u0080-\U0010ffff]")
_YEAR = re.compile(r"\d{4}|[\d\u5143]\s?[\u5e74\ub144]|\d{1,2}([./])\d{1,2}\1\d\d(?!\d)")
#: News agencies begin their texts with a city and a date.
_WIRE = re.compile(
    r"\s*(?:/[a-z ]{0,20}newswire|\((?:globe newswire|business wire|reuters|ap|afp)\)|--)"
)
_SEPARATOR = re.compile(
    rf"[|/\u00ab\u00bb\u203a\u2192\u00b7\u2022\u2219\u22c5,;:()\[\]\u2013\u2014{BOUNDARY}-]"
)
_LETTERS = re.compile(r"[^\W\d_]+")


class Rank(IntEnum):
    """The sign of a date: a word, a class of publication, another class or a time, or none."""

    LABELLED = 0
    PUBLISHED = 1
    MARKED = 2
    PLAIN = 3
    #: The class is for changes, as that of the only date in many pages.
    UPDATED = 4


def dates_of(line: Line, label: str, style: DateStyle) -> Iterator[tuple[Rank, datetime]]:
    """Iterate over the dates of a line, with their ranks."""
    plain: list[Run] = []
    last = ""
    for run in line.runs:
        moment = moment_in(run.stamp, style) if run.stamp else None
        if moment is None:
            plain.append(run)
        elif run.stamp != last:
            before = BOUNDARY.join([label, *(each.text for each in plain)])
            rank = _rank(fold(before[-MAX_LENGTH:]), run, is_stamp=True)
            if rank is not None:
                yield rank, moment
            plain, last, label = [], run.stamp, ""
    if not last:
        yield from _of_runs(plain, label, style)


def _of_runs(runs: list[Run], label: str, style: DateStyle) -> Iterator[tuple[Rank, datetime]]:
    """Iterate over the dates of a text. Each element with a year may have a date of its own."""
    dated = [
        index
        for index, each in enumerate(runs)
        if _OF_YEAR.search(each.text) and _YEAR.search(each.text)
    ]
    if not dated:
        return
    start = 0
    for each in dated[:-1]:
        yield from _of_text(runs[start : each + 1], runs[each], label, style)
        start, label = each + 1, ""
    yield from _of_text(runs[start:], runs[dated[-1]], label, style)


def _of_text(
    runs: list[Run], run: Run, label: str, style: DateStyle
) -> Iterator[tuple[Rank, datetime]]:
    whole = BOUNDARY.join(each.text for each in runs if each.text)
    text, dates = dates_in(whole, style)
    end = 0
    for index, each in enumerate(dates):
        stop = dates[index + 1].start if index + 1 < len(dates) else len(text)
        before, after = text[end : each.start], text[each.end : stop]
        end = each.end
        rank = _rank(f"{label} {before}" if index == 0 else before, run, is_stamp=False)
        if _WIRE.match(after):
            rank = Rank.LABELLED
        if rank is None or _is_changed(before, after):
            continue
        is_dated = rank < Rank.PLAIN
        if rank == Rank.LABELLED or _is_alone(text, each, dates, len(whole), is_dated=is_dated):
            yield rank, each.moment


def _is_changed(before: str, after: str) -> bool:
    """Whether the words after a date say that it is that of a change."""
    updated = _UPDATED.match(rest := after.lstrip(" (:'\u2019" + BOUNDARY))
    # The label of the next time may follow.
    is_label = updated and (":" in rest or any(each.isdigit() for each in rest[updated.end() :]))
    return updated is not None and not is_label and not _PUBLISHED.search(before)


def _rank(label: str, run: Run, *, is_stamp: bool) -> Rank | None:
    """Return the rank of a date by the text before it and its classes, or None for other dates."""
    label = label[-MAX_LENGTH:]
    if _UNDATED.search(run.own) and not _OF_PAGE.search(run.own):
        return Rank.UPDATED if is_stamp and _HATOM.search(run.own) else None
    published = [*_PUBLISHED.finditer(label)]
    if published:
        is_changed = _UPDATED.search(label, published[-1].end())
        return None if is_changed else Rank.LABELLED
    if _UPDATED.search(label) or _OTHERS.search(label):
        return None
    if _UNDATED.search(run.about) and not _OF_PAGE.search(run.about):
        return None
    if _OF_PAGE.search(run.about):
        return Rank.PUBLISHED
    return Rank.MARKED if is_stamp or _DATED.search(run.about) else Rank.PLAIN


def _is_alone(
    text: str, found: FoundDate, dates: list[FoundDate], length: int, *, is_dated: bool
) -> bool:
    """Whether the text beside a date is a byline instead of a sentence."""
    if length > (MAX_LENGTH if is_dated else MAX_PLAIN) or (found.is_short and not is_dated):
        return False
    before = text[: dates[0].start].rstrip()
    rest = text[dates[-1].end :].lstrip(" ")
    after = rest.strip()
    if len(_LETTERS.findall(before)) + len(_LETTERS.findall(after)) > _FEW_WORDS * (
        2 if is_dated else 1
    ):
        return False
    if is_dated:
        return True
    left, right = _BESIDE.sub("", before).strip(), _BESIDE.sub("", after).strip()
    is_parted = (
        not _LETTERS.search(left)
        or _SEPARATOR.match(left[-1]) is not None
        or BOUNDARY in text[len(before) : found.start]
    )
    # A town and a full stop may stand before the date.
    is_town = left[-1:] == "." and len(left.split()) <= MAX_TOWN
    is_parted = is_parted or is_town or before.startswith(_BY)
    is_end = not right or rest.startswith(BOUNDARY) or _SEPARATOR.match(right[0]) is not None
    return is_parted and (is_end or found.is_timed or after.startswith(_BY))
