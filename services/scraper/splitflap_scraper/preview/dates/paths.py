"""Finds the day of publication in the path of a page's URL."""

import re

_YEAR = r"((?:199|20[0-3])\d)"
_MONTH, _DAY = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
#: Days with a name after them: /2018/03/09/x, /2018-03-09-x, /2018/0309/x, /201803/09/x,
#: /20180309/x, /t20180309_1.html, /x-201803091015_2.html.
_BEFORE_NAME = re.compile(
    rf"/(?:[\w-]*[-_])??{_YEAR}(?:([-_]){_MONTH}\2{_DAY}|/(0?[1-9]|1[0-2])/([0-2]?\d|3[01]))(?=[-_/]\S)"
    rf"|/{_YEAR}(?:/{_MONTH}-?{_DAY}|[/-]?{_MONTH}/{_DAY})/(?=\S)"
    rf"|[/_-]t?{_YEAR}{_MONTH}{_DAY}(?:(?:[01]\d|2[0-3])[0-5]\d)?(?=[-_/][^/]|[-_/]\d|\d{{5,12}}\.html?\Z)"
)
#: Days at the end of a name.
_AFTER_NAME = re.compile(
    rf"(?<=[a-z\d])[-_](?:{_YEAR}-{_MONTH}-{_DAY}|{_YEAR}{_MONTH}{_DAY})(?:\.\w{{2,5}})?/?\Z"
)
#: Days with the name of a month: /2018/mar/09/x, and the day first: -09-03-2018-1.php.
_WITH_MONTH = re.compile(rf"/{_YEAR}/([a-z]{{3,12}})/(\d{{1,2}})/(?=\S)")
_DAY_FIRST = re.compile(rf"(?<=[a-z])-{_DAY}-{_MONTH}-{_YEAR}(?:-[\w-]{{1,20}})?(?:\.\w{{2,5}})?\Z")

#: Words in paths of events, of lists by day, and of things that are no texts.
_OTHERS = re.compile(
    r"(?i)(?:\A|[/_-])(?:events?|evento?s?|evenements?|calend[ae]rs?|calendario|kalender|agenda"
    r"|termine?|veranstaltung(?:en)?|schedules?|fixtures?|matchday|games?|scores?|scoreboard"
    r"|box-?scores?|forecasts?|weather|wetter|meteo|tiempo|whats-on|on-this-day|this-day"
    r"|tickets?|webinars?|concerts?|tv-guide|tv-programm|departures?|flights?"
    r"|docs?|documentation|api|reference|uploads?|downloads?|files|assets|static|wp-content)(?=[/_-]|\Z)"
)
#: Copies of pages by the time of the copy.
_ARCHIVE = re.compile(r"/web/\d{14}")


def day_in_path(path: str) -> str | None:
    """Return the day in a path as a text for the parser of dates, or None."""
    for pattern in (_BEFORE_NAME, _AFTER_NAME, _WITH_MONTH, _DAY_FIRST):
        match = pattern.search(path)
        if match is None:
            continue
        # The name after the day belongs to the text, and may have any words.
        is_last = pattern in {_AFTER_NAME, _DAY_FIRST}
        around = path if is_last else path[: match.start()]
        if _OTHERS.search(around) or _ARCHIVE.search(path):
            return None
        parts = [each for each in match.groups() if each and each[-1].isalnum()]
        return (" " if pattern is _WITH_MONTH else "-").join(parts)
    return None
