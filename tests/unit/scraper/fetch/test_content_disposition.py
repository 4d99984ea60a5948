"""The name of a file by its Content-Disposition."""

import pytest
from splitflap_scraper.fetch.http.content_disposition import MAX_HEADER, saved_name

from tests.unit.scraper.fetch.hostile_headers import DISPOSITIONS


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=data.zip", "data.zip"),
        ("attachment;FILENAME = a b.zip ; size=1", "a b.zip"),
        ('filename="a;b.zip"', "a;b.zip"),
        (r'attachment; filename="a\"b.zip"', 'a"b.zip'),
        (r'attachment; filename="C:\data\a.zip"', r"C:\data\a.zip"),
        ('attachment; filename="a.zip', "a.zip"),
        ("attachment; filename=a.zip; filename=b.zip", "a.zip"),
        ("attachment", None),
        ("attachment; filename=", None),
        ("", None),
    ],
)
def test_the_name_of_a_file_is_that_of_its_first_filename(header: str, name: str | None) -> None:
    """Quotes, spaces and the case of names do not matter."""
    assert saved_name(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=\"a.zip\"; filename*=UTF-8''b%20c.zip", "b c.zip"),
        ("attachment; filename*=utf-8'en'%e2%82%ac.zip; filename=a.zip", "\u20ac.zip"),
        ("attachment; filename*=\"UTF-8''b%20c.zip\"", "b c.zip"),
        ("attachment; filename*=ISO-8859-1''%E9%80.zip", "\xe9\u20ac.zip"),
        ("attachment; filename=a.zip; filename*=b.zip", "a.zip"),
        ("attachment; filename=a.zip; filename*=UTF-8''%E9.zip", "a.zip"),
        ("attachment; filename*=UTF-8''\xe6\x96\x87.zip", "\u6587.zip"),
    ],
)
def test_filename_with_a_star_beats_filename_if_it_is_readable(header: str, name: str) -> None:
    """RFC 6266, section 4.3."""
    assert saved_name(header) == name


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "utf-7", "zlib", "a\0b", ""])
def test_a_name_in_another_charset_is_no_name(charset: str) -> None:
    """Python has codecs that raise other errors, or that take quadratic time."""
    assert saved_name(f"attachment; filename*={charset}''x") is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("R\xc3\xa9sum\xc3\xa9.docx", "R\xe9sum\xe9.docx"),
        ("R\xe9sum\xe9.docx", "R\xe9sum\xe9.docx"),
        ("=?UTF-8?B?5paH5Lu2LnppcA==?=", "\u6587\u4ef6.zip"),
        ("=?utf-8?Q?=E6=96=87_a?= =?utf-8?Q?.zip?=", "\u6587 a.zip"),
        ("=?UTF-8?B?x?=", None),
        ("=?punycode?Q?x?=", None),
        ("%E6%96%87.zip", "\u6587.zip"),
        ("100%.zip", "100%.zip"),
        ("a%E9.zip", "a%E9.zip"),
    ],
)
def test_a_filename_is_decoded_as_browsers_do(value: str, name: str | None) -> None:
    """It may be raw UTF-8, words of MIME, or percent escapes."""
    assert saved_name(f'attachment; filename="{value}"') == name


def test_no_header_raises() -> None:
    """Parts of a name (RFC 2231) are ignored, as most browsers do."""
    assert saved_name("attachment; filename*0=a; filename*2=a; filename*=b") is None
    for begin, unit in DISPOSITIONS.values():
        saved_name(begin + unit * MAX_HEADER)


def test_the_header_is_bounded() -> None:
    """A name behind the bound is not read."""
    assert saved_name("attachment; a=" + "x" * MAX_HEADER + "; filename=a.zip") is None
