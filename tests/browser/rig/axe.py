"""axe-core: finds what makes a page hard or impossible to use with assistive technology."""

from pathlib import Path

from playwright.sync_api import Page

from tests.servers.process import MissingBinary

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / ".tools" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

GRAVE = {"serious", "critical"}


def source() -> str:
    """The script of axe-core.

    Raises:
        MissingBinary: it is not installed.
    """
    if not SCRIPT.exists():
        raise MissingBinary("axe-core is not installed: make servers")
    return SCRIPT.read_text(encoding="utf-8")


def grave_violations(page: Page, script: str) -> list[str]:
    """The serious and critical violations on a page: the rule, and the elements."""
    page.evaluate(script)  # the debugging protocol is not subject to the page's CSP
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]} "
        f"{node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
