"""The verdict of `split`. It also says where Splitflap is behind, with the figures."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import Case, Rows, Verdict, ratio

IN_REQUEST, SPLITFLAP = "Flask alone", "Splitflap"

#: A flood of one class starves the other if its p99 grows by more than this factor.
STARVES = 5


def verdict(rows: Rows) -> Verdict:
    """From the bursts, the loads at half, the kills and the floods."""
    return Verdict(
        still_true=f"{_split_helps(rows)} {_starved(rows)}",
        by_how_much=" ".join(
            (
                _finished(rows),
                _cpu(rows),
                _until_done(rows, "p99", "p99 until done"),
                _until_done(rows, "plain_p99", "p99 of posts without links"),
                _pings(rows),
                _killed(rows),
                _needs(rows),
            )
        ),
        what_to_do=(
            "Answer with an address, and do the work elsewhere. Give work that waits and work "
            "that computes workers of their own. Acknowledge a job after its result is committed, "
            "set the retries, and kill each process once before your users' machines do it."
        ),
    )


def _split_helps(rows: Rows) -> str:
    unsplit, split = (_flood(rows, name) for name in (IN_REQUEST, SPLITFLAP))
    words = (
        f"beside a flood of slow links, {_p99(unsplit)} in Flask alone, with everything in the "
        f"request, and {_p99(split)} in Splitflap."
    )
    holds = split.median("p99") < unsplit.median("p99")
    return f"{'Yes' if holds else 'No'}: the p99 until done of posts without links is, {words}"


def _p99(case: Case) -> str:
    """A p99 with posts that are not done is only a lower bound."""
    least = "at least " if case.total("unfinished") + case.total("unanswered") else ""
    return f"{least}{number(case.median('p99'))} ms"


def _starved(rows: Rows) -> str:
    starved = [
        f"{name} ({number(_growth(rows, name))} times)"
        for name in _names(rows)
        if _growth(rows, name) > STARVES
    ]
    if not starved:
        return "In no system did the flood starve the other posts."
    return f"The flood starves the posts without links in {_listed(starved)}."


def _growth(rows: Rows, name: str) -> float:
    alone = rows.one(system=name, load="flood", beside="alone")
    return ratio(_flood(rows, name), alone, "p99")


def _finished(rows: Rows) -> str:
    bursts = rows.where(load="burst")
    ours = bursts.one(system=SPLITFLAP)
    best = max(_rivals(bursts), key=lambda each: each.median("finished"))
    figures = (
        f"Splitflap finishes {number(ours.median('finished'))} posts a second, and the best of "
        f"the others, {best.labels['system']}, {number(best.median('finished'))}."
    )
    if ours.median("finished") > best.median("finished"):
        return figures
    ahead = [
        str(each.labels["system"])
        for each in _rivals(bursts)
        if each.median("finished") >= ours.median("finished")
    ]
    return (
        f"{figures} Splitflap is not ahead of {_listed(ahead)} here. "
        f"It keeps books that the others do not keep: the post, a task with an address, events "
        f"and a preview, each durable, where the others save one row."
    )


def _cpu(rows: Rows) -> str:
    bursts = rows.where(load="burst")
    parts = [
        f"{number(each.median('cpu'))} in {each.labels['system']} "
        f"(the rendering alone {number(each.median('render'))})"
        for each in bursts
    ]
    return (
        f"CPU seconds for a thousand posts, with broker and database: {_listed(parts)}. "
        "Splitflap's own rendering does more for each post than the one that the others share: "
        "names, excerpts, directions of text, limits. Its preview reads more than a title."
    )


def _until_done(rows: Rows, figure: str, words: str) -> str:
    halves = rows.where(load="half")
    ours = halves.one(system=SPLITFLAP).median(figure)
    quicker = [
        f"{each.labels['system']} ({number(each.median(figure))} ms at "
        f"{number(each.median('offered'))} posts a second)"
        for each in _rivals(halves)
        if each.median(figure) <= ours
    ]
    rate = number(halves.one(system=SPLITFLAP).median("offered"))
    first = f"At half of its peak, {rate} posts a second, Splitflap's {words} is {number(ours)} ms."
    if not quicker:
        return f"{first} No other system is quicker at half of its own peak."
    return f"{first} Quicker at half of their own peak: {_listed(quicker)}."


def _pings(rows: Rows) -> str:
    parts = [
        f"{number(each.median('ping_p99'))} ms in {each.labels['system']}"
        for each in rows.where(load="half")
    ]
    return f"The p99 of a cheap request beside it is {_listed(parts)}."


def _killed(rows: Rows) -> str:
    kills = rows.where(load="kills")
    if not kills:
        return ""
    parts = []
    for name in _names(kills):
        own = kills.where(system=name)
        parts.append(
            f"{name} loses {own.total('lost'):.0f} of {own.total('accepted'):.0f} accepted posts, "
            f"does {own.total('twice'):.0f} twice, and gives no answer to "
            f"{own.total('unanswered'):.0f} requests"
        )
    return f"With each process killed once, {_listed(parts)}. {_losers(kills)}"


def _losers(kills: Rows) -> str:
    lossy = [
        f"{each.labels['system']}, killed {each.labels['killed']} ({each.total('lost'):.0f})"
        for each in kills
        if each.total("lost")
    ]
    return f"The losses: {_listed(lossy)}." if lossy else "None of them lost a post."


def _needs(rows: Rows) -> str:
    """What a system cannot accept without."""
    kills = rows.where(load="kills")
    parts = [
        f"{each.labels['system']} without its {each.labels['killed']} "
        f"({each.total('refused') + each.total('unanswered'):.0f})"
        for each in kills
        if each.labels["killed"] in {"broker", "database"}
        and each.total("refused") + each.total("unanswered")
    ]
    return f"Posts that were not accepted meanwhile: {_listed(parts)}." if parts else ""


def _flood(rows: Rows, name: str) -> Case:
    return rows.one(system=name, load="flood", beside="flood")


def _rivals(rows: Rows) -> list[Case]:
    return [each for each in rows if each.labels["system"] != SPLITFLAP]


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(str(each.labels["system"]) for each in rows))


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
