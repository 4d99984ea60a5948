"""The table of all rows, and the details below it."""

from collections.abc import Sequence

from .row import Row

#: `ok` to `wrong`, and `recovered` to `repeated`, are described in checker.py, Verdict. `worker s`
#: and `server s` are the longest times until a post completed, after the return of a worker or a
#: server.
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
    "told",
    "repeated",
    "kills",
    "worker s",
    "server s",
    "took s",
)

#: Seconds until work must resume after the return of a worker, and of a server.
RESUME_WITHIN = {"worker": 2.0, "server": 5.0}

#: Faults printed for each row, and characters of each.
MAX_FAULTS, MAX_CHARACTERS = 12, 1000


def report(rows: Sequence[Row]) -> str:
    """The table, then late returns and faults."""
    lines = [_line(HEADERS), _line(["-" * len(header) for header in HEADERS])]
    lines += [_line(_cells(row)) for row in rows]
    lines.append(_line(_totals(rows)))
    lines += [f"{row.name} was skipped: {row.skipped}" for row in rows if row.skipped]
    for row in rows:
        lines += _late_returns(row)
        if faults := row.verdict.faults:
            lines.append(f"\n{row.name} (seed {row.seed}), {len(faults)} faults:")
            lines += [f"  {fault[:MAX_CHARACTERS]}" for fault in faults[:MAX_FAULTS]]
    return "\n".join(lines)


def failed(rows: Sequence[Row]) -> bool:
    """Whether a row has a fault."""
    return any(row.verdict.faults for row in rows)


def _cells(row: Row) -> list[object]:
    verdict = row.verdict
    return [
        row.name,
        verdict.attempts,
        verdict.acknowledged,
        verdict.ok,
        len(verdict.lost),
        len(verdict.unexpected),
        len(verdict.duplicated),
        len(verdict.wrong),
        verdict.recovered,
        verdict.told,
        verdict.repeated,
        row.tally.kills,
        _longest(row, "worker"),
        _longest(row, "server"),
        f"{row.seconds:.0f}",
    ]


def _totals(rows: Sequence[Row]) -> list[object]:
    cells = [_cells(row) for row in rows]
    sums = [sum(int(str(line[column])) for line in cells) for column in range(1, 12)]
    seconds = sum(row.seconds for row in rows)
    longest = [max((_longest(row, kind) for row in rows), key=_as_number) for kind in RESUME_WITHIN]
    return ["all", *sums, *longest, f"{seconds:.0f}"]


def _longest(row: Row, kind: str) -> str:
    """The longest time until work resumed. A star marks one above RESUME_WITHIN."""
    longest = max((each[2] for each in row.tally.resumed if each[0] == kind), default=None)
    if longest is None:
        return "-"
    return f"{longest:.2f}{'*' if longest > RESUME_WITHIN[kind] else ''}"


def _as_number(cell: str) -> float:
    return -1.0 if cell == "-" else float(cell.rstrip("*"))


def _late_returns(row: Row) -> list[str]:
    late = [each for each in row.tally.resumed if each[2] > RESUME_WITHIN[each[0]]]
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
