"""The size of images, and the information of PDFs."""

import pytest
from splitflap_scraper.preview.files.images import dimensions
from splitflap_scraper.preview.files.pdf import pdf_information


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"GIF89a\x02\x01\x03\x00", (258, 3)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\x00\x02\x00", (512, 256)),
        (b"\xff\xd8\xff\xc4\x00\x04ab\xff\xd9", None),
        (b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0", (640, 480)),
        (b"RIFF....WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01", (640, 480)),
        (b"BM" + bytes(16) + b"\x10\0\0\0\xf0\xff\xff\xff", (16, 16)),
        (b"....ftypavif" + b"ispe\0\0\0\0\0\0\0\x20\0\0\0\x10", (32, 16)),
        (b"<svg width='20' height='10px'>", (20, 10)),
        (b"<svg viewBox='0 0 30 40'>", (30, 40)),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"\xff\xd8" + b"\xff" * 1000, None),
        (b"", None),
    ],
)
def test_the_size_of_an_image_is_read(data: bytes, size: tuple[int, int] | None) -> None:
    """A truncated file has no size."""
    assert dimensions(data) == size


def test_the_information_of_a_pdf_is_read() -> None:
    """The information may be in several encodings, or in XMP."""
    text = b"%PDF-1.7 5 0 obj<</Title(Chapter 1)/Parent 4 0 R>>endobj "
    information = b"9 0 obj<</Producer(x)/Title<FEFF00410042>/Author(C\\051\\)(d))>>endobj"
    assert pdf_information(text + information) == {"Title": "AB", "Author": "C))(d)"}
    xmp = b"<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>\xc3\xa9</rdf:li>"
    assert pdf_information(b"%PDF-1.7" + xmp) == {"Title": "\u00e9"}
    assert pdf_information(b"%PDF" + b"/Producer" * 1000) == {}
