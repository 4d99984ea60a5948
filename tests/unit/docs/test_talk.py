"""docs/talk.md and its short version are made from the committed results: no typed figures."""

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.talk import experiments, results
from benchmarks.talk.__main__ import main
from benchmarks.talk.experiment import Case, Rows
from benchmarks.talk.page import PAGE, README, page, short

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "benchmarks" / "talk" / "experiments"

#: Modules with more of an experiment's prose.
SPLIT = ROOT / "benchmarks" / "talk" / "split"
MORE = sorted(
    each for kind in ("verdict*", "limits", "tables", "words") for each in SPLIT.glob(f"{kind}.py")
)

#: Words with digits that are no figures, and code.
_NAMES = re.compile(r"`[^`]*`|\bp\d\d\b|\b20(16|26)\b|HTTP/[\d.]+|\b202\b|SHA-256|\ba2wsgi\b")


def test_the_pages_are_made_from_the_committed_results() -> None:
    """`python -m benchmarks.talk.page` writes it anew."""
    kept = results.read()
    assert PAGE.read_text(encoding="utf-8") == page(kept)
    assert short(kept)
    assert short(kept) in README.read_text(encoding="utf-8")


def test_each_figure_of_the_page_is_there() -> None:
    """`python -m benchmarks.talk.plots` draws them anew. None is left from an earlier page."""
    named = set(re.findall(r"\]\(talk/([\w-]+\.svg)\)", PAGE.read_text(encoding="utf-8")))
    assert named == {each.name for each in (PAGE.parent / "talk").glob("*")}


def prose(source: str) -> Iterator[str]:
    """The texts of an experiment that readers see: strings with a space, without docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            text = node.value
            if isinstance(text, str) and " " in text.strip():
                yield text


def typed_figures(source: str) -> list[str]:
    """The texts with a digit."""
    return [text for text in prose(source) if re.search(r"\d", _NAMES.sub("", text))]


@pytest.mark.parametrize(
    "file",
    [*(FOLDER / f"{name}.py" for name in experiments.written()), *MORE],
    ids=lambda file: f"{file.parent.name}/{file.stem}",
)
def test_no_figure_is_typed_by_hand(file: Path) -> None:
    """All come from the rows, or from the constants that made them."""
    assert typed_figures(file.read_text(encoding="utf-8")) == []


def test_a_typed_figure_is_found() -> None:
    """Also in a part of an f-string; a name is none."""
    assert typed_figures('x = f"{a} of 12 threads"') == [" of 12 threads"]
    assert typed_figures('x = "p99 of `GET /v1` in 2026"') == []


def result(*rates: float, reason: str = "") -> results.Result:
    """A result of one case, or without rows."""
    cases = Rows([Case({"server": "a"}, {"rate": [rate]}) for rate in rates])
    return results.Result(
        results.Machine(2, "a CPU", "3", 0.0), {}, 1, 1.0, False, reason, rows=cases
    )


def test_a_run_that_leaves_an_experiment_out_keeps_its_rows() -> None:
    """And says why it could not measure them. The next rows take their place."""
    kept = results.merged({"threads": result(1.0)}, {"threads": result(reason="TALK_X is not set")})
    assert kept["threads"].rows[0].median("rate") == 1.0
    assert kept["threads"].kept_because == "TALK_X is not set"
    again = results.merged(kept, {"threads": result(2.0)})
    assert (again["threads"].rows[0].median("rate"), again["threads"].kept_because) == (2.0, "")


def test_the_page_marks_what_the_last_run_left_out() -> None:
    """In the summary, and beside the tables."""
    measured = results.read()["threads"]
    text = page({"threads": replace(measured, kept_because="TALK_X is not set")})
    assert "(Measured in an earlier run.)" in text
    assert "**Not of the last run.** It left this out: TALK_X is not set." in text
    assert "earlier run" not in page({"threads": measured})


def test_a_written_result_is_read_again(tmp_path: Path) -> None:
    """With the reason for which it was kept."""
    kept = {"threads": replace(result(1.0), kept_because="TALK_X is not set")}
    results.write(kept, tmp_path / "results.json")
    found = results.read(tmp_path / "results.json")["threads"]
    assert (found.kept_because, found.rows[0].median("rate")) == ("TALK_X is not set", 1.0)


@pytest.mark.parametrize("text", ['{"threads": ', "[]", '{"threads": {"rows": []}}', "{}x"])
def test_a_run_does_not_begin_if_its_results_cannot_be_kept(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is broken, or of another version. The message names it, and it stays as it is."""
    file = tmp_path / "results.json"
    file.write_text(text, encoding="utf-8")
    assert main(["--quick", "--results", str(file), "threads"]) == 2
    assert str(file) in (told := capsys.readouterr().err)
    assert "round 1" not in told
    assert file.read_text(encoding="utf-8") == text


def test_wrong_names_and_files_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing runs, and no page is written."""
    assert main(["threads", "thread"]) == 2
    assert "unknown experiment: thread;" in capsys.readouterr().err
    assert main(["--adopt", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--rounds", "0"])


def test_an_interrupted_write_leaves_the_earlier_results(tmp_path: Path) -> None:
    """The new file takes the place of the old one when it is whole."""
    file = tmp_path / "results.json"
    results.write({"threads": result(1.0)}, file)
    with pytest.raises(ValueError, match="Out of range"):
        results.write({"threads": result(math.inf)}, file)
    assert results.read(file)["threads"].rows[0].median("rate") == 1.0
