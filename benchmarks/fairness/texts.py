"""Texts of the accounts: light posts, heavy posts, and posts with links."""

import itertools
import time

from splitflap_renderer.render import render

from benchmarks.renderer.corpus import corpus

#: Bytes of the heavy texts: 50 to 300 ms of CPU in each form.
_TABLES, _LISTS, _PASTES = (9_000, 20_000, 40_000), (7_000, 15_000, 30_000), (30_000, 60_000)


def light() -> list[str]:
    """Ordinary posts of 200 to 600 bytes, without URLs: nothing of them is for the scraper."""
    texts = (each.replace("https://", "") for each in corpus())
    return [each for each in texts if len(each) < 600]


def heavy() -> list[str]:
    """Posts as people write or paste them: a long table, a long list of tasks, a dump, a script."""
    forms = ((_table(), _TABLES), (_tasks(), _LISTS), (_dump(), _PASTES), (_script(), _PASTES))
    return [text[:size] for text, sizes in forms for size in sizes]


def mean_cpu(texts: list[str]) -> float:
    """CPU seconds of a text in this process."""
    render(texts[0], "markdown")
    began = time.process_time()
    for each in texts:
        render(each, "markdown")
    return (time.process_time() - began) / len(texts)


def linking(port: int, seconds: float, network: int, count: int, links: int = 1) -> list[str]:
    """Posts with links to pages of site.py, each on another address of 127.NETWORK.0.0/16."""
    pairs = itertools.product(range(250), range(1, 251))
    urls = (f"http://127.{network}.{a}.{b}:{port}/after/{seconds:g}" for a, b in pairs)
    return [f"Read {' '.join(itertools.islice(urls, links))}" for _ in range(count)]


def _table() -> str:
    rows = (
        f"| {n} | {n * 7 % 999} | `part-{n}` | *yes* | {n % 24}:{n % 60} |" for n in range(2000)
    )
    return "\n".join(("| id | price | name | there | at |", "|---|---|---|---|---|", *rows))


def _tasks() -> str:
    return "\n".join(
        f"{'  ' * (n % 4)}- [ ] *task* {n} for **us** in `file{n}`" for n in range(2000)
    )


def _dump() -> str:
    rows = (f"INSERT INTO parts VALUES ({n}, 'part {n}', {n * 3}, NULL);" for n in range(3000))
    return "\n".join(("```sql", *rows))


def _script() -> str:
    rows = (f"const a{n} = f({n}, x => x.b[{n}] + `t${{x}}`, {{k: {n}}});" for n in range(3000))
    return "\n".join(("```js", *rows))
