"""Finds the dates in a line, and the signs beside them that say what they are."""

import re
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum

from splitflap_scraper.preview.bylines.beside import (
    is_alone,
    is_dateline,
    is_unknown_label,
    pattern_of,
    without_counts,
)
from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line, Run
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.dates.moments import moment_in
from splitflap_scraper.preview.dates.style import DateStyle
from splitflap_scraper.preview.dates.texts import MAX_LENGTH, dates_in
from splitflap_scraper.preview.words.dates import DATES

#: Longest label, in characters.
MAX_LABEL = 40


_PUBLISHED, _UPDATED, _OTHERS = (
    re.compile(pattern_of(DATES[name])) for name in ("published", "updated", "others")
)
_VERSION = re.compile(rf"[\s{BOUNDARY}]*(?:{'|'.join(DATES['versions'])})[\s:{BOUNDARY}]*\Z")
_DATED = re.compile(
    r"(?i)date(?!pick|base)|datum|fecha|(?<![a-z])time(?!line|r)|timestamp|publi|(?<![a-z])pub_|posted"
    r"|(?:^|[\s_-])(?:data|dato|zeit|tarih|pvm|dt)(?=$|[\s_-])|submitted|created|byline|dateline|(?:^|[\s_-])meta|meta(?=$|[\s_-])"
)
_UNDATED = re.compile(
    r"(?i)modif|updat|edited|events?(?![a-z])|expir|deadline|comment|(?<!meta[-_])(?<!entry[-_])(?<!post[-_])(?<!story[-_])footer|birth|countdown"
    r"|read(?:ing)?[-_]?time|duration|archive|tribe|venue|(?:(?<![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:today|current|oggi|hoje|heute|vandaag|hoy|server|weather)(?![a-z])|start[-_]?(?:date|time)|joined|last[-_]?mod"
)
#: hAtom marks the only date of a post as `updated`.
_HATOM = re.compile(r"(?:^|\s)(?:dt-)?updated(?=\s|$)")
_OF_PAGE = re.compile(r"(?i)publi|entry-date|entry-time|dt-published|pubdate|created|issued|posted")
#: Characters that may begin a year. The search is fast, and most texts have none.
_OF_YEAR = re.compile(r"[0-9\u0080-\U0010ffff]")
_YEAR = re.compile(
    r"\d{4}|[\d\u5143]\s?[\u5e74\ub144]|\d{1,2}([./])\d{1,2}\1\d\d(?!\d)"
    r"|1\d\d([./-])\d{1,2}\2\d|[\u0e01-\u0e3a]\.?\s?[4-7]\d(?!\d)"
)

_LETTERS = re.compile(r"[^\W\d_]+")
#: Words of a title that is a time.
_MOST_WORDS = 3


class Rank(IntEnum):
    """The sign of a date: a word, a class of publication, another class or a time, or none."""

    LABELLED = 0
    PUBLISHED = 1
    MARKED = 2
    PLAIN = 3
    #: The class or the label is for changes, as that of the only date in many pages.
    UPDATED = 4


def dates_of(line: Line, label: str, style: DateStyle) -> Iterator[tuple[Rank, datetime]]:
    """Iterate over the dates of a line, with their ranks."""
    plain: list[Run] = []
    last = ""
    has_year = _YEAR.search(line.text) is not None
    for run in line.runs:
        if run.is_code:
            continue
        said, moment = "", moment_in(run.stamp, style) if run.stamp else None
        if moment is None and run.title and not has_year:
            said, moment = _of_title(run.title, style)
        if moment is None:
            plain.append(run)
        elif (stamp := run.stamp or run.title) != last:
            before = BOUNDARY.join([label, *(each.text for each in plain), said])
            rank = _rank(fold(before[-MAX_LENGTH:]), run, is_stamp=True)
            if rank is not None:
                yield rank, moment
            plain, last, label = [], stamp, ""
    if not last:
        yield from _of_runs(plain, label, style)


def _of_title(title: str, style: DateStyle) -> tuple[str, datetime | None]:
    """Return the moment of a title that is a time, and the words before it."""
    text, dates = dates_in(title, style)
    if not dates:
        return "", None
    before, after = text[: dates[0].start], text[dates[0].end :]
    is_short = len(dates) == 1 and len(_LETTERS.findall(before + after)) <= _MOST_WORDS
    return before, dates[0].moment if is_short or _PUBLISHED.search(before) else None


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
        if index == 0 and is_dateline(text, each, whole):
            rank = Rank.PUBLISHED
            yield rank, each.moment
            return
        if rank is None or _is_changed(before, after):
            continue
        if rank == Rank.PLAIN and index == 0 and is_unknown_label(label):
            continue
        is_dated = rank < Rank.PLAIN
        if rank == Rank.LABELLED or is_alone(text, each, dates, whole, is_dated=is_dated):
            yield rank, each.moment


def _is_changed(before: str, after: str) -> bool:
    """Whether the words after a date say that it is that of a change."""
    updated = _UPDATED.match(rest := after.lstrip(" (:'\u2019" + BOUNDARY))
    # The label of the next time may follow.
    is_label = updated and (":" in rest or any(each.isdigit() for each in rest[updated.end() :]))
    return updated is not None and not is_label and not _PUBLISHED.search(before)


def _rank(label: str, run: Run, *, is_stamp: bool) -> Rank | None:
    """Return the rank of a date by the text before it and its classes, or None for other dates."""
    label = without_counts(label[-MAX_LENGTH:])
    if _UNDATED.search(run.own) and not _OF_PAGE.search(run.own):
        return Rank.UPDATED if is_stamp and _HATOM.search(run.own) else None
    published = [*_PUBLISHED.finditer(label)]
    if published:
        is_changed = _UPDATED.search(label, published[-1].end())
        return None if is_changed else Rank.LABELLED
    if _UPDATED.search(label) or _OTHERS.search(label):
        return Rank.UPDATED if _VERSION.match(label) else None
    if _UNDATED.search(run.about) and not _OF_PAGE.search(run.about):
        return None
    if _OF_PAGE.search(run.about):
        return Rank.PUBLISHED
    return Rank.MARKED if is_stamp or _DATED.search(run.about) else Rank.PLAIN
