"""Bytes of a page become text: by byte order mark, HTTP, what the page says, or how it looks.

The order and the labels are those of the WHATWG's Encoding and HTML Standards. Python's codecs are
never looked up by what a page says: some of them are no text encodings, and a failed look-up stays
in memory.

All encodings of the web but UTF-16 and ISO-2022-JP leave the bytes of tags as they are in ASCII. So
a page is passed through as ISO 8859-1 and cut into pieces first, and only the pieces are decoded,
once all is known that may say how.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

#: Bytes of a page in which it must name an encoding that cannot be passed through.
PRESCAN = 1024

#: Bytes of a page's texts by which an encoding is guessed.
SAMPLE = 8192

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

#: Python's codecs, each with its labels.
_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
    "utf-16-le": "utf-16 utf-16le ucs-2 unicode iso-10646-ucs-2 csunicode unicodefeff",
    "utf-16-be": "utf-16be unicodefffe",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 latin2 l2 iso_8859-2 csisolatin2",
    "iso8859-3": "iso-8859-3 iso8859-3 iso88593 latin3 l3 iso_8859-3 csisolatin3",
    "iso8859-4": "iso-8859-4 iso8859-4 iso88594 latin4 l4 iso_8859-4 csisolatin4",
    "iso8859-5": "iso-8859-5 iso8859-5 iso88595 cyrillic iso_8859-5 csisolatincyrillic",
    "iso8859-6": "iso-8859-6 iso8859-6 iso88596 arabic iso_8859-6 asmo-708 ecma-114",
    "iso8859-7": "iso-8859-7 iso8859-7 iso88597 greek greek8 iso_8859-7 ecma-118 elot_928",
    "iso8859-8": "iso-8859-8 iso8859-8 iso88598 hebrew visual iso_8859-8 iso-8859-8-i logical",
    "iso8859-10": "iso-8859-10 iso8859-10 iso885910 latin6 l6 csisolatin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "iso-8859-15 iso8859-15 iso885915 l9 iso_8859-15 csisolatin9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "koi8-r koi8 koi cskoi8r koi8_r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman csmacintosh",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "windows-874 dos-874 tis-620 iso-8859-11 iso8859-11 iso885911",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "cp1252": "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 l1 "
    "ascii us-ascii ansi_x3.4-1968 cp819 ibm819 csisolatin1 iso-ir-100 x-user-defined",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 latin5 l5 iso_8859-9",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "gb18030": "gb18030 gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 x-gbk iso-ir-58",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "euc-jp x-euc-jp cseucpkdfmtjapanese",
    "iso2022_jp": "iso-2022-jp csiso2022jp",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean windows-949 cseuckr",
}
CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}

_DECLARED = re.compile(
    r"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE | re.ASCII,
)
#: Codecs whose bytes cannot be passed through, and look like ASCII.
_WIDE = frozenset({"utf-16-le", "utf-16-be", "iso2022_jp"})

#: What an operator's server says of all its pages, whatever they are: the old default of HTTP.
_DEFAULTS = frozenset({"cp1252"})

#: How the codecs begin that have a byte a character; and the bytes that all of them share.
_ONE_BYTE = ("cp12", "iso8859", "koi8", "mac")
_ASCII = bytes(range(128))


def codec_of(label: str | None) -> str | None:
    """Python's codec for an encoding's label; None for all that is no known text encoding."""
    return CODECS.get(label.strip("\t\n\f\r \"'").lower()) if label else None


class TextDecoder:
    """Passes a page's bytes through, piece by piece, and decodes what was cut from it at last."""

    def __init__(self, http_label: str | None) -> None:
        """`http_label` is the `charset` of the Content-Type, if there is one."""
        self._from_http = codec_of(http_label)
        self._begin = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._bom: str | None = None
        self._xml = ""
        #: What all pieces are in; None where they are text already.
        self.codec: str | None = None

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The text of these bytes, or the bytes as ISO 8859-1."""
        if self._decoder is None:
            self._begin += data
            if len(self._begin) < PRESCAN and not final:
                return ""
            self._decoder, data = self._decide()
        return self._decoder.decode(data, final)

    def settle(self, declarations: Iterable[str], texts: Iterable[str], language: str = "") -> None:
        """Choose how pieces are read: by what the page declares, and by how its texts look.

        `language` is what the page says that it is in, which helps where nothing is declared.
        """
        if self.codec == "passed":
            sample = b"".join(_bytes(text) for text in texts)[:SAMPLE]
            said = [self._bom, self._from_http, *_declared([self._xml, *declarations])]
            self.codec = _chosen([each for each in said if each], sample, language)

    def text(self, piece: str) -> str:
        """A piece as it should read. What cannot be decoded becomes U+FFFD."""
        if self.codec is None or piece.isascii():
            return piece
        return _bytes(piece).decode(self.codec, "replace")

    def _decide(self) -> tuple[codecs.IncrementalDecoder, bytes]:
        for bom, codec in _BOMS:
            if self._begin.startswith(bom):
                self._begin = self._begin[len(bom) :]
                self._bom = codec
        if self._begin.startswith(b"<?xml"):
            self._xml = self._begin[:PRESCAN].partition(b">")[0].decode("latin-1")
        wide = self._bom or self._from_http
        if wide is None and b"iso-2022-jp" in self._begin[:PRESCAN].lower():
            wide = next(_declared([self._begin[:PRESCAN].decode("latin-1")]), None)
        if wide in _WIDE:
            return codecs.getincrementaldecoder(wide or "")("replace"), self._begin
        self.codec = "passed"
        return codecs.getincrementaldecoder("latin-1")(), self._begin


def _declared(tags: Iterable[str]) -> Iterator[str]:
    """The codecs that tags name; they do so in ASCII, and so not in UTF-16."""
    for tag in tags:
        if (match := _DECLARED.search(tag)) and (codec := codec_of(match[1])):
            yield "utf-8" if codec.startswith("utf-16") else codec


def _chosen(said: list[str], sample: bytes, language: str) -> str:
    """The first that is said and that the bytes are in, else what they look like.

    Servers say ISO 8859-1 of pages that are none, and pages say UTF-8 that were never converted.
    """
    if sample.isascii():
        return said[0] if said else "utf-8"
    is_utf8 = _fits("utf-8", sample)
    for codec in said:
        if (codec == "utf-8" and is_utf8) or (codec != "utf-8" and _fits(codec, sample)):
            return "utf-8" if is_utf8 and _is_doubtful(codec, sample) else codec
    if said and (is_utf8 or said != ["utf-8"]):
        return said[0] if not is_utf8 else "utf-8"
    return "utf-8" if is_utf8 else _looks_like(sample, language, said)


def _is_doubtful(codec: str, sample: bytes) -> bool:
    """Whether bytes that are UTF-8 are that, though another encoding is said and possible.

    Texts in encodings of one byte a character have no such pairs, but by a rare chance.
    """
    is_long = len(sample.translate(None, _ASCII)) >= _LEAST_BYTES
    return codec in _DEFAULTS or (is_long and codec.startswith(_ONE_BYTE))


def _fits(codec: str, sample: bytes) -> bool:
    """Whether bytes can be in an encoding; the last character of a full sample may be cut off."""
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample, len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return False
    return True


#: Encodings that are guessed, each with the characters that are common in its language, and the
#: languages for which it is the first guess. Kana, Hangul, the 3,755 everyday characters of GB 2312
#: and Big5's first plane are told from their neighbours by their bytes.
_GUESSES = {
    "euc_jp": (re.compile(rb"(?:\xa4[\xa1-\xf3]|\xa5[\xa1-\xf6]|\xa1[\xa2\xa3])"), "ja"),
    "cp932": (re.compile(rb"(?:\x82[\x9f-\xf1]|\x83[\x40-\x96]|\x81[\x41\x42\x5b])"), "ja"),
    "cp949": (re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"), "ko"),
    "gb18030": (re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe]|\xa3\xac|\xa1\xa3)"), "zh"),
    "big5hkscs": (re.compile(rb"(?:[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|\xa1[\x41-\x43])"), "zh"),
    "cp1251": (re.compile(rb"[\xe0-\xff]{2,}"), "ru"),
    "koi8-r": (re.compile(rb"[\xc0-\xdf]{2,}"), "ru"),
}

#: Shares of the sample's other bytes that must look so. Kana are surer than Han characters.
_LEAST_SHARE = 0.5
_LEAST_SHARE_OF_KANA = 0.25

#: Bytes beyond ASCII from which on anything is guessed.
_LEAST_BYTES = 8

#: Japanese first: its Han characters look like those of the others.
_KANA = frozenset({"euc_jp", "cp932"})


def _looks_like(sample: bytes, language: str, said: list[str]) -> str:
    foreign = sum(each > 0x7F for each in sample) or 1  # noqa: PLR2004 - ASCII ends there
    if foreign < _LEAST_BYTES:
        return said[0] if said else "cp1252"
    shares: dict[str, float] = {}
    for codec, (pattern, tongue) in _GUESSES.items():
        if not _fits(codec, sample):
            continue
        share = sum(map(len, pattern.findall(sample))) / foreign
        shares[codec] = share * (1.5 if language.startswith(tongue) else 1.0)
    kana = {codec: share for codec, share in shares.items() if codec in _KANA}
    if kana and max(kana.values()) >= _LEAST_SHARE_OF_KANA:
        return max(kana, key=kana.__getitem__)
    best = max(shares, key=shares.__getitem__, default="cp1252")
    if shares.get(best, 0.0) >= _LEAST_SHARE and foreign >= len(sample) * 0.15:
        return best
    return said[0] if said else "cp1252"


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")
