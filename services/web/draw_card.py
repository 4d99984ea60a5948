"""Draw page/about.png, the picture of the page in previews of other sites.

Run it after a change here; a test compares the image. It needs no font and no library: letters are
strokes on a grid, as on the icon.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

IMAGE = Path(__file__).parent / "page/about.png"

#: Pixels. The size that sites ask for (Open Graph).
WIDTH, HEIGHT = 1200, 630

#: Levels of a letter's edge, between the flap's colour and the letter's.
LEVELS = 16

Colour = tuple[int, int, int]
BOARD: Colour = (0x14, 0x18, 0x1C)
HINGE: Colour = (0x0B, 0x0D, 0x0F)
#: The upper and the lower half of a flap.
FLAPS: tuple[Colour, Colour] = ((0x2A, 0x31, 0x38), (0x20, 0x26, 0x2C))
LETTER: Colour = (0xFF, 0xB9, 0x38)

#: The strokes of each letter: lines through points of a grid of 4 columns and 6 rows.
GLYPHS = {
    "A": ("06 02 20 42 46", "04 44"),
    "C": ("41 30 10 01 05 16 36 45",),
    "E": ("40 00 06 46", "03 33"),
    "F": ("40 00 06", "03 33"),
    "H": ("00 06", "40 46", "03 43"),
    "I": ("10 30", "20 26", "16 36"),
    "L": ("00 06 46",),
    "M": ("06 00 23 40 46",),
    "N": ("06 00 46 40",),
    "O": ("01 10 30 41 45 36 16 05 01",),
    "P": ("06 00 30 41 42 33 03",),
    "S": ("41 30 10 01 02 13 33 44 45 36 16 05",),
    "T": ("00 40", "20 26"),
    "U": ("00 05 16 36 45 40",),
    "W": ("00 06 23 46 40",),
}

#: Each row: its text, its top, and the width, the height and the distance of its cells.
ROWS = (
    ("SPLITFLAP", 116, 112, 172, 10),
    ("POSTS IN  HTML OUT", 356, 52, 80, 8),
    ("FLIP WHEN COMPLETE", 452, 52, 80, 8),
)

Point = tuple[float, float]
Segment = tuple[Point, Point]


def palette() -> list[Colour]:
    """The board, the hinge, then the shades from each flap to the letter."""
    shades = [
        _between(flap, LETTER, level / LEVELS) for flap in FLAPS for level in range(LEVELS + 1)
    ]
    return [BOARD, HINGE, *shades]


def draw() -> list[bytearray]:
    """The rows of the image, as indexes of the palette."""
    image = [bytearray(WIDTH) for _ in range(HEIGHT)]
    for text, top, width, height, distance in ROWS:
        left = (WIDTH - len(text) * (width + distance) + distance) // 2
        cells = {letter: _cell(letter, width, height) for letter in set(text)}
        for place, letter in enumerate(text):
            x = left + place * (width + distance)
            for y, line in enumerate(cells[letter], start=top):
                image[y][x : x + width] = line
    return image


def png(image: Iterable[bytearray], colours: list[Colour]) -> bytes:
    """An image of 8-bit indexes as PNG."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + line for line in image), 9)
    chunks = ((b"IHDR", head), (b"PLTE", bytes(sum(colours, ()))), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _cell(letter: str, width: int, height: int) -> list[bytes]:
    """A flap with its hinge in the middle, and a letter."""
    segments = list(_segments(letter, width, height))
    stroke = width * 0.075
    lines = []
    for y in range(height):
        if abs(y - height // 2) <= height // 80:
            lines.append(bytes([1]) * width)
            continue
        first = 2 if y < height // 2 else 2 + LEVELS + 1
        levels = (_level((x + 0.5, y + 0.5), segments, stroke) for x in range(width))
        lines.append(bytes(first + level for level in levels))
    return lines


def _segments(letter: str, width: int, height: int) -> Iterator[Segment]:
    across, down = width * 0.56 / 4, height * 0.62 / 6
    left, top = width * 0.22, height * 0.19
    for line in GLYPHS.get(letter, ()):
        points = [(left + int(at[0]) * across, top + int(at[1]) * down) for at in line.split()]
        yield from pairwise(points)


def _level(at: Point, segments: list[Segment], stroke: float) -> int:
    """How much of a pixel the letter covers, from 0 to LEVELS."""
    distance = min((_distance(at, each) for each in segments), default=2 * stroke + 1)
    return round(LEVELS * min(1.0, max(0.0, stroke + 0.5 - distance)))


def _distance(at: Point, segment: Segment) -> float:
    (x, y), ((ax, ay), (bx, by)) = at, segment
    dx, dy = bx - ax, by - ay
    along = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
    return float(((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2) ** 0.5)


def _between(low: Colour, high: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    IMAGE.write_bytes(png(draw(), palette()))
