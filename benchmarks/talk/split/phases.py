"""The loads: a burst until all is done, one rate for all, and a flood of one class of posts."""

import math
import os
import time
from collections.abc import Collection, Mapping
from contextlib import nullcontext

from benchmarks.harness.pace import Latencies, PacedResult
from benchmarks.talk.experiment import Row

from .books import Done
from .mix import MIX, PAGE_SECONDS, burst_of, mixed
from .system import Sent, System, wait

#: Connections of a burst: its requests wait for one of them. Splitflap serves up to 60 requests of
#: one account at a time, and refuses more.
BURST_CONNECTIONS = 48

#: Posts of a burst: the same for all, so that its first and its last second weigh the same. A
#: system that finishes fewer than SLOW a second has a smaller one.
LARGE, SMALL, SLOW = 600, 100, 50.0

#: Seconds in which the posts of a burst are due.
BURST_SECONDS = 1.0

#: Posts without links a second, beside a flood.
PLAIN_RATE = 25.0

Figures = dict[str, float]


def counts(system: System, sent: Sent, done: dict[int, Done]) -> Figures:
    """What became of the posts of a load, by the books."""
    due = sent.due()
    found = {number: done[number] for number in due if number in done}
    wrong = [n for n, each in found.items() if not system.is_right(sent.kind(n), n, each)]
    return {
        "accepted": len(due),
        "refused": sent.refused,
        "unanswered": sent.unanswered,
        "unfinished": len(due) - len(found),
        "twice": sum(1 for each in found.values() if each.times > 1),
        "wrong": len(wrong),
    }


def rendering(system: System) -> Row:
    """CPU seconds of the rendering alone, for a thousand posts, in this process."""
    texts = [system.posts.text(kind, 1) for kind in mixed(5 * len(MIX))]
    system.posts.render(texts[0])
    began = time.process_time()
    for each in texts:
        system.posts.render(each)
    used = (time.process_time() - began) * 1000 / len(texts)
    return Row({"system": system.name, "load": "burst"}, {"render": used})


def burst(system: System, count: int, patience: float) -> Row:
    """Posts at once: how many are finished a second, until all of them are."""
    before, cpu = system.books.count(), system.cpu_seconds()
    with system.sending(burst_of(count), count / BURST_SECONDS, BURST_CONNECTIONS) as sent:
        pass
    system.wait_done(before, len(sent.due()), patience)
    used = {role: now - cpu[role] for role, now in system.cpu_seconds().items()}
    done = system.books.done()
    found = {number: done[number].at for number in sent.due() if number in done}
    took = max(found.values()) - min(sent.due().values()) if found else math.nan
    figures = {
        **counts(system, sent, done),
        "finished": len(found) / took,
        **_cpu(used, len(found)),
    }
    return Row({"system": system.name, "load": "burst"}, figures)


def _cpu(used: dict[str, float], finished: int) -> Figures:
    """CPU seconds for a thousand posts, in all and for each role, and the rate that they allow."""
    if not finished:
        return {}
    each = {f"cpu_{role}": seconds * 1000 / finished for role, seconds in used.items()}
    cpu = sum(each.values())
    return {"cpu": cpu, "bound": 1000 * (os.cpu_count() or 1) / cpu, **each}


def burst_size(finished: float) -> int:
    """The posts of a burst for a system that finishes so many a second."""
    return LARGE if finished > SLOW else SMALL


def at_rate(system: System, rate: float, peak: float, seconds: float, patience: float) -> Row:
    """One rate for all systems, with pings beside it. `peak`: what this one finishes a second."""
    before = system.books.count()
    kinds = mixed(max(1, int(rate * seconds)))
    with system.pinging(seconds) as pings, system.sending(kinds, rate) as sent:
        pass
    system.wait_done(before, len(sent.due()), patience)
    done, ended = system.books.done(), time.time()
    plain = [number for number in sent.due() if sent.kind(number) == "plain"]
    linked = [number for number in sent.due() if sent.kind(number) in PAGE_SECONDS]
    figures = {
        "offered": rate,
        "share": 100 * rate / peak,
        **_latency(sent, sent.due(), done, ended),
        **_latency(sent, plain, done, ended, "plain_"),
        **_latency(sent, linked, done, ended, "linked_", waits=PAGE_SECONDS),
        **_pings(pings[0]),
        **counts(system, sent, done),
    }
    return Row({"system": system.name, "load": "equal"}, figures)


def beside_flood(
    system: System, kind: str, flood_rate: float, seconds: float, patience: float
) -> list[Row]:
    """Posts without links, alone and beside a flood of posts of a kind."""
    rows = []
    for name, rate in (("alone", 0.0), ("flood", flood_rate)):
        kinds = [kind] * round(rate * seconds)
        flooding = system.sending(kinds, rate) if kinds else nullcontext()
        plain = ["plain"] * max(1, int(PLAIN_RATE * seconds))
        with flooding as flood, system.pinging(seconds) as pings:
            with system.sending(plain, PLAIN_RATE) as sent:
                pass
            # Whatever else is done: a flood may take long.
            wait(lambda: set(sent.due()) <= set(system.books.done()), patience, look=0.5)
            done, ended = system.books.done(), time.time()
        rows.append(_beside(system, name, sent, pings[0], flood, done, ended))
    return rows


def _beside(
    system: System,
    name: str,
    sent: Sent,
    pings: PacedResult,
    flood: Sent | None,
    done: dict[int, Done],
    ended: float,
) -> Row:
    figures = {
        **_latency(sent, sent.due(), done, ended),
        **_pings(pings),
        **counts(system, sent, done),
        "flood": len(flood.due()) if flood else 0,
    }
    return Row({"system": system.name, "load": "flood", "beside": name}, figures)


def _latency(
    sent: Sent,
    numbers: Collection[int],
    done: dict[int, Done],
    ended: float,
    prefix: str = "",
    waits: Mapping[str, float] | None = None,
) -> Figures:
    """Milliseconds until done. A post that is not done counts with its time until the end.

    `waits`: seconds of each kind that do not count.
    """
    due = sent.due()
    times = [
        (done[each].at if each in done else ended)
        - due[each]
        - (waits or {}).get(sent.kind(each), 0)
        for each in numbers
    ]
    found = Latencies([each * 1000 for each in times])
    return {f"{prefix}p50": found.quantile(0.5), f"{prefix}p99": found.quantile(0.99)}


def _pings(result: PacedResult) -> Figures:
    found = result.of(200)
    return {
        "ping_p50": found.quantile(0.5),
        "ping_p99": found.quantile(0.99),
        "ping_failures": result.sent - len(found.latencies),
    }
