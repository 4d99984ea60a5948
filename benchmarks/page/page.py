"""The board in headless Chromium: frames a second while 1,000 cards are scrolled.

Each post has a link with a card and an image, code and a list. The page scrolls by script in each
frame, from the newest post to the oldest and back. The browser draws without a graphics card.
"""

import statistics
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Page, ViewportSize

from benchmarks.harness.bench import KEY, RunningApi, bench, create_post
from benchmarks.harness.table import Line, at_least, note, show
from benchmarks.harness.waiting import wait_until
from tests.browser.rig import chromium
from tests.system.rig.client import Client

CARDS = 1000
ROUNDS = 3
CLIENTS = 8

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}

#: Pixels that the page moves in a second: fast reading.
SPEED = 3000

TEXT = """**Post {number}** with a list and a link to a card

- one *item*
- another with `code`

```python
print({number})
```

{origin}/about?number={number}
"""

#: Scrolls to the end and back, and returns the milliseconds of each frame.
SCROLL = """speed => new Promise(resolve => {
    const end = document.scrollingElement.scrollHeight - innerHeight;
    const frames = [];
    let place = 0, direction = 1, last = performance.now();
    const frame = now => {
        frames.push(now - last);
        place += direction * speed * (now - last) / 1000;
        last = now;
        if (place >= end) direction = -1;
        if (place <= 0 && direction < 0) return resolve(frames);
        scrollTo(0, Math.min(place, end));
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""


def main() -> None:
    """Measure, and print the table."""
    rate = Line("frames a second", at_least(50))
    slow = Line("ms of a frame, 99th percentile")
    slowest = Line("ms of the slowest frame")
    with bench(servers=False) as it, it.up() as api:
        _fill(api)
        for number in range(ROUNDS):
            note(f"page: round {number + 1} of {ROUNDS}")
            frames = _round(api)
            rate.add(1000 * len(frames) / sum(frames))
            slow.add(statistics.quantiles(frames, n=100)[98])
            slowest.add(max(frames))
    show(f"page: {CARDS:,} cards scrolled at {SPEED:,} pixels a second", rate, slow, slowest)


def _fill(api: RunningApi) -> None:
    """Create the posts, and wait until all have their cards."""
    origin = f"http://127.0.0.1:{api.port}"

    def create(number: int) -> None:
        create_post(api, TEXT.format(number=number, origin=origin)).raise_for_status()

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(create, range(CARDS)))
    client = Client(origin, KEY)
    wait_until(lambda: _cards(client) == CARDS, f"{CARDS} cards", 600)


def _cards(client: Client) -> int:
    posts = client.posts("general")
    return sum(link["preview"]["state"] == "ready" for post in posts for link in post["links"])


def _round(api: RunningApi) -> list[float]:
    """Load all posts in a fresh browser, scroll, and return the milliseconds of each frame."""
    with chromium.running() as started:
        tab = started.browser.new_page(viewport=VIEWPORT)
        tab.goto(f"http://127.0.0.1:{api.port}/#key={KEY}")
        _load_all(tab)
        frames: list[float] = tab.evaluate(SCROLL, SPEED)
    return frames


def _load_all(tab: Page) -> None:
    """Scroll until the board has read its oldest post."""
    posts = tab.get_by_role("article")
    while posts.count() < CARDS:
        tab.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
        tab.wait_for_timeout(50)
    tab.evaluate("scrollTo(0, 0)")
    tab.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
