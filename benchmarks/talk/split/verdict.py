"""The verdict of `split`. It also says where Splitflap is behind, by how much, and why."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import Case, Rows, Verdict, bullets, failures, ratio

from .verdict_kills import killed, needs
from .words import listed, name, names

IN_REQUEST, SPLITFLAP = "Flask alone", "Splitflap"

#: A flood of one class starves the other if its p99 grows by more than this factor.
STARVES = 5

#: Where the CPU of a post goes.
_ROLES = ("web", "workers", "broker", "database")

#: Figures of the load that is the same for all, in words.
_LATENCIES = {
    "p99": "p99 until done",
    "plain_p99": "p99 of posts without links",
    "ping_p99": "p99 of `/ping`",
}


def verdict(rows: Rows) -> Verdict:
    """From the bursts, the load that is the same for all, the kills and the floods."""
    measured = Rows([each for each in rows if each.figures])
    parts = (
        *(_finished(measured), _cpu(measured), *_equal(measured), _overloaded(measured)),
        _beside(measured),
        *(killed(measured), needs(measured), _wrong(measured), _missing(rows)),
    )
    return Verdict(
        still_true=" ".join(filter(None, (_split_helps(measured), _starved(measured)))),
        by_how_much=bullets(*parts),
        what_to_do=(
            "Answer 202 with the address of the result, do the work in other processes, and give "
            "work that waits and work that computes workers of their own. With Celery, two "
            "queues are enough for that. Acknowledge a job after its result is committed "
            "(`task_acks_late` and `task_reject_on_worker_lost` of Celery), and set the retries: "
            "the configurations "
            "are in `benchmarks/talk/rivals`. Kill each process once before production does it."
        ),
    )


def _split_helps(rows: Rows) -> str:
    floods = rows.where(load="flood", beside="flood")
    if not {IN_REQUEST, SPLITFLAP} <= set(names(floods)):
        return "Not measured: it needs both Flask alone and Splitflap."
    unsplit, split = (floods.one(system=each) for each in (IN_REQUEST, SPLITFLAP))
    holds = split.median("p99") < unsplit.median("p99") and not _unfinished(split)
    better = [each for each in _rivals(floods) if _is_quicker(each, split)]
    others = "".join(f", and {_p99(each)} in {name(each)}" for each in better)
    return (
        f"{'Yes' if holds else 'No'}: beside a flood of slow links, the p99 until done of posts "
        f"without links is {_p99(unsplit)} with everything in the request (Flask alone), "
        f"{_p99(split)} in Splitflap{others}."
    )


def _is_quicker(rival: Case, ours: Case) -> bool:
    """Beside a flood, with all posts done."""
    return rival.median("p99") <= ours.median("p99") and not _unfinished(rival)


def _unfinished(case: Case) -> float:
    return case.total("unfinished") + case.total("unanswered") + case.total("refused")


def _p99(case: Case) -> str:
    """A p99 with posts that are not done is only a lower bound."""
    return f"{'at least ' if _unfinished(case) else ''}{number(case.median('p99'))} ms"


def _starved(rows: Rows) -> str:
    growths = {
        name(flood): (ratio(flood, alone, "p99"), bool(_unfinished(flood)))
        for flood in rows.where(load="flood", beside="flood")
        for alone in rows.where(system=name(flood), load="flood", beside="alone")
    }
    told = {
        each: f"{each} ({'at least ' if bound else ''}{number(by)} times)"
        for each, (by, bound) in growths.items()
    }
    starved = [told[each] for each, (by, bound) in growths.items() if bound or by > STARVES]
    if not starved:
        return "In no system did the flood starve the other posts."
    spared = [words for words in told.values() if words not in starved]
    rest = f" It does not in {listed(spared)}." if spared else ""
    return (
        f"The flood starves the posts without links in {listed(starved)}: so many times as long "
        f"is their p99 as without it. More than {STARVES} times, or unfinished posts, count as "
        f"starving.{rest}"
    )


def _ours(rows: Rows) -> Case | None:
    return next(iter(rows.where(system=SPLITFLAP)), None)


def _rivals(rows: Rows) -> list[Case]:
    return [each for each in rows if name(each) != SPLITFLAP]


def _finished(rows: Rows) -> str:
    bursts = rows.where(load="burst")
    ours, rivals = _ours(bursts), _rivals(bursts)
    if not ours or not rivals:
        return "Splitflap has nothing to be compared with here."
    own = ours.median("finished")
    ahead = [each for each in rivals if each.median("finished") >= own]
    if not ahead:
        best = max(rivals, key=lambda each: each.median("finished"))
        return (
            f"Splitflap finishes the most posts a second, {number(own)}. The next is "
            f"{name(best)} with {number(best.median('finished'))}."
        )
    parts = [
        f"{name(each)} ({number(each.median('finished'))}, "
        f"{_times(ratio(each, ours, 'finished'))} as many"
        f"{'; the rounds overlap' if each.least('finished') <= ours.most('finished') else ''})"
        for each in ahead
    ]
    return f"Splitflap is behind: it finishes {number(own)} posts a second. Ahead: {listed(parts)}."


def _times(factor: float) -> str:
    times = number(factor)
    return "about" if times == "1" else f"{times} times"


def _cpu(rows: Rows) -> str:
    """Where the CPU goes, beside the queue system that needs the least."""
    bursts = Rows([each for each in rows.where(load="burst") if each.values("cpu")])
    ours, rivals = _ours(bursts), _rivals(bursts)
    if not ours or not rivals:
        return ""
    queues = [each for each in rivals if each.values("cpu_workers")]
    least = min(queues or rivals, key=lambda each: each.median("cpu"))
    return (
        f"A thousand posts cost Splitflap {_seconds(ours)}, and {name(least)} {_seconds(least)}. "
        f"{_difference(ours, least)}"
        f"The rendering alone is {number(ours.median('render'))} s in Splitflap and "
        f"{_rendering(rivals)} in the others."
    )


def _rendering(rivals: list[Case]) -> str:
    times = [each.median("render") for each in rivals if each.values("render")]
    least, most = number(min(times)), number(max(times))
    return f"{least} s" if least == most else f"{least} to {most} s"


def _difference(ours: Case, least: Case) -> str:
    """The part that makes the most of the difference; nothing if Splitflap needs no more."""
    more = {
        role: ours.median(f"cpu_{role}") - least.median(f"cpu_{role}")
        for role in _ROLES
        if ours.values(f"cpu_{role}") and least.values(f"cpu_{role}")
    }
    if not more or ours.median("cpu") <= least.median("cpu"):
        return ""
    role = max(more, key=lambda each: more[each])
    return f"The largest part of the difference, {number(more[role])} s, is in its {role}. "


def _seconds(case: Case) -> str:
    roles = [
        f"{role} {number(case.median(f'cpu_{role}'))}"
        for role in _ROLES
        if case.values(f"cpu_{role}")
    ]
    return f"{number(case.median('cpu'))} s of CPU ({', '.join(roles)})"


def _equal(rows: Rows) -> list[str]:
    """The latencies at the same rate, without the systems that cannot keep up."""
    loads = rows.where(load="equal")
    ours = _ours(loads)
    if not ours:
        return []
    rivals = [each for each in _rivals(loads) if not _is_overloaded(each)]
    rate = number(ours.median("offered"))
    return [
        f"At {rate} posts a second for each system: {_compared(ours, rivals, figure)}"
        for figure in _LATENCIES
    ]


def _beside(rows: Rows) -> str:
    """The systems that the flood disturbs less."""
    floods = rows.where(load="flood", beside="flood")
    ours = _ours(floods)
    if not ours:
        return ""
    own = ours.median("p99")
    quicker = [
        f"{name(each)} ({number(each.median('p99'))} ms)"
        for each in _rivals(floods)
        if _is_quicker(each, ours)
    ]
    if not quicker:
        return "Beside the flood, no other is quicker for posts without links."
    return f"Quicker beside the flood than Splitflap's {number(own)} ms: {listed(quicker)}."


def _compared(ours: Case, rivals: list[Case], figure: str) -> str:
    own = ours.median(figure)
    quicker = [
        f"{name(each)} ({number(each.median(figure))} ms)"
        for each in rivals
        if each.median(figure) <= own
    ]
    words = f"Splitflap's {_LATENCIES[figure]} is {number(own)} ms."
    return f"{words} {f'Quicker: {listed(quicker)}.' if quicker else 'No other is quicker.'}"


def _is_overloaded(case: Case) -> bool:
    return case.median("share") > 100


def _overloaded(rows: Rows) -> str:
    over = [
        f"{name(each)} ({number(each.median('share'))} % of its peak)"
        for each in rows.where(load="equal")
        if _is_overloaded(each)
    ]
    return f"This rate overloads {listed(over)}: its latencies say only that." if over else ""


def _wrong(rows: Rows) -> str:
    """What was not right without any kill, beside the flood apart."""
    parts = [
        f"{name(each)}, {each.labels['load']}: {failures(each)}"
        for load in ("burst", "equal")
        for each in rows.where(load=load)
        if failures(each)
    ]
    return f"Without any kill, this was not right: {'; '.join(parts)}." if parts else ""


def _missing(rows: Rows) -> str:
    missing = [f"{name(each)} ({each.note})" for each in rows if each.note and not each.figures]
    return f"Not measured: {listed(missing)}." if missing else ""
