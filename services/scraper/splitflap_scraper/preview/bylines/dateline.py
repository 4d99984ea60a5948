"""Finds the date that a reader sees: in the lines around the heading, and in marked elements."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from splitflap_scraper.page.pace import Pace
from splitflap_scraper.preview.bylines.dated_lines import MAX_LABEL, Rank, dates_of
from splitflap_scraper.preview.bylines.lines import Line
from splitflap_scraper.preview.bylines.occasions import is_of_occasion, is_of_work
from splitflap_scraper.preview.bylines.visible import MAX_REACH, Visible, reached
from splitflap_scraper.preview.dates.calendar_names import fold
from splitflap_scraper.preview.dates.style import DateStyle
from splitflap_scraper.preview.dates.texts import has_weekday
from splitflap_scraper.preview.sources import Sources

#: Earliest date of a visible text: the web is not older.
FIRST = datetime(1990, 1, 1, tzinfo=UTC)

#: Text between a date and the teasers below: of an article, and of one with a second heading.
OWN_TEXT = 80
LONG_TEXT = 200

#: Parts of a site above its pages. Newspapers print the day there.
_OF_SITE = re.compile(
    r"(?i)(?:^|[\s_-])(?:masthead|top-?bar|site-?header|header-?top|top-?header|main-?header"
    r"|page-?top|weather|top-?date|date-?bar|date-?time-?bar|clock|today)(?=$|[\s_-])"
    r"|(?:^|\s)(?:header(?:[_-]+(?:date|time|left|right|inner|info|bar|meta))?|top-?line"
    r"|top-?section)(?=$|\s)"
)
#: Words of a title beside a date.
_TITLE = 4

#: Lines between a date and the heading below it, by the date's rank.
_BEFORE = (6, 6, 6, 3, 0)

#: Characters of paragraphs between a heading and the date below it, by the date's rank.
_MOST_TEXT = (MAX_REACH, 500, 400, 300, 0)


class Dated(NamedTuple):
    """A possible date of publication. A lower rank is surer."""

    rank: int
    moment: datetime
    headings: int
    at: int


def dateline(visible: Visible, style: DateStyle) -> datetime | None:
    """Return the date that a reader sees as that of the page, or None."""
    if not visible.may_have_date:
        return None
    if moment := _near(visible, style):
        return moment
    least = Rank.MARKED if not visible.has_heading or visible.is_article else Rank.PUBLISHED
    return _marked(visible, style, least)


def texts_with_dates(sources: Sources) -> str:
    """Return the texts that may show the order of day and month."""
    page = sources.page
    parts = [after.markup[:3000] for _, after in page.around_headings[:2]]
    parts += [each.markup[:300] for each in page.excerpts]
    return " ".join(parts)[:12_000]


def _near(visible: Visible, style: DateStyle) -> datetime | None:
    """Return the date around a heading, unless it belongs to a teaser below."""
    after = visible.below
    found = [
        each
        for each in _reached(after, style, visible)
        if visible.has_heading or not (_is_today(each) or _OF_SITE.search(after[each.at].about))
    ]
    own = _own_headings(after)
    found = [each for each in found if not _is_of_section(each, after, own)]
    found = _without_lists(found, after, own)
    chosen = min(found, key=lambda each: (each.headings > own, each.rank), default=None)
    if chosen is None:
        return _above(visible, style)
    # A date above the heading is nearer than that of another section.
    is_far = chosen.headings > own and chosen.rank > Rank.LABELLED
    if is_far and (above := _above(visible, style)):
        return above
    return None if _is_of_teaser(chosen, found, after, own) else chosen.moment


def _above(visible: Visible, style: DateStyle) -> datetime | None:
    """Return the date in the lines above a heading."""
    before = visible.above
    usable = [
        each
        for each in _all(before, style, visible.pace, has_heading=False)
        if before
        and each.headings == before[-1].headings
        and not _is_today(each)
        and len(before) - each.at <= _BEFORE[each.rank]
        and not any(line.is_heading for line in before[each.at + 1 :])
        and not _OF_SITE.search(before[each.at].about)
        and not (each.rank > Rank.LABELLED and _has_teaser(before[each.at]))
    ]
    if any(each.rank == Rank.PLAIN for each in usable):
        # Sites print the day with its weekday above their texts.
        start = len(before) - visible.above_in_text
        usable = [
            each
            for each in usable
            if each.rank != Rank.PLAIN
            or each.at >= start
            or not has_weekday(before[each.at].text, style.language)
        ]
    nearest = min(reversed(usable), key=lambda each: each.rank > Rank.LABELLED, default=None)
    return nearest.moment if nearest else None


def _has_teaser(line: Line) -> bool:
    """Whether a line has a link with the title of another page."""
    return any(
        each.is_linked and not each.is_author and len(each.text.split()) >= _TITLE
        for each in line.runs
    )


def _is_today(dated: Dated) -> bool:
    """Whether a date may be the current day. Newspapers print it above their headings."""
    is_near = abs(datetime.now(UTC) - dated.moment) < timedelta(days=2)
    return is_near and dated.rank > Rank.LABELLED


def _is_of_section(dated: Dated, after: list[Line], own: int) -> bool:
    """Whether a date is that of a teaser, or of another section below the page's text."""
    if dated.headings <= own:
        return False
    above = (index for index in range(dated.at - 1, -1, -1) if after[index].is_heading)
    at = next(above, 0)
    if after[at].is_linked or _is_above_link(dated, after):
        return True
    text = sum(line.weight for line in after[:at] if not line.is_heading)
    return dated.rank >= Rank.MARKED and text >= LONG_TEXT


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
    if chosen.headings > own or _is_above_link(chosen, after):
        return True
    text = sum(
        line.weight
        for index, line in enumerate(after)
        if line.headings == chosen.headings and not line.is_heading and index != chosen.at
    )
    return text < (OWN_TEXT if own == 1 else LONG_TEXT)


def _reached(after: list[Line], style: DateStyle, visible: Visible) -> Iterator[Dated]:
    """Iterate over the dates below a heading. Those below its text need a label."""
    depths = [text for _, text in reached(after)]
    near = after[: len(depths)]
    for each in _all(near, style, visible.pace, has_heading=visible.has_heading):
        depth = depths[each.at]
        if depth <= _MOST_TEXT[each.rank] and not (depth and _is_above_heading(each, after)):
            yield each


def _is_above_heading(dated: Dated, after: list[Line]) -> bool:
    """Whether a date without a label is the first line of a teaser."""
    below = after[dated.at + 1 : dated.at + 3]
    return dated.rank > Rank.LABELLED and any(
        each.is_heading and sum(line.weight for line in below[:index]) < OWN_TEXT
        for index, each in enumerate(below)
    )


def _is_above_link(dated: Dated, after: list[Line]) -> bool:
    """Whether a date without a label is directly above a linked heading."""
    below = after[dated.at + 1 : dated.at + 3]
    return _is_above_heading(dated, after) and any(
        each.is_heading and each.is_linked for each in below
    )


def _all(
    found: list[Line], style: DateStyle, pace: Pace, *, has_heading: bool = True
) -> Iterator[Dated]:
    """Iterate over the dates of lines. The first one may be the page's heading."""
    label = ""
    for index, line in enumerate(found):
        if has_heading and line.is_heading and line.headings == 0 and index == 0:
            continue
        for rank, moment in pace.after(list(dates_of(line, label, style))):
            if FIRST <= moment <= style.latest and not _is_of_others(found, index, rank):
                yield Dated(rank, moment, line.headings, index)
        text = fold(line.text) if len(line.text) < MAX_LABEL else ""
        label = "" if any(map(str.isdigit, text)) else text


def _is_of_others(found: list[Line], at: int, rank: int) -> bool:
    """Whether a date is that of an event or of a work, by the lines around it."""
    return is_of_work(found, at) or (rank > Rank.LABELLED and is_of_occasion(found, at))


def _marked(visible: Visible, style: DateStyle, least: Rank) -> datetime | None:
    """Return the date of the elements that say by their class that they have one."""
    found: list[tuple[Rank, datetime]] = []
    for each in visible.marked:
        for line in each[:4]:
            dates = visible.pace.after(list(dates_of(line, "", style)))
            found += [pair for pair in dates if pair[0] <= least and pair[1] >= FIRST]
    surest = min((rank for rank, _ in found), default=0)
    moments = [moment for rank, moment in found if rank == surest]
    days = {each.date() for each in moments}
    if len(days) == 1 or (days and visible.is_article):
        return moments[0]
    return None
