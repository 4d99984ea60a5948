"""Finds the date that a reader sees: in the lines around the heading, and in marked elements."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from splitflap_scraper.preview.bylines.lines import BOUNDARY, Line, Run
from splitflap_scraper.preview.bylines.visible import Visible, is_article
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.dates.moments import moment_in
from splitflap_scraper.preview.dates.style import DateStyle
from splitflap_scraper.preview.dates.texts import MAX_LENGTH, FoundDate, dates_in
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.words import load

#: Earliest date of a visible text: the web is not older.
FIRST = datetime(1990, 1, 1, tzinfo=UTC)

#: Characters between a heading and its date, and the shortest paragraph of the page's text.
MAX_REACH = 1500
MIN_PARAGRAPH = 220

#: Longest line with a date that no label or class announces, and longest label, in characters.
MAX_PLAIN = 90
MAX_LABEL = 40

#: Text between a date and the teasers below: of an article, and of one with a second heading.
OWN_TEXT = 80
LONG_TEXT = 200

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
#: Microformats call the only date so, too.
_HATOM = re.compile(r"(?:^|\s)(?:dt-)?updated(?=\s|$)")
#: Parts of a site above its pages. Newspapers print the day there.
_OF_SITE = re.compile(
    r"(?i)(?:^|[\s_-])(?:masthead|top-?bar|top-?line|site-?header|header-?top|top-?header|main-?header"
    r"|page-?top|top-?section|weather)(?=$|[\s_-])"
)
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


#: Lines between a date and the heading below it, by the date's rank.
_BEFORE = (6, 6, 6, 3, 0)

#: Characters of paragraphs between a heading and the date below it, by the date's rank.
_MOST_TEXT = (MAX_REACH, 500, 400, 300, 0)


class Rank(IntEnum):
    """The sign of a date: a word, a class of publication, another class or a time, or none."""

    LABELLED = 0
    PUBLISHED = 1
    MARKED = 2
    PLAIN = 3
    #: The class is for changes, as that of the only date in many pages.
    UPDATED = 4


class Dated(NamedTuple):
    """A possible date of publication. A lower rank is surer."""

    rank: int
    moment: datetime
    headings: int
    at: int


def dateline(visible: Visible, style: DateStyle) -> datetime | None:
    """Return the date that a reader sees as that of the page, or None."""
    found = visible.lead
    if found and (moment := _near(*found, style, has_heading=visible.has_heading)):
        return moment
    least = (
        Rank.MARKED if not visible.has_heading or is_article(visible.sources) else Rank.PUBLISHED
    )
    return _marked(visible, style, least)


def texts_with_dates(sources: Sources) -> str:
    """Return the texts that may show the order of day and month."""
    page = sources.page
    parts = [after.markup[:3000] for _, after in page.leads[:2]]
    parts += [each.markup[:300] for each in page.excerpts]
    return " ".join(parts)[:12_000]


def _near(
    before: list[Line], after: list[Line], style: DateStyle, *, has_heading: bool
) -> datetime | None:
    """Return the date around a heading, unless it belongs to a teaser below."""
    found = [
        each
        for each in _reached(after, style)
        if has_heading or not (_is_today(each) or _OF_SITE.search(after[each.at].about))
    ]
    own = _own_headings(after)
    found = [each for each in found if not _is_below_link(each, after, own)]
    found = _without_lists(found, after, own)
    chosen = min(found, key=lambda each: (each.headings > own, each.rank), default=None)
    if chosen is not None:
        return None if _is_of_teaser(chosen, found, after, own) else chosen.moment
    return _above(before, style)


def _above(before: list[Line], style: DateStyle) -> datetime | None:
    """Return the date in the lines above a heading."""
    usable = [
        each
        for each in _all(before, style)
        if before
        and each.headings == before[-1].headings
        and not _is_today(each)
        and len(before) - each.at <= _BEFORE[each.rank]
        and not any(line.is_heading for line in before[each.at + 1 :])
        and not _OF_SITE.search(before[each.at].about)
    ]
    nearest = min(reversed(usable), key=lambda each: each.rank > Rank.LABELLED, default=None)
    return nearest.moment if nearest else None


def _is_today(dated: Dated) -> bool:
    """Whether a date may be the current day. Newspapers print it above their headings."""
    is_near = abs(datetime.now(UTC) - dated.moment) < timedelta(days=2)
    return is_near and dated.rank > Rank.LABELLED


def _is_below_link(dated: Dated, after: list[Line], own: int) -> bool:
    """Whether a date is below a linked heading, which is that of a teaser."""
    if dated.headings <= own:
        return False
    above = (line for line in reversed(after[: dated.at]) if line.is_heading)
    heading = next(above, None)
    return heading is not None and heading.is_linked


def _own_headings(after: list[Line]) -> int:
    """Count the lines of the page's heading and its standfirst. A linked one is a teaser's."""
    count = 0
    for line in after[:3]:
        if not line.is_heading or (count and line.is_linked):
            break
        count += 1
    return max(count, 1)


def _without_lists(found: list[Dated], after: list[Line], own: int) -> list[Dated]:
    """Remove dates without any sign if there are several, unless the text follows the first."""
    plain = [each for each in found if each.rank == Rank.PLAIN]
    first = next(iter(plain), None)
    # The second date of a line may be that of a change.
    others = [
        each
        for each in plain
        if first
        and each.moment.date() != first.moment.date()
        and (each.at != first.at or each.moment < first.moment)
    ]
    if first is None or not others:
        return found
    text = sum(line.weight for line in after[first.at + 1 : others[0].at])
    is_below = others[0].headings > own
    is_own = 0 < first.headings <= own and text >= (OWN_TEXT if is_below else LONG_TEXT)
    return [each for each in found if each.rank != Rank.PLAIN or (is_own and each is first)]


def _is_of_teaser(chosen: Dated, found: list[Dated], after: list[Line], own: int) -> bool:
    """Whether other headings follow with other dates, and no text is in between."""
    others = {each.headings for each in found if each.moment.date() != chosen.moment.date()}
    if not any(each > chosen.headings for each in others):
        return False
    if chosen.headings > own or _is_above_heading(chosen, after):
        return True
    text = sum(
        line.weight
        for index, line in enumerate(after)
        if line.headings == chosen.headings and not line.is_heading and index != chosen.at
    )
    return text < (OWN_TEXT if own == 1 else LONG_TEXT)


def _reached(after: list[Line], style: DateStyle) -> Iterator[Dated]:
    """Iterate over the dates below a heading. Those below its text need a label."""
    passed = text = 0
    depths: list[int] = []
    for line in after:
        if not (line.is_heading and line.headings == 0):
            passed += len(line.text)
        if passed > MAX_REACH:
            break
        depths.append(text)
        text += len(line.text) if len(line.text) >= MIN_PARAGRAPH else 0
    for each in _all(after[: len(depths) + 1], style):
        depth = depths[each.at] if each.at < len(depths) else text
        if depth <= _MOST_TEXT[each.rank] and not (depth and _is_above_heading(each, after)):
            yield each


def _is_above_heading(dated: Dated, after: list[Line]) -> bool:
    """Whether a date without a label is the first line of a teaser."""
    below = after[dated.at + 1 : dated.at + 3]
    return dated.rank > Rank.LABELLED and any(
        each.is_heading and sum(line.weight for line in below[:index]) < OWN_TEXT
        for index, each in enumerate(below)
    )


def _all(found: list[Line], style: DateStyle) -> Iterator[Dated]:
    label = ""
    for index, line in enumerate(found):
        if line.is_heading and line.headings == 0 and index == 0:
            continue
        for rank, moment in _of_line(line, label, style):
            if FIRST <= moment <= style.latest:
                yield Dated(rank, moment, line.headings, index)
        text = fold(line.text) if len(line.text) < MAX_LABEL else ""
        label = "" if any(map(str.isdigit, text)) else text


def _of_line(line: Line, label: str, style: DateStyle) -> Iterator[tuple[Rank, datetime]]:
    """Iterate over the dates of a line, with their ranks."""
    plain: list[Run] = []
    last = ""
    for run in line.runs:
        moment = moment_in(run.stamp, style) if run.stamp else None
        if moment is None:
            plain.append(run)
        elif run.stamp != last:
            before = BOUNDARY.join([label, *(each.text for each in plain)])
            rank = _rank(fold(before), run, is_stamp=True)
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


def _marked(visible: Visible, style: DateStyle, least: Rank) -> datetime | None:
    """Return the date of the elements that say by their class that they have one."""
    found: list[tuple[Rank, datetime]] = []
    for each in visible.marked:
        for line in each[:4]:
            found += [
                pair for pair in _of_line(line, "", style) if pair[0] <= least and pair[1] >= FIRST
            ]
    surest = min((rank for rank, _ in found), default=0)
    moments = [moment for rank, moment in found if rank == surest]
    days = {each.date() for each in moments}
    if len(days) == 1 or (days and is_article(visible.sources)):
        return moments[0]
    return None
