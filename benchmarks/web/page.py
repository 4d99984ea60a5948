"""The board with 1,000 cards in headless Chromium: frames of its scroll, and the cost of an event.

Each post has a link with a card, code and a list. The page scrolls by script in each frame, from
the newest post to the oldest and back. A frame counts when the page's own thread has painted it.
The browser draws without a graphics card, on the CPUs of the service. Two baselines in the same
browser show its part: an empty page of the same length, and the same cards without
`content-visibility`.
"""

import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from playwright.sync_api import CDPSession, Page, ViewportSize

from benchmarks.harness.bench import KEY, RunningApi, bench, create_post
from benchmarks.harness.table import Line, at_least, note, show
from benchmarks.harness.waiting import wait_until
from tests.browser.rig import chromium
from tests.system.rig.client import Client

CARDS = 1000
ROUNDS = 3
CLIENTS = 8

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}

#: Pixels that the page moves in a second: reading, a fast wheel, a flick through the whole page.
SPEEDS = (500, 3_000, 30_000)

#: Seconds of one scroll, and milliseconds of rest before it.
SCROLL_SECONDS = 6
SETTLE_MS = 1000

#: Events of each kind in one round.
EVENTS = 25

#: The scraper waits between two requests to one host.
SETTINGS = {"SPLITFLAP_SCRAPE_HOST_RATE": "1000"}

TEXT = """**Post {number}** with a list and a link to a card

- one *item*
- another with `code`

```python
print({number})
```

{origin}/about?number={number}
"""

#: Scrolls for some seconds, and returns the milliseconds of each frame and of each long task.
SCROLL = """([speed, seconds]) => new Promise(resolve => {
    const end = document.scrollingElement.scrollHeight - innerHeight;
    const frames = [], tasks = [];
    const observer = new PerformanceObserver(
        list => tasks.push(...list.getEntries().map(({ duration }) => duration)));
    observer.observe({ type: 'longtask' });
    const began = performance.now();
    let place = 0, direction = 1, last = began;
    const frame = now => {
        frames.push(now - last);
        place += direction * speed * (now - last) / 1000;
        last = now;
        if (place >= end) direction = -1;
        if (place <= 0) direction = 1;
        if (now - began > seconds * 1000) {
            observer.disconnect();
            return resolve([frames, tasks]);
        }
        scrollTo(0, Math.max(0, Math.min(place, end)));
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""

#: Lays out and paints every card. The policy of the page forbids a style element.
PAINT_ALL = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('.posts, board-post { content-visibility: visible; contain: none; }');
    document.adoptedStyleSheets.push(sheet);
}"""

EMPTY = "<!doctype html><title>empty</title><body><div style='height:{height}px'></div>"

KINDS = ("changed", "new")

#: Applies events as the stream does, each in a frame of its own; `rest` are frames without one.
APPLY = """async ([kind, count]) => {
    const { store } = document.querySelector('post-feed');
    const posts = store.shown;
    for (let number = 0; number < count; number += 1) {
        const old = posts[number % posts.length];
        const html = `${old.html}<p>${number}</p>`;
        const id = `ffffffff-ffff-7fff-8fff-${String(Date.now()).slice(-12)}`;
        if (kind === 'changed') store.apply(old.id, { ...old, html });
        if (kind === 'new') store.apply(id, { ...old, id, html });
        await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    }
}"""


class Scroll(NamedTuple):
    """One scroll: milliseconds of its frames, and of its tasks of more than 50 ms."""

    frames: list[float]
    long_tasks: list[float]
    #: CPU milliseconds of the page's thread for one frame. Other work of the machine adds little.
    cpu: float

    @property
    def rate(self) -> float:
        """Frames a second."""
        return 1000 * len(self.frames) / sum(self.frames)

    @property
    def p99(self) -> float:
        """Milliseconds of a frame, 99th percentile."""
        return statistics.quantiles(self.frames, n=100)[98]


class Speed:
    """The lines of one speed."""

    def __init__(self, speed: int) -> None:
        self.rate = Line(f"frames a second, {speed:,} pixels a second", at_least(50))
        self.by_empty = Line("  by an empty page of this length")
        self.by_painted = Line("  by cards that are all laid out and painted")
        self.p99 = Line("  ms of a frame, p99; empty, cards")
        self.slowest = Line("  ms of the slowest frame; empty, cards")
        self.cpu = Line("  CPU ms of the page's thread a frame; empty, cards")
        self.cpu_painted = Line("  CPU ms of the page's thread a frame; all painted, cards")
        self.long = Line("  ms of long tasks")
        self.long_painted = Line("  ms of long tasks, all painted")

    def add(self, cards: Scroll, painted: Scroll, empty: Scroll) -> None:
        self.rate.add(cards.rate)
        self.by_empty.add(cards.rate, empty.rate)
        self.by_painted.add(cards.rate, painted.rate)
        self.p99.add(cards.p99, empty.p99)
        self.slowest.add(max(cards.frames), max(empty.frames))
        self.cpu.add(cards.cpu, empty.cpu)
        self.cpu_painted.add(cards.cpu, painted.cpu)
        self.long.add(sum(cards.long_tasks))
        self.long_painted.add(sum(painted.long_tasks))


class Updates:
    """The lines of one kind of event."""

    def __init__(self, kind: str) -> None:
        self.by_few = Line(f"CPU ms of the page's thread for a {kind} post; 30 cards, {CARDS:,}")
        self.by_painted = Line("  all painted, not all")


class Round(NamedTuple):
    """The figures of one page: scrolls by speed, and milliseconds of an event by its kind."""

    scrolls: dict[int, Scroll]
    updates: dict[str, float]


def main() -> None:
    """Measure, and print the tables."""
    speeds = {speed: Speed(speed) for speed in SPEEDS}
    updates = {kind: Updates(kind) for kind in KINDS}
    with bench(servers=False) as it, it.up(SETTINGS) as api:
        note(f"page: {CARDS} posts")
        _fill(api)
        for number in range(ROUNDS):
            note(f"page: round {number + 1} of {ROUNDS}")
            _round(api, speeds, updates)
    lines = [line for each in speeds.values() for line in vars(each).values()]
    show(f"page: {CARDS:,} cards scrolled for {SCROLL_SECONDS} s", *lines)
    lines = [line for each in updates.values() for line in vars(each).values()]
    show(f"page: an event's update among {CARDS:,} cards", *lines)


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


def _round(api: RunningApi, speeds: dict[int, Speed], updates: dict[str, Updates]) -> None:
    """Measure the pages in a fresh browser."""
    url = f"http://127.0.0.1:{api.port}/#key={KEY}"
    with chromium.running() as started:
        tab = started.browser.new_page(viewport=VIEWPORT)
        tab.goto(url)
        tab.get_by_role("article").first.wait_for()
        few = _updates(tab)
        tab.close()
        tab = started.browser.new_page(viewport=VIEWPORT)
        tab.goto(url)
        _load_all(tab)
        cards = Round(_scrolls(tab), _updates(tab))
        height = tab.evaluate("document.scrollingElement.scrollHeight")
        tab.evaluate(PAINT_ALL)
        painted = Round(_scrolls(tab), _updates(tab))
        tab.close()
        tab = started.browser.new_page(viewport=VIEWPORT)
        tab.set_content(EMPTY.format(height=height))
        empty = _scrolls(tab)
    for speed, line in speeds.items():
        line.add(cards.scrolls[speed], painted.scrolls[speed], empty[speed])
    for kind, each in updates.items():
        each.by_few.add(cards.updates[kind], few[kind])
        each.by_painted.add(cards.updates[kind], painted.updates[kind])


def _load_all(tab: Page) -> None:
    """Scroll until the board has read its oldest post."""
    while tab.evaluate("document.querySelectorAll('board-post').length") < CARDS:
        tab.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
        tab.wait_for_timeout(50)


def _scrolls(tab: Page) -> dict[int, Scroll]:
    session = _thread_clock(tab)
    scrolls = {}
    for speed in SPEEDS:
        tab.evaluate("scrollTo(0, 0)")
        tab.wait_for_timeout(SETTLE_MS)
        before = _task_seconds(session)
        frames, tasks = tab.evaluate(SCROLL, [speed, SCROLL_SECONDS])
        cpu = (_task_seconds(session) - before) * 1000 / len(frames)
        scrolls[speed] = Scroll(frames, tasks, cpu)
    session.detach()
    return scrolls


def _updates(tab: Page) -> dict[str, float]:
    """CPU milliseconds of the page's thread for one event of each kind, beyond an empty frame."""
    tab.evaluate("scrollTo(0, 0)")
    tab.wait_for_timeout(SETTLE_MS)
    session = _thread_clock(tab)
    seconds = {kind: _apply(tab, session, kind) for kind in ("rest", *KINDS)}
    return {kind: (seconds[kind] - seconds["rest"]) / EVENTS * 1000 for kind in KINDS}


def _apply(tab: Page, session: CDPSession, kind: str) -> float:
    """Seconds of the page's thread for events of one kind."""
    before = _task_seconds(session)
    tab.evaluate(APPLY, [kind, EVENTS])
    return _task_seconds(session) - before


def _thread_clock(tab: Page) -> CDPSession:
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def _task_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


if __name__ == "__main__":
    main()
