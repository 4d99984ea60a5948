"""The figures of docs/talk.md, as SVG from the results alone.

They are readable on a light and on a dark page: no background, grey text, and colours with a
contrast of at least 3 to both white and black.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.harness.table import number

from .experiment import Case, Experiment, Plot, Rows
from .experiments import load, written
from .page import PLOTS
from .results import RESULTS, Result, read

#: Text and axes: the contrast is 3.9 to white and 5.3 to black.
GREY = "#808080"

COLOURS = ("#2f7ed8", "#d4622a", "#2b9a5e", "#b458c8", "#a07d1c", "#d84a6b", "#1f95a3")

STYLE = {
    "svg.hashsalt": "talk",  # the same results give the same file
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.titlecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "text.color": GREY,
    "legend.labelcolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.25,
}


def write(results: Mapping[str, Result], folder: Path = PLOTS) -> None:
    """Write the figures of all experiments with results."""
    folder.mkdir(exist_ok=True)
    for name in written():
        if name in results and not results[name].reason:
            _write_experiment(load(name), results[name].rows, folder)


def _write_experiment(experiment: Experiment, rows: Rows, folder: Path) -> None:
    for plot in experiment.plots:
        file = folder / f"{experiment.name}-{plot.name}.svg"
        with mpl.rc_context(STYLE):
            _draw(plot, rows.where(**plot.where), file)


def _draw(plot: Plot, rows: Rows, file: Path) -> None:
    # A figure of its own, without pyplot: it needs no display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes: Any = figure.subplots()
    draw = _bars if plot.kind == "bar" else _lines
    draw(axes, plot, _series(plot, rows))
    axes.set_title(plot.title, fontsize=11)
    axes.set_xlabel(plot.x_title)
    axes.set_ylabel(plot.y_title)
    if plot.series and plot.kind == "bar":
        # Bars may fill the whole width, so their legend is below.
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    elif plot.series:
        axes.legend(frameon=False)
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})


def _series(plot: Plot, rows: Rows) -> dict[str, list[Case]]:
    """The measured cases of each line."""
    series: dict[str, list[Case]] = {}
    for case in rows:
        if case.values(plot.figure):
            series.setdefault(str(case.labels.get(plot.series, "")), []).append(case)
    return series


def _lines(axes: Any, plot: Plot, series: Mapping[str, list[Case]]) -> None:
    ticks = sorted({case.labels[plot.x] for cases in series.values() for case in cases})
    for colour, (name, cases) in zip(COLOURS, series.items(), strict=False):
        xs = [case.labels[plot.x] for case in cases]
        medians = [case.median(plot.figure) for case in cases]
        spread = [
            [median - case.least(plot.figure) for median, case in zip(medians, cases, strict=True)],
            [case.most(plot.figure) - median for median, case in zip(medians, cases, strict=True)],
        ]
        axes.errorbar(xs, medians, spread, color=colour, marker="o", capsize=3, label=name)
    if plot.log_x:
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    if plot.log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,g}")
    else:
        axes.set_ylim(bottom=0)


def _bars(axes: Any, plot: Plot, series: Mapping[str, list[Case]]) -> None:
    names = list(dict.fromkeys(str(c.labels[plot.x]) for cases in series.values() for c in cases))
    height = 0.8 / max(1, len(series))
    for index, (colour, (name, cases)) in enumerate(zip(COLOURS, series.items(), strict=False)):
        places = [names.index(str(case.labels[plot.x])) + index * height for case in cases]
        medians = [case.median(plot.figure) for case in cases]
        bars = axes.barh(places, medians, height * 0.9, color=colour, label=name)
        axes.bar_label(bars, [number(each) for each in medians], padding=3, fontsize=8)
    middle = height * (len(series) - 1) / 2
    axes.set_yticks([place + middle for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    if plot.log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,g}")
    axes.grid(visible=False, axis="y")


if __name__ == "__main__":
    write(read(RESULTS))
