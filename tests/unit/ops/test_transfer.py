"""The parts of `splitflap import`: its batches and its state."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from splitflap.errors import CommandError
from splitflap.transfer.lines import (
    MAX_BYTES,
    MAX_LINE,
    MAX_POSTS,
    Batch,
    Changed,
    Position,
    batch_between,
    batches,
)
from splitflap.transfer.state import Part, Sending, State, load, save


def ndjson(*posts: Any) -> bytes:
    """A line for each post."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in posts)


def read(data: bytes, begin: Position | None = None) -> list[Batch]:
    """All batches after a position."""
    return list(batches(io.BytesIO(data), begin or Position()))


def numbers(batch: Batch) -> Sequence[int]:
    """The lines of a batch."""
    return [each.number for each in batch.lines]


TEXTS = [{"text": f"post {number}"} for number in range(250)]


def test_a_batch_has_a_limited_number_of_posts() -> None:
    """All lines are in one batch, in order."""
    made = read(ndjson(*TEXTS))
    assert [len(each.lines) for each in made] == [MAX_POSTS] * (250 // MAX_POSTS)
    assert [number for each in made for number in numbers(each)] == list(range(1, 251))
    assert made[0].lines[0].post == b'{"text":"post 0"}'


def test_a_batch_has_a_limited_size() -> None:
    """A larger post is in a batch of its own, up to the API's limit of a body."""
    made = read(ndjson(*[{"text": "x" * 65_000}] * 9, {"text": "x" * 500_000}, {"text": "a"}))
    assert [len(each.lines) for each in made] == [4, 4, 1, 1, 1]
    sizes = [sum(len(each.post) + 1 for each in batch.lines) for batch in made]
    assert [size <= MAX_BYTES for size in sizes] == [True, True, True, False, True]


def test_batches_after_a_position_are_those_of_the_first_run() -> None:
    """So they have the same idempotency keys."""
    data = ndjson(*TEXTS)
    whole = read(data)
    assert read(data, whole[0].end) == whole[1:]
    assert read(data, whole[-1].end) == []


@pytest.mark.parametrize("more", [b"", b"\n" + ndjson({"text": "new"}), b" \n"])
def test_a_batch_that_was_sent_is_read_as_it_was(more: bytes) -> None:
    """Although lines were added, and the batches of this run have another size."""
    data = ndjson(*TEXTS).rstrip()
    last = read(data)[-2:]
    last[0].end = last[1].end
    last[0].lines += last[1].lines
    assert batch_between(io.BytesIO(data + more), last[0].begin, last[0].end) == last[0]
    for changed in (data.replace(b"post 249", b"post X49"), data[:-20]):
        with pytest.raises(Changed):
            batch_between(io.BytesIO(changed), last[0].begin, last[0].end)


def test_lines_may_be_added_at_the_end() -> None:
    """The import goes on with them."""
    data = ndjson(*TEXTS)
    end = read(data)[-1].end
    (more,) = read(data + ndjson({"text": "new"}), end)
    assert numbers(more) == [251]


def test_a_file_that_has_changed_is_not_gone_on_with() -> None:
    """One changed byte before the position, or a shorter file."""
    data = ndjson(*TEXTS)
    begin = read(data)[0].end
    for changed in (data.replace(b"post 3", b"post X", 1), data[:100]):
        with pytest.raises(Changed):
            read(changed, begin)


WRONG = {
    "nonsense": "The line is not JSON",
    '{"text": "a"': "The line is not JSON",
    "[" * 100_000: "The line is not JSON",
    '{"parent": NaN}': "The line is not JSON",
    '{"text": "a", "text": "b"}': "The line is not JSON",
    "[]": "The line is no post",
    "3": "The line is no post",
    '{"text": "\\ud800"}': "The line is not Unicode",
    json.dumps({"text": "x" * MAX_LINE}): "The line is too large",
}


@pytest.mark.parametrize("line", WRONG, ids=range(len(WRONG)))
def test_a_line_that_is_no_post_is_refused(line: str) -> None:
    """The lines around it are imported, and an empty one is nothing."""
    data = ndjson({"text": "a"}) + b"\n" + line.encode() + b"\n" + ndjson({"text": "b"})
    (made,) = read(data)
    assert numbers(made) == [1, 4]
    assert [(each.line, each.problem["title"]) for each in made.refusals] == [(3, WRONG[line])]


def test_the_id_of_an_exported_post_is_left_out() -> None:
    """The new post has its own."""
    (made,) = read(ndjson({"id": "1", "text": "a", "parent": None}))
    assert made.lines[0].post == b'{"text":"a","parent":null}'


def test_the_state_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """A new one if there is none."""
    path = tmp_path / "state"
    assert load(path, "http://a") == State("http://a")
    first, second, *_ = read(ndjson([], *TEXTS))
    sending = Sending(second.end, [Part([26, 27], "key")], first.refusals)
    assert sending.refusals
    state = State("http://a", first.end, 98, 2, 300, sending)
    save(path, state)
    assert load(path, "http://a") == state


def test_a_state_of_another_import_is_refused(tmp_path: Path) -> None:
    """Of another API, or no state at all."""
    path = tmp_path / "state"
    save(path, State("http://a"))
    with pytest.raises(CommandError, match="to http://a, not to http://b"):
        load(path, "http://b")
    path.write_bytes(b"{")
    with pytest.raises(CommandError, match="cannot read the state"):
        load(path, "http://a")
