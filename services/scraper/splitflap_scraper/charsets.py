"""Bytes of a page become text: by byte order mark, HTTP, or what the page says of itself.

The order and the labels are those of the WHATWG's Encoding and HTML Standards. Python's codecs are
never looked up by what a page says: some of them are no text encodings, and a failed look-up stays
in memory.
"""

import codecs
import re

#: Bytes of a page in which it may name its encoding (HTML Standard, "prescan").
PRESCAN = 1024

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

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)


def codec_of(label: str | None) -> str | None:
    """Python's codec for an encoding's label; None for all that is no known text encoding."""
    return CODECS.get(label.strip("\t\n\f\r \"'").lower()) if label else None


class TextDecoder:
    """Decodes a page piece by piece. What cannot be decoded becomes U+FFFD."""

    def __init__(self, http_label: str | None) -> None:
        """`http_label` is the `charset` of the Content-Type, if there is one."""
        self._from_http = codec_of(http_label)
        self._begin = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        #: Whether anything said which encoding it is.
        self.declared = True

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The text of these bytes, or of those held back until enough was known."""
        if self._decoder is None:
            self._begin += data
            enough = len(codecs.BOM_UTF8) if self._from_http else PRESCAN
            if len(self._begin) < enough and not final:
                return ""
            self._decoder, data = self._decide()
        return self._decoder.decode(data, final)

    def settled(self, text: str) -> str:
        """The text as it should read, once a whole part of it is there.

        Where nothing was declared, bytes were passed through: they are UTF-8 if they can be, else
        windows-1252, the commonest of those that are not declared.
        """
        if self.declared:
            return text
        data = text.encode("latin-1")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace")

    def _decide(self) -> tuple[codecs.IncrementalDecoder, bytes]:
        for bom, codec in _BOMS:
            if self._begin.startswith(bom):
                return _decoder(codec), self._begin[len(bom) :]
        codec_name = self._from_http or _prescanned(self._begin)
        self.declared = codec_name is not None
        return _decoder(codec_name or "latin-1"), self._begin


def _prescanned(begin: bytes) -> str | None:
    """What a page says of itself, in ASCII, and so not in UTF-16."""
    declared = _DECLARED.search(_COMMENT.sub(b"", begin[:PRESCAN]))
    codec = codec_of(declared[1].decode("ascii", "replace")) if declared else None
    return "utf-8" if codec and codec.startswith("utf-16") else codec


def _decoder(codec: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(codec)("replace")
