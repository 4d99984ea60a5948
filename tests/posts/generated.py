"""Random posts with the text that a reader must see, known from how they are built.

They have no raw HTML of the allow-list. Every piece of text is Markdown that means one thing.
"""

# ruff: noqa: RUF001 - the words have letters of many scripts

import re
from typing import NamedTuple

from hypothesis import strategies as st

from tests.posts import Post

#: The place of a footnote's number.
_NOTE = "\ue000"


class Piece(NamedTuple):
    """Source text, and what a reader sees of it. Words of `shown` are separated by spaces."""

    source: str
    shown: str


class Block(NamedTuple):
    """Lines, what a reader sees of them, and the kind of the block."""

    lines: list[str]
    shown: str
    kind: str


Pieces = st.SearchStrategy[Piece]
Blocks = st.SearchStrategy[Block]

_LETTERS = "abeghinorstzABEGLMäéßñżøšДжяαωδ中文字かなカ한국עבرحबन"

#: Words that may also stand at the start of a line.
_FIRST = [
    *("#1", "#!/bin/bash", "#general", "#C#", "@ann", ".@ben", "cc:@carl", "(a)", '"yes"', "'no'"),
    *("<3", "<-", "->", "--flag", "-1", "+1", "~5%", "$5.50", "€3,20", "/tmp/x_y", "\\o/"),
    *(":-)", ":D", "^^", "%20", "…", "„Ja“", "（注）", "「はい」", "¿Qué?", "1.2.3", "10:30"),
    "2026-01-02",
    *("C:\\Users\\ann", "a_b_c", "snake_case_", "f(x)[0]", "{x}", "{{ y }}", "[0,", "x=1;"),
    *("AT&T", "R&D", "&copy", "&&", "||", "!important", "!", "?", "…", "1)x", "2.x", ";-)", "a.b"),
    *("👍", "👩‍💻", "🇩🇪", "❤️", "ﷺ", "é", "ﬁ", "𝕏", "x²", "½", "№", "™"),
]

#: Words that mean something else at the start of a line.
_INNER = [
    *("1986.", "2)", "#", "##", "-", "+", ">", ">>", "=", "==", "---", "===", "|", "~", "<"),
    *("<=", "<>"),
    *("*", "**", "_", "__", "![", "[1]", "[x]", "]", "!=", "a\\b", "a<bb", "cc>d"),
    *("<path>", "<user>@<host>", "<T>", "vector<int>", "Map<K,", "V>", "Promise<void>", "<title>"),
    *("<script>", "</script>", "<style>", "<template>", "<!x>", "<?php echo 1; ?>", "<1>"),
    *("i<n", "j>m)"),
    *("<select>", "<textarea>", "<svg>", "<math>", "<object,", "<init>", "</path>", "<x/>", "<-3"),
]

#: Safe inside of emphasis and links: without signs that could end it.
_PLAIN = [each for each in _FIRST if not re.search(r"[\\*_\[\]<>!~`&{}|@#:/.(]", each)]

_SENTENCE_ENDS = [",", ".", "!", "?", ";", ":", "…", "。", ")"]

_NAMES = ["@ann", "@ben_b", "#general", "#ops-2"]
_EMOJI = [Piece(":tada:", "🎉"), Piece(":+1:", "👍"), Piece(":rocket:", "🚀")]
_URLS = [
    "https://a.example",
    "https://b.example/x_y_z/?a=1&b=2#c",
    "http://c.example:8080/a%20b/~d",
    "https://xn--bcher-kva.example/%E4%B8%AD",
    "www.d.example/e",
]
_LINK_TARGETS = ["https://a.example/(x)", "<https://b.example/a b>", 'https://c.example "A *t*"']
#: Words after a fence that are code.
_COMMANDS = ["python manage.py migrate", "sql SELECT 1;", "go test ./...", "I said so"]
_LANGUAGES = ["", "python", "js", "rust,ignore", "JSON", "sh session", "c++", "text", "no-such"]


def _pieces(words: list[str]) -> Pieces:
    return st.sampled_from([Piece(word, word) for word in words])


def _between(sign: str, inner: Pieces) -> Pieces:
    return inner.map(lambda piece: Piece(f"{sign}{piece.source}{sign}", piece.shown))


_word = st.text(_LETTERS, min_size=1, max_size=8).map(lambda word: Piece(word, word))
_plain = _word | _pieces(_PLAIN)


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(
        " ".join(piece.source for piece in pieces), " ".join(piece.shown for piece in pieces)
    )


def _line_of(first: Pieces, rest: Pieces, most: int) -> Pieces:
    """A first piece, and up to `most` others."""
    return st.builds(
        lambda one, others: _joined([one, *others]), first, st.lists(rest, max_size=most)
    )


_phrase = _line_of(_word, _plain, 2).flatmap(
    lambda piece: _word.map(lambda last: _joined([piece, last]))
)
_code = st.text("abc <>&*_#|@:[]()\\/$~!-=1.", min_size=1, max_size=12).map(
    lambda code: Piece(f"`x{code}x`", f"x{code}x")
)
_escaped = st.sampled_from("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").map(
    lambda sign: Piece(f"\\{sign}x", f"{sign}x")
)
_entity = st.sampled_from(
    [Piece("&amp;", "&"), Piece("&lt;b&gt;", "<b>"), Piece("&copy;", "©"), Piece("&#8364;", "€")]
)
_link = st.builds(
    lambda piece, target: Piece(f"[{piece.source}]({target})", piece.shown),
    _phrase,
    st.sampled_from(_LINK_TARGETS),
)
#: Calls, pronouns, files of a project and words like entities: no links and no signs.
_written = st.builds(
    lambda sign, name, target: Piece(
        f"{sign}[{name.source}]({target})", f"{sign}[{name.shown}]({target})"
    ),
    st.sampled_from(["", "!"]),
    _word,
    st.sampled_from(["", "event", "she/her", "docs/a.md", "./b.png", "ftp://c.example/d"]),
) | _pieces(["&notify;", "&copyright;", "<ftp://a.example/b>", "f[0](x)", "x[i]()"])
_image = _phrase.map(
    lambda piece: Piece(f"![{piece.source}](https://i.example/p.png)", piece.shown)
)
_marked = st.one_of(
    *(_between(sign, _phrase) for sign in ("*", "**", "_", "__", "~~", "***")),
    _code,
    _link,
    _image,
    _written,
)
_ended = st.builds(
    lambda piece, end: Piece(piece.source + end, piece.shown + end),
    _marked | _pieces(_URLS),
    st.sampled_from(_SENTENCE_ENDS[:5]),
)
_enclosed = st.builds(
    lambda signs, piece: Piece(
        signs[0] + piece.source + signs[1], signs[0] + piece.shown + signs[1]
    ),
    st.sampled_from(["()", "（）", "「」", '""', "“”", "。，", "：！", "{}"]),
    st.one_of(_marked, _pieces(_URLS), _pieces(_NAMES)),
)
_within_a_word = st.builds(
    lambda before, piece, after: Piece(
        before.source + piece.source + after.source, before.shown + piece.shown + after.shown
    ),
    _word,
    st.one_of(_between("*", _word), _between("**", _word), _code, _link),
    _word,
)
_noted = _word.map(lambda piece: Piece(f"{piece.source}[^{_NOTE}]", piece.shown))
_safe = st.one_of(_word, _marked, _ended, _pieces(_NAMES), st.sampled_from(_EMOJI), _pieces(_URLS))
_inline = st.one_of(
    *(_safe, _safe, _pieces(_FIRST), _escaped, _entity, _noted, _enclosed, _within_a_word)
)
_any = st.one_of(_inline, _inline, _pieces(_INNER))

#: One line of prose. It begins like no other block.
_line = _line_of(st.one_of(_word, _marked, _pieces(_FIRST)), _any, 6)


def _paragraph_of(lines: list[Piece], breaks: list[str]) -> Block:
    ended = [line.source + end for line, end in zip(lines, breaks, strict=True)]
    ended[-1] = lines[-1].source
    return Block(ended, " ".join(line.shown for line in lines), "paragraph")


_paragraph: Blocks = st.lists(_line, min_size=1, max_size=4).flatmap(
    lambda lines: st.lists(
        st.sampled_from(["", "", "  "]), min_size=len(lines), max_size=len(lines)
    ).map(lambda breaks: _paragraph_of(lines, breaks))
)
_heading: Blocks = st.builds(
    lambda level, line: Block([f"{'#' * level} {line.source}"], line.shown, "heading"),
    st.integers(1, 6),
    _line_of(_word, _inline, 3),
)
#: Stars and lines that would begin emphasis, in a paragraph without any.
_globs: Blocks = st.lists(
    st.one_of(_word, _pieces(["*.py", "**/x", "_private", "__x", "~/x"])), min_size=1, max_size=6
).map(lambda pieces: Block([f"a {_joined(pieces).source}"], f"a {_joined(pieces).shown}", "globs"))
_rule: Blocks = st.sampled_from(["***", "* * *", "___"]).map(lambda rule: Block([rule], "", "rule"))
_code_lines = st.lists(
    st.text("ab <>&*_#|@:[](){}\\/$~!-=1.\"'", max_size=20).map(lambda line: f"x{line}"),
    min_size=1,
    max_size=4,
)
_fence: Blocks = st.builds(
    lambda fence, language, lines: Block(
        [fence + language, *lines, fence], " ".join(lines), "fence"
    ),
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(_LANGUAGES),
    _code_lines,
)
_begun_fence: Blocks = st.builds(
    lambda fence, first, lines: Block(
        [fence + first, *lines, fence], " ".join([first, *lines]), "fence"
    ),
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(_COMMANDS),
    st.just([]) | _code_lines,
)
#: Logs and speakers: definitions of links that nothing uses.
_labelled: Blocks = st.builds(
    lambda label, word: Block([f"[{label}]: {word}"], f"[{label}]: {word}", "paragraph"),
    st.sampled_from(["TODO", "12:30:45", "INFO", "ann", "a b"]),
    st.sampled_from(["fix-this", "/var/log/app.log", "2024-01-02", "ann@e.example", "yes", "a_b"]),
)
_indented: Blocks = _code_lines.map(
    lambda lines: Block([f"    {line}" for line in lines], " ".join(lines), "indented")
)


def _table_of(rows: list[list[Piece]], surplus: list[Piece]) -> Block:
    """The last row has more cells than the head. A reader sees the bars between these."""
    written = [" | ".join(cell.source for cell in row) for row in rows]
    rule = "|" + " --- |" * len(rows[0])
    shown = " ".join(cell.shown for row in rows for cell in row)
    if len(rows) > 1:
        written[-1] += "".join(f" | {cell.source}" for cell in surplus)
        shown += "".join(f" | {cell.shown}" for cell in surplus)
    head, *body = [f"| {row} |" for row in written]
    return Block([head, rule, *body], shown, "table")


_cell = st.lists(st.one_of(_word, _pieces(_PLAIN), _link), min_size=1, max_size=3).map(_joined)
_table: Blocks = st.integers(1, 4).flatmap(
    lambda columns: st.builds(
        _table_of,
        st.lists(st.lists(_cell, min_size=columns, max_size=columns), min_size=1, max_size=4),
        st.lists(_cell, max_size=2),
    )
)


def _indent(lines: list[str], by: int) -> list[str]:
    return [" " * by + line if line else line for line in lines]


def _list_of(items: list[tuple[Piece, Block | None]], first: int | None, loose: bool) -> Block:
    lines: list[str] = []
    shown: list[str] = []
    for place, (text, inner) in enumerate(items):
        marker = "-" if first is None else f"{first + place}."
        lines.append(f"{marker} {text.source}")
        shown += [text.shown] if first is None else [marker, text.shown]
        if inner:
            # Numbers other than 1 begin no list right after a line.
            blank = loose or inner.kind == "list"
            lines += _indent([""] * blank + inner.lines, len(marker) + 1)
            shown.append(inner.shown)
        lines += [""] * loose
    return Block(lines, " ".join(shown), "list")


def _lists(inner: Blocks) -> Blocks:
    return st.builds(
        _list_of,
        st.lists(st.tuples(_line, st.none() | inner), min_size=1, max_size=4),
        st.none() | st.sampled_from([1, 2, 7, 10, 1986]),
        st.booleans(),
    )


_tasks: Blocks = st.lists(st.tuples(st.sampled_from(" x"), _line), min_size=1, max_size=3).map(
    lambda items: Block(
        [f"- [{sign}] {line.source}" for sign, line in items],
        " ".join(("☑ " if sign == "x" else "☐ ") + line.shown for sign, line in items),
        "list",
    )
)


def _quotes(inner: Blocks) -> Blocks:
    return inner.map(
        lambda block: Block([f"> {line}".rstrip() for line in block.lines], block.shown, "quote")
    )


_leaf = st.one_of(
    *(_paragraph, _paragraph, _heading, _fence, _begun_fence, _table, _globs, _labelled)
)
_nested = st.recursive(
    _leaf, lambda inner: st.one_of(_lists(inner), _quotes(inner), _tasks), max_leaves=4
)
_block = st.one_of(_nested, _nested, _rule, _indented)

#: Blocks that need no blank line before them, behind these kinds.
_JOINS = {
    "paragraph": {"heading", "fence", "quote", "table", "rule"},
    "heading": {"paragraph", "heading", "fence", "list", "quote", "table", "rule"},
    "fence": {"paragraph", "heading", "fence", "list", "quote", "table", "rule"},
    "rule": {"paragraph", "heading", "fence", "quote", "table", "rule"},
}


def _post_of(blocks: list[Block], tight: list[bool], note: Piece) -> Post:
    lines: list[str] = []
    shown: list[str] = []
    before = ""
    for block, is_tight in zip(blocks, tight, strict=True):
        if before == "list" and block.kind in {"list", "indented"}:
            # Two lists would be one, and the code a part of the list.
            lines += ["", "between"]
            shown.append("between")
        lines += [] if is_tight and block.kind in _JOINS.get(before, ()) else [""]
        lines += block.lines
        shown.append(block.shown)
        before = block.kind
    source, notes = _numbered("\n".join(lines).lstrip("\n"), note)
    reads = " ".join(shown)
    return Post("generated", source, reads, notes, reads, [])


def _numbered(source: str, note: Piece) -> tuple[str, str]:
    """The source with its footnotes, and what a reader sees of these."""
    first, *others = source.split(_NOTE)
    numbered = first + "".join(f"{place}{part}" for place, part in enumerate(others, 1))
    numbers = range(1, len(others) + 1)
    definitions = "".join(f"\n\n[^{number}]: {note.source}" for number in numbers)
    return numbered + definitions, " ".join(f"{number}. {note.shown}" for number in numbers)


def _sized(blocks: list[Block]) -> st.SearchStrategy[Post]:
    tight = st.lists(st.booleans(), min_size=len(blocks), max_size=len(blocks))
    return st.builds(_post_of, st.just(blocks), tight, _line_of(_word, _safe, 3))


GENERATED: st.SearchStrategy[Post] = st.lists(_block, min_size=1, max_size=6).flatmap(_sized)
