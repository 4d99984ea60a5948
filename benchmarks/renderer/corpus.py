"""A generated corpus: 240 posts of 200 bytes to 16 KB, the same ones on every machine.

Three in six posts have 200 to 600 bytes (a message), two 600 to 3,000 (a comment), and one 3,000
to 16,000 (an article); the mean is 2.0 KB. Each post is a row of random blocks. Half of the blocks
are paragraphs of English words with emphasis, links, bare URLs, code, mentions and emoji codes.
The others are lists, task lists, quotes, code in four languages, and tables or headings.
"""

import random
from collections.abc import Callable

#: Least and most bytes of a post. A size that is listed more often is more frequent.
SIZES = [(200, 600)] * 3 + [(600, 3_000)] * 2 + [(3_000, 16_000)]

POSTS = 240

_WORDS = (
    *("the", "a", "of", "and", "to", "is", "in", "that", "we", "it", "for", "on", "with", "this"),
    *("service", "queue", "message", "answer", "request", "failure", "memory", "worker", "reader"),
    *("when", "because", "then", "which", "before", "after", "while", "never", "always", "often"),
    *("measure", "deploy", "restart", "broken", "slow", "quick", "large", "small", "tomorrow"),
    *("yesterday", "people", "machine", "network", "release", "question", "problem", "solution"),
)

_CODE = (
    "```python\ndef total(rows):\n    return sum(row['price'] for row in rows)  # euros\n```",
    '```json\n{"name": "post", "size": 17, "tags": ["a", "b"], "public": true}\n```',
    "```sql\nSELECT author, count(*) FROM posts WHERE channel = 'general' GROUP BY author;\n```",
    '```bash\nfor file in *.md; do wc -c "$file" | tee -a sizes.txt; done\n```',
)


def corpus() -> list[str]:
    """All posts, with mixed sizes."""
    rng = random.Random(7)
    return [_post(rng, rng.randint(*SIZES[number % len(SIZES)])) for number in range(POSTS)]


def _post(rng: random.Random, size: int) -> str:
    """Blocks, cut off at the size."""
    post = ""
    while len(post) < size:
        post += rng.choice(_BLOCKS)(rng) + "\n\n"
    return post[:size]


def _words(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(least, most)))


def _sentence(rng: random.Random) -> str:
    words = _words(rng, 3, 9)
    marked = rng.choice(
        (
            f"*{words}*",
            f"**{words}**",
            f"[{words}](https://example.org/{rng.randint(1, 9999)})",
            f"https://example.com/page/{rng.randint(1, 9999)}?from=post",
            f"`{words}`",
            f"@{rng.choice(_WORDS)} {words} :tada:",
            words,
            words,
        )
    )
    return f"{_words(rng, 2, 8).capitalize()} {marked} {_words(rng, 2, 8)}."


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.randint(1, 5)))


def _list(rng: random.Random) -> str:
    return "\n".join(f"- {_sentence(rng)}" for _ in range(rng.randint(2, 6)))


def _tasks(rng: random.Random) -> str:
    boxes = (rng.choice(" x") for _ in range(rng.randint(2, 5)))
    return "\n".join(f"- [{box}] {_words(rng, 3, 9)}" for box in boxes)


def _quote(rng: random.Random) -> str:
    return f"> {_paragraph(rng)}\n>\n> {_sentence(rng)}"


def _code(rng: random.Random) -> str:
    return rng.choice(_CODE)


def _table_or_heading(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return f"## {_words(rng, 2, 6).capitalize()}"
    rows = (
        f"| {_words(rng, 1, 3)} | {rng.randint(1, 999)} | `{rng.choice(_WORDS)}` |"
        for _ in range(rng.randint(2, 6))
    )
    return "\n".join(("| what | how many | name |", "| --- | ---: | --- |", *rows))


_BLOCKS: list[Callable[[random.Random], str]] = [
    *[_paragraph] * 5,
    *(_list, _tasks, _quote, _code, _table_or_heading),
]
