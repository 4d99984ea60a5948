"""The kinds of files, and their sizes."""

import io
import struct
import zipfile

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.http.reader import Head
from splitflap_scraper.preview.files.file_preview import file_size
from splitflap_scraper.preview.readers import FileReader, UnknownReader, reader_for


def of(
    content_type: str, name: str, data: bytes = b"", headers: dict[str, str] | None = None
) -> PreviewFields | None:
    """Read a file as the scraper does. None if it is no file."""
    known = Headers((headers or {}).items())
    reader = reader_for(Head(f"https://a.example/dir/{name}", 200, known, content_type))
    assert reader is not None
    reader.feed(data, final=True)
    found = reader.reader if isinstance(reader, UnknownReader) else reader
    return found.fields() if isinstance(found, FileReader) else None


def zipped(*names: str) -> bytes:
    """Make a ZIP with these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return packed.getvalue()


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OCTETS = "application/octet-stream"


@pytest.mark.parametrize(
    ("content_type", "name", "kind"),
    [
        (WORD, "a.docx", "document"),
        (WORD, "download", "document"),
        ("application/vnd.ms-excel", "a.xls", "document"),
        ("application/vnd.ms-excel.sheet.macroenabled.12", "a.xlsm", "document"),
        ("application/vnd.oasis.opendocument.text", "a.odt", "document"),
        ("application/epub+zip", "a.epub", "document"),
        ("application/zip", "a.docx", "document"),
        ("application/zip", "a.zip", "archive"),
        ("application/x-zip-compressed", "a", "archive"),
        ("application/gzip", "a.tar.gz", "archive"),
        ("application/x-7z-compressed", "a.7z", "archive"),
        ("application/vnd.android.package-archive", "a.apk", "file"),
        ("application/zip", "a.apk", "file"),
        ("application/x-debian-package", "a.deb", "file"),
        ("font/woff2", "a.woff2", "file"),
        ("application/x-thing", "a.dmg", "file"),
        (OCTETS, "a.docx", "document"),
        (OCTETS, "A.TAR.GZ", "archive"),
        (OCTETS, "a.apk", "file"),
        (OCTETS, "a.pdf", "document"),
        (OCTETS, "a.mp3", "audio"),
        (OCTETS, "a.csv", "text"),
        ("binary/octet-stream", "a.iso", "file"),
    ],
)
def test_a_file_has_a_card_by_its_media_type_or_its_name(
    content_type: str, name: str, kind: str
) -> None:
    """The card has the name of the file."""
    found = of(content_type, name, b"\x01\x02")
    assert found is not None
    assert (found.title, found.type) == (name, kind)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zipped("a.txt"), "archive"),
        (zipped("mimetype", "META-INF/container.xml"), "document"),
        (zipped("[Content_Types].xml", "word/document.xml"), "document"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "archive"),
        (b"\x1f\x8b\x08\0", "archive"),
        (b"Rar!\x1a\x07\x01\0", "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document"),
        (b"!<arch>\ndebian-binary", "file"),
    ],
)
@pytest.mark.parametrize("content_type", [OCTETS, ""])
def test_the_first_bytes_of_a_file_tell_its_kind(content_type: str, data: bytes, kind: str) -> None:
    """Neither its media type nor its name does."""
    found = of(content_type, "download", data)
    assert found is not None
    assert (found.title, found.type) == ("download", kind)


def test_the_first_bytes_of_an_image_give_its_size_too() -> None:
    """All formats of browsers count. A text may begin with the letters of one."""
    bitmap = b"BM\x36\x10\0\0" + bytes(4) + struct.pack("<IIii", 54, 40, 640, -480)
    found = of(OCTETS, "download", bitmap)
    assert found is not None
    assert (found.type, found.image_width, found.image_height) == ("image", 640, 480)
    text = of("", "download", b"BMW and others, " * 80)
    assert text is not None
    assert text.type == "text"


def test_a_download_of_an_unknown_type_is_a_file() -> None:
    """The server names it."""
    said = {"Content-Disposition": "attachment; filename=data.xyz", "Content-Length": "7"}
    found = of("application/x-thing", "get", headers=said)
    assert found == PreviewFields("data.xyz", type="file", file_size=7)
    with pytest.raises(FetchError, match="not_html"):
        of("application/x-thing", "data.xyz")
    with pytest.raises(FetchError, match="not_html"):
        of(OCTETS, "data.xyz", b"\x01\x02")


def test_a_response_without_a_type_is_a_page_even_if_its_name_is_that_of_a_document() -> None:
    """Its first bytes are no file's."""
    assert of("", "page", b"<title>x</title>") is None


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ({"Content-Length": "5000000000"}, 5_000_000_000),
        ({"Content-Length": "5", "Content-Encoding": "identity"}, 5),
        ({"Content-Length": "5", "Content-Range": "bytes 0-4/900"}, 900),
        ({"Content-Length": "5", "Content-Range": "bytes 0-4/*"}, None),
        ({"Content-Length": "5", "Content-Encoding": "gzip"}, None),
        ({"Content-Length": "5", "Transfer-Encoding": "chunked"}, None),
        ({"Content-Length": "-5"}, None),
        ({"Content-Length": "9" * 16}, None),
        ({}, None),
    ],
)
def test_the_size_of_a_file_is_that_of_its_own_bytes(
    headers: dict[str, str], size: int | None
) -> None:
    """The length of a compressed or a partial body is another number."""
    assert file_size(Headers(headers.items())) == size
