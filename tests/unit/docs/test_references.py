"""The pages name only files, symbols, tests, metrics, settings and commands that exist."""

import re

import pytest

from tests.unit.docs import code
from tests.unit.docs.pages import Page, all_pages
from tests.unit.docs.references import CHECKS, missing_metrics, missing_settings

PAGES = all_pages()

CHART = sorted(each for each in code.files() if each.startswith("charts/"))

#: A stale reference of each kind, beside a true one of the same form.
STALE = {
    "chart values": ("`api.settings.noSuchValue`", "`api.settings.stopGrace`"),
    "commands": ("`make no-such-target`", "`make test-fast`"),
    "files": ("`broker/no_such_file.py`", "`broker/amqp.py`"),
    "links": ("[a page](docs/no-such-page.md)", "[a page](docs/html.md#names)"),
    "metrics": ("`splitflap_no_such_total`", "`splitflap_http_shed_total` by `why`"),
    "names": ("`no_such_name`", "`dispatched_at`"),
    "problems": ("`/v1/problems/no-such-problem`", "`/v1/problems/gone`"),
    "reasons": ("the reason `connect`", "the reason `busy`"),
    "settings": ("`SPLITFLAP_NO_SUCH`", "`SPLITFLAP_STOP_GRACE`"),
    "symbols": ("core `health.py`, `no_such_symbol`", "core `health.py`, `HealthServer`"),
    "tests": ("`test_no_such_test`", "test_references.py `test_a_stale_reference_is_found`"),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_what_exists(name: str, check: str) -> None:
    """Every name of code in a page stands for code."""
    assert [f"{name}:{line}: {why}" for line, why in CHECKS[check](PAGES[name])] == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_stale_reference_is_found(check: str) -> None:
    """Each check finds a stale name, and only that."""
    stale, true = STALE[check]
    assert [line for line, _ in CHECKS[check](Page("x.md", f"{true}\n\n{stale}\n"))] == [3]


@pytest.mark.parametrize(
    "stale",
    [
        "`splitflap dead no`",
        "`splitflap status --no-such`",
        "`splitflap-api nosuch`",
        "`python -m benchmarks.nosuch`",
        "`python -m benchmarks nosuch`",
        "```\nmake nosuch\n```",
    ],
)
def test_a_command_that_cannot_be_typed_is_found(stale: str) -> None:
    """Subcommands, options, modules and targets are checked."""
    assert list(CHECKS["commands"](Page("x.md", stale)))


def test_a_test_is_looked_for_in_the_file_that_is_named() -> None:
    """A test of another file does not count."""
    page = Page("x.md", "unit/docs/test_generated.py `test_a_stale_reference_is_found`")
    assert list(CHECKS["tests"](page))


def test_a_label_that_a_metric_lacks_is_found() -> None:
    """A label belongs to its metric."""
    assert list(CHECKS["metrics"](Page("x.md", "`splitflap_http_shed_total` by `queue`")))


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("SplitflapRendersFailing", code.RENDER_REASONS),
        ("SplitflapScrapesFailing", code.SCRAPE_REASONS | {"reason"}),
    ],
)
def test_the_runbook_names_reasons_that_exist(heading: str, known: frozenset[str]) -> None:
    """A section about failures names reasons of that kind only."""
    section = PAGES["docs/alerts.md"].section(heading)
    named = {span.text for span in section.spans if re.fullmatch(r"[a-z][a-z_0-9]+", span.text)}
    named -= code.metrics().keys()
    assert named - known == set()
    assert named


def test_each_alert_has_its_section() -> None:
    """The runbook's anchors are the alerts' names."""
    alerts = re.findall(r"alert: (\w+)", code.text_of("charts/splitflap/rules/alerts.yaml"))
    assert {each.lower() for each in alerts} <= PAGES["docs/alerts.md"].anchors


@pytest.mark.parametrize(
    "name", sorted(each for each in code.files() if each.startswith("charts/"))
)
def test_the_chart_names_metrics_and_settings_that_exist(name: str) -> None:
    """Rules, dashboards and templates use declared names."""
    page = Page(name, code.text_of(name))
    found = [*missing_metrics(page), *missing_settings(page)]
    assert [f"{name}:{line}: {why}" for line, why in found] == []
