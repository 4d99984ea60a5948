"""Reads the time of day after a date, with its zone."""

import re
from datetime import datetime, timedelta

#: Words between a day and its time.
_BEFORE = (
    r"(?:at|a|as|a las|a les|alle|alle ore|ore|ora|om|um|kl|klo|kello|la|le|o|saat|pukul|jam|luc"
    r"|ob|u|h|\u0633\u0627\u0639\u062a|godz|zeit|uhr|v|\u0432|\u043e|\u0443)"
)
_TIME = re.compile(
    rf"(?:t(?=\d)|[\s,|\u060c\u00b7\u2022\u2013\u2014-]{{0,4}})(?:\([^\W\d_]{{1,9}}\)\s?)?(?P<word>{_BEFORE}\.?:?\s+)?(?P<half>오전|오후|上午|下午|午前|午後)?\s?"
    r"(?P<hour>\d{1,2})(?:\s?(?P<mark>[:.h時时시])\s?(?P<minute>\d{2})(?!\d)(?:[:.](?P<second>\d{2})(?!\d)(?:\.\d{1,6})?)?"
    # An hour alone needs its unit.
    r"|(?=\s?(?:[ap]\.?\s?m|h|uhr)\b))"
    r"(?:\s?(?P<meridiem>[ap]\.?\s?m\b\.?))?(?:\s?(?:uhr|hrs|h|น\.|분|分)(?!\w))?"
    r"(?:\s?\(?(?P<zone>(?:utc|gmt)?\s?[+-]\d{1,2}(?::?\d{2})?(?!\d)|[a-z]{1,5}\b))?",
)
_END = re.compile(r"\s*(?:\Z|[\x1f|\u00b7()])")
_PM = frozenset({"오후", "下午", "午後"})
#: Zones that mean the same everywhere, in minutes before UTC.
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "west": 60, "cet": 60, "cest": 120, "mez": 60,
    "mesz": 120, "eet": 120, "eest": 180, "msk": 180, "est": -300, "edt": -240, "cdt": -300,
    "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "jst": 540, "kst": 540, "wib": 420,
    "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
}  # fmt: skip
#: Zones that the page does not name exactly. The day is certain, and its time is not.
_VAGUE = frozenset({"et", "ct", "mt", "pt", "ist", "cst", "bst", "ast", "hst", "sast"})
_NOON = 12


def time_after(text: str, end: int, day: datetime) -> tuple[int, datetime]:
    """Return the end of a date's time, and the moment. A time that has no zone counts as UTC."""
    match = _TIME.match(text, end)
    if not match or (match["mark"] == "." and not _is_clock(match)):
        return end, day
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    later = (match["meridiem"] or "").startswith("p") or match["half"] in _PM
    if match["meridiem"] or match["half"]:
        hour = hour % _NOON + (_NOON if later else 0)
    try:
        moment = day.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        return end, day
    zone = (match["zone"] or "").replace(" ", "")
    if zone in _VAGUE:
        return match.end(), day
    is_zone = zone in _ZONES or zone[:1] in {"+", "-"} or zone[:3] in {"utc", "gmt"}
    stop = match.end() if is_zone or not zone else match.start("zone")
    return stop, moment - _offset(zone)


def _is_clock(match: re.Match[str]) -> bool:
    """Whether a number with a dot is a time, by the words around it."""
    zone = match["zone"] or ""
    is_zone = zone in _ZONES or zone in _VAGUE
    if match["word"] or match["second"] or is_zone or "uhr" in match[0]:
        return True
    # Nordic and Italian pages write "4 november 2019, 10.15".
    is_apart = match[0].lstrip()[:1] in {",", "|", "\u00b7"} and len(match["hour"]) > 1
    return is_apart and not zone and _END.match(match.string, match.end()) is not None


def _offset(zone: str) -> timedelta:
    if zone in _ZONES:
        return timedelta(minutes=_ZONES[zone])
    return offset(re.sub("^(?:utc|gmt)", "", zone))


def offset(zone: str) -> timedelta:
    """Return the offset of a zone such as +01:00, +0100 or +1. Other texts have none."""
    if zone[:1] not in {"+", "-"}:
        return timedelta()
    hours, _, minutes = zone[1:].partition(":")
    if not minutes and len(hours) > len("00"):
        hours, minutes = hours[:-2], hours[-2:]
    found = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return found if zone[0] == "+" else -found
