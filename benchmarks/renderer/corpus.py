"""A made-up corpus: 240 posts of 200 bytes to 16 KB, the same ones on every machine.

Of six posts, three have 200 to 600 bytes (a message), two 600 to 3,000 (a comment), and one 3,000
to 16,000 (an article); 2.0 KB in the mean. Each is a row of blocks: of ten, five paragraphs of
English words with emphasis, links, bare URLs, code, mentions and emoji codes, and one each of a
list, a list of tasks, a quote, a block of code in one of four languages, and a table or a heading.
"""

import random
from collections.abc import Callable

#: Bytes of a post, from and to, in the proportion of their number in this list.
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
    """The posts, in an order that mixes their sizes."""
    dice = random.Random(7)
    return [_post(dice, dice.randint(*SIZES[number % len(SIZES)])) for number in range(POSTS)]


def _post(dice: random.Random, size: int) -> str:
    """Blocks until it is long enough; cut to the size, as somebody's post ends anywhere."""
    post = ""
    while len(post) < size:
        post += dice.choice(_BLOCKS)(dice) + "\n\n"
    return post[:size]


def _words(dice: random.Random, least: int, most: int) -> str:
    return " ".join(dice.choices(_WORDS, k=dice.randint(least, most)))


def _sentence(dice: random.Random) -> str:
    words = _words(dice, 3, 9)
    marked = dice.choice(
        (
            f"*{words}*",
            f"**{words}**",
            f"[{words}](https://example.org/{dice.randint(1, 9999)})",
            f"https://example.com/page/{dice.randint(1, 9999)}?from=post",
            f"`{words}`",
            f"@{dice.choice(_WORDS)} {words} :tada:",
            words,
            words,
        )
    )
    return f"{_words(dice, 2, 8).capitalize()} {marked} {_words(dice, 2, 8)}."


def _paragraph(dice: random.Random) -> str:
    return " ".join(_sentence(dice) for _ in range(dice.randint(1, 5)))


def _list(dice: random.Random) -> str:
    return "\n".join(f"- {_sentence(dice)}" for _ in range(dice.randint(2, 6)))


def _tasks(dice: random.Random) -> str:
    boxes = (dice.choice(" x") for _ in range(dice.randint(2, 5)))
    return "\n".join(f"- [{box}] {_words(dice, 3, 9)}" for box in boxes)


def _quote(dice: random.Random) -> str:
    return f"> {_paragraph(dice)}\n>\n> {_sentence(dice)}"


def _code(dice: random.Random) -> str:
    return dice.choice(_CODE)


def _table_or_heading(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return f"## {_words(dice, 2, 6).capitalize()}"
    rows = (
        f"| {_words(dice, 1, 3)} | {dice.randint(1, 999)} | `{dice.choice(_WORDS)}` |"
        for _ in range(dice.randint(2, 6))
    )
    return "\n".join(("| what | how many | name |", "| --- | ---: | --- |", *rows))


_BLOCKS: list[Callable[[random.Random], str]] = [
    *[_paragraph] * 5,
    *(_list, _tasks, _quote, _code, _table_or_heading),
]
