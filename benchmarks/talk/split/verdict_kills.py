"""The part of the verdict about kills."""

from benchmarks.talk.experiment import Rows

from .words import listed, name, names


def killed(rows: Rows) -> str:
    """Posts that are not finished, and requests without an answer."""
    kills = rows.where(load="kills")
    if not kills:
        return ""
    return f"With each process killed once, {_unfinished(kills)} {_twice(kills)}"


def _unfinished(kills: Rows) -> str:
    parts = [
        f"{each} ({_by_process(kills.where(system=each))})"
        for each in names(kills)
        if kills.where(system=each).total("unfinished")
    ]
    if not parts:
        return "each system finishes every accepted post."
    return f"accepted posts are not done at the end in {listed(parts)}."


def _by_process(kills: Rows) -> str:
    return ", ".join(
        f"{each.total('unfinished'):.0f} of {each.total('accepted'):.0f} with the "
        f"{each.labels['killed']}"
        for each in kills
        if each.total("unfinished")
    )


def _twice(kills: Rows) -> str:
    parts = [
        f"{each} ({kills.where(system=each).total('twice'):.0f})"
        for each in names(kills)
        if kills.where(system=each).total("twice")
    ]
    wrong = [each for each in names(kills) if kills.where(system=each).total("wrong")]
    sentences = [
        f"Done twice, and saved once: {listed(parts)}." if parts else "None is done twice."
    ]
    if wrong:
        sentences.append(f"Wrong results after a kill: {listed(wrong)}.")
    return " ".join(sentences)


def needs(rows: Rows) -> str:
    """The kills with which requests were not accepted."""
    parts = [
        f"{name(each)} with its {each.labels['killed']} "
        f"({each.total('refused') + each.total('unanswered'):.0f})"
        for each in rows.where(load="kills")
        if each.total("refused") + each.total("unanswered")
    ]
    return f"Requests that were not accepted meanwhile: {listed(parts)}." if parts else ""
