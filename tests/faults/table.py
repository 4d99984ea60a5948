"""The table of the books, and what is printed below it."""

from collections.abc import Sequence

from .row import Row

HEADERS = (
    "nemesis",
    "attempts",
    "acknowledged",
    "ok",
    "lost",
    "unexpected",
    "duplicated",
    "wrong",
    "recovered",
    "kills",
    "worker s",
    "server s",
    "took s",
)

#: Seconds within which work has to go on after the return of a worker, of a server.
RESUME = {"worker": 2.0, "server": 5.0}

#: Faults of a row that are printed, and characters of each.
SHOWN, LONGEST = 12, 1000


def report(rows: Sequence[Row]) -> str:
    """The table, slow returns, and what is wrong."""
    lines = [_line(HEADERS), _line(["-" * len(header) for header in HEADERS])]
    lines += [_line(_cells(row)) for row in rows]
    lines.append(_line(_totals(rows)))
    lines += [f"{row.name} was skipped: {row.skipped}" for row in rows if row.skipped]
    for row in rows:
        lines += _slow(row)
        if row.books.faults:
            lines.append(f"\n{row.name} (seed {row.seed}), {len(row.books.faults)} faults:")
            lines += [f"  {fault[:LONGEST]}" for fault in row.books.faults[:SHOWN]]
    return "\n".join(lines)


def failed(rows: Sequence[Row]) -> bool:
    """Whether anything is lost, unexpected, duplicated or answered wrongly."""
    return any(row.books.faults for row in rows)


def _cells(row: Row) -> list[object]:
    books = row.books
    return [
        row.name,
        books.attempts,
        books.acknowledged,
        books.ok,
        len(books.lost),
        len(books.unexpected),
        len(books.duplicated),
        len(books.wrong),
        books.recovered,
        row.tally.kills,
        _worst(row, "worker"),
        _worst(row, "server"),
        f"{row.seconds:.0f}",
    ]


def _totals(rows: Sequence[Row]) -> list[object]:
    cells = [_cells(row) for row in rows]
    sums = [sum(int(str(line[column])) for line in cells) for column in range(1, 10)]
    seconds = sum(row.seconds for row in rows)
    worst = [max((_worst(row, kind) for row in rows), key=_as_number) for kind in RESUME]
    return ["all", *sums, *worst, f"{seconds:.0f}"]


def _worst(row: Row, kind: str) -> str:
    """The longest time to resume; a star marks one above what is promised."""
    longest = max((each[2] for each in row.tally.resumed if each[0] == kind), default=None)
    if longest is None:
        return "-"
    return f"{longest:.2f}{'*' if longest > RESUME[kind] else ''}"


def _as_number(cell: str) -> float:
    return -1.0 if cell == "-" else float(cell.rstrip("*"))


def _slow(row: Row) -> list[str]:
    late = [each for each in row.tally.resumed if each[2] > RESUME[each[0]]]
    count = len(row.tally.resumed)
    return [
        f"* {row.name}: {seconds:.2f} s after the return of a {kind}: {what} ({count} measured)"
        for kind, what, seconds in late
    ]


def _line(cells: Sequence[object]) -> str:
    widths = [22, *(max(6, len(header)) for header in HEADERS[1:])]
    first, *rest = (str(cell) for cell in cells)
    padded = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
    return " ".join([first.ljust(widths[0]), *padded])
