# ruff: noqa: RUF001 - the texts are as their languages write them
"""The encoding of a page."""

import codecs
import re

import pytest
from splitflap_scraper.page.charsets import TextDecoder, codec_of
from webencodings.labels import LABELS


def decoded(data: bytes, http_label: str | None = None, piece: int = 7) -> str:
    """Decode a whole page in small pieces."""
    decoder = TextDecoder(http_label)
    pieces = [decoder.feed(data[at : at + piece]) for at in range(0, len(data), piece)]
    text = "".join(pieces) + decoder.feed(b"", final=True)
    tags = re.findall("<meta[^>]*>", re.sub("<!--.*?-->", "", text))
    decoder.settle(tags, [text])
    return decoder.text(text)


@pytest.mark.parametrize(
    ("data", "http_label", "text"),
    [
        ("é".encode(), None, "é"),
        ("é“".encode("cp1252"), None, "é“"),
        ("é".encode(), "utf-8", "é"),
        ("é".encode("latin-1"), "ISO-8859-1", "é"),
        ("“".encode("cp1252"), "latin1", "“"),
        ("日本".encode("cp932"), "Shift_JIS", "日本"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本"),
        ("привет".encode("koi8-r"), ' "KOI8-R" ', "привет"),
        ("中".encode("gb18030"), "gb2312", "中"),
        ("é".encode("utf-16-le"), "utf-16", "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), None, "é"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "iso-8859-1", "é"),
        (codecs.BOM_UTF8 + "é".encode(), "windows-1251", "é"),
        (b'<meta charset="windows-1251">\xe9', None, '<meta charset="windows-1251">й'),
        (b'<meta charset="windows-1251">\xc3\xa9', "utf-8", '<meta charset="windows-1251">é'),
        (b"<meta charset=utf-16>\xc3\xa9", None, "<meta charset=utf-16>é"),
        (
            b'<meta http-equiv=x content="text/html; charset=koi8-r">\xc0',
            None,
            '<meta http-equiv=x content="text/html; charset=koi8-r">ю',
        ),
        (
            b"<?xml version='1.0' encoding='windows-1251'?>\xe9",
            None,
            "<?xml version='1.0' encoding='windows-1251'?>й",
        ),
        (
            b"<!-- <meta charset=koi8-r> -->\xc3\xa9",
            None,
            "<!-- <meta charset=koi8-r> -->é",
        ),
        (b"\xc3\xa9", "nonesuch", "é"),
        (b"a\xffb", "utf-8", "a\ufffdb"),
        (b"a\xc3", "utf-8", "a\ufffd"),
    ],
)
def test_the_first_source_of_the_encoding_wins(
    data: bytes, http_label: str | None, text: str
) -> None:
    """The order is byte order mark, HTTP, the page, UTF-8, windows-1252."""
    assert decoded(data, http_label) == text
    assert decoded(data, http_label, piece=1) == text


def test_a_late_declaration_counts() -> None:
    """The pieces are decoded after the whole page."""
    page = b" " * 2048 + b"<meta charset=koi8-r>" + "привет".encode("koi8-r")
    assert decoded(page).endswith("привет")


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("euc_jp", "夕凪の浜辺でひろった貝がらをならべてみた"),
        ("cp932", "夕凪の浜辺でひろった貝がらをならべてみた"),
        ("gb18030", "武夷岩茶的焙火轻重决定了香气，老师傅说"),
        ("cp949", "아침 일찍 출발해서 점심 전에 내려왔습니다"),
        ("cp1251", "озеро было как стекло, и первая щука взяла"),
        ("koi8-r", "озеро было как стекло, и первая щука взяла"),
        ("cp1252", "L’été dernier, à Besançon, nous étions déjà très fatigués"),
        ("cp1252", "Größe und Maße für Füße"),
    ],
)
def test_an_undeclared_encoding_is_guessed(codec: str, text: str) -> None:
    """Common characters reveal the language."""
    assert decoded(text.encode(codec)) == text


def test_a_declaration_contradicted_by_the_bytes_is_ignored() -> None:
    """Servers declare ISO 8859-1 by default."""
    assert decoded("naïve, déjà vu".encode(), "iso-8859-1") == "naïve, déjà vu"
    russian = "озеро было как стекло, и первая щука взяла"
    page = b"<meta charset=windows-1251>" + russian.encode("cp1251")
    assert decoded(page, "utf-8").endswith(russian)


@pytest.mark.parametrize(
    "label",
    ["zip", "zlib", "bz2", "rot13", "hex", "base64", "idna", "punycode", "unicode_escape", "utf-7",
     "raw_unicode_escape", "undefined", "mbcs", "utf-32", "cp037", "../x", "hz-gb-2312", "",
     "\ud800"],
)  # fmt: skip
def test_other_codecs_of_python_are_unknown(label: str) -> None:
    """Some of Python's codecs are not for text."""
    assert codec_of(label) is None
    assert decoded("é".encode(), label) == "é"


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_of_the_encoding_standard_has_a_text_codec(label: str) -> None:
    """The codec decodes ASCII, works incrementally, and replaces undecodable bytes."""
    codec = codec_of(label)
    if LABELS[label] == "replacement":
        assert codec is None
        return
    assert codec is not None
    decoder = codecs.getincrementaldecoder(codec)("replace")
    assert decoder.decode("<meta>".encode(codec), True) == "<meta>"
    assert isinstance(decoder.decode(b"\xff\xff\xff\xff\xff", True), str)


def test_the_encoding_standard_has_228_labels() -> None:
    """A change of the standard needs a review."""
    assert len(LABELS) == 228


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("gbk", "gb18030"),
        ("csiso58gb231280", "gb18030"),
        ("big5", "big5hkscs"),
        ("shift_jis", "cp932"),
        ("euc-kr", "cp949"),
        ("csksc56011987", "cp949"),
        ("iso-8859-1", "cp1252"),
        ("iso_8859-9:1989", "cp1254"),
        ("iso-8859-8-i", "iso8859-8"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("utf-16", "utf-16-le"),
        ("x-user-defined", "cp1252"),
    ],
)
def test_a_label_means_the_codec_of_browsers(label: str, codec: str) -> None:
    """Browsers decode some encodings as their supersets."""
    assert codec_of(label) == codec
