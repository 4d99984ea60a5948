"""Finds the names in a page that the code does not have. Each check yields (line, complaint)."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from splitflap_api.contract.problems import TYPES
from splitflap_core.settings import PREFIX

from tests.unit.docs import code
from tests.unit.docs.pages import ROOT, Mention, Page, read_page

Complaint = tuple[int, str]

#: Names of other programs' code, and of decisions' rejected ways.
_OUTSIDE_NAMES = {
    "AsyncWorker",
    "clock_getcpuclockid",
    "HTTPResponse",
    "import_definitions",
    "limit_conn",
    "memory_breakdown",
    "NetworkStream",
    "RabbitmqCluster",
    "read_only",
    "RLIMIT_CPU",
    "sni_hostname",
    "SO_BUSY_POLL",
    "UniqueViolation",
}

_PATH = re.compile(r"(?<![\w/.:*-])(?:[\w.-]+/)*[\w-]+\.py\b")
_TOP = "asyncrequest|benchmarks|charts|clients|core|docs|k8s|ops|services|tests"
_TOP_PATH = re.compile(rf"(?<![\w/.:-])(?:{_TOP})/[\w./*-]*\w")
_SYMBOLS = re.compile(r"(?:(\w+)(?:'s)? )?`([\w./-]+\.py)`((?:, `[A-Za-z_][\w.]*`)+)")
_TEST_FILE = re.compile(r"((?:[\w-]+/)*test_\w+\.py)|`(\w+)(\[[^`\]]+\])?`")
_METRIC = re.compile(r"\bsplitflap_[a-z_0-9]+\b|\bsplitflap(?::[a-z_0-9]+)+")
_LABELS = re.compile(r"`(splitflap_\w+)(?:\{(\w+)=[^`]*\})?`(?: by `(\w+)`)?")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")
_LOOKS_LIKE_CODE = re.compile(r"[a-z0-9]_[a-z0-9]|^_[a-z]|[a-z][A-Z]")
_PREFIXES = {"core": "core/", "API": "services/api/", "renderer": "services/renderer/",
             "scraper": "services/scraper/"}  # fmt: skip


def missing_files(page: Page) -> Iterator[Complaint]:
    """Paths of files and folders that do not exist."""
    for mention in page.lines:
        for name in _PATH.findall(mention.text):
            if not code.found_at(name):
                yield mention.line, f"no file {name}"
        for name in _TOP_PATH.findall(mention.text):
            if not _is_path(name, page):
                yield mention.line, f"no file or folder {name}"


def _is_path(name: str, page: Page) -> bool:
    here = Path(page.name).parent.as_posix()
    found = any(ROOT.glob(name)) if "*" in name else bool(code.found_at(name))
    return found or f"{here}/{name}" in code.files()


def missing_symbols(page: Page) -> Iterator[Complaint]:
    """Symbols named behind a file, as in "`pool.py`, `submit`", that the file does not define."""
    for cell in page.cells:
        for owner, name, rest in _SYMBOLS.findall(cell.text):
            places = [each for each in code.found_at(name) if each.endswith(".py")]
            prefix = _PREFIXES.get(owner, "")
            defined = {s for p in places if p.startswith(prefix) for s in code.symbols(p)}
            for symbol in re.findall(r"`([\w.]+)`", rest):
                if not symbol.endswith(".py") and symbol not in defined:
                    yield cell.line, f"{prefix}{name} has no {symbol}"


def missing_tests(page: Page) -> Iterator[Complaint]:
    """Tests that no file has, or not the test file that the page names before them."""
    for cell in page.cells:
        files: list[str] = []
        for file, word, parameter in _TEST_FILE.findall(cell.text):
            if file:
                files = code.found_at(file)
            elif files:
                texts = "".join(code.text_of(each) for each in files)
                if not re.search(rf"\b{word}\b", texts):
                    yield cell.line, f"{files[0]} has no {word}"
            elif word.startswith("test_") and word not in code.test_names():
                yield cell.line, f"no test {word}"
            if parameter and not _has_parameter(parameter.strip("[]")):
                yield cell.line, f"no test has the parameter {parameter}"


def _has_parameter(parameter: str) -> bool:
    return any(parameter in code.text_of(each) for each in code.files() if "tests/" in each)


def missing_metrics(page: Page) -> Iterator[Complaint]:
    """Metrics, their labels and recording rules that are not declared."""
    charts = {word for name in code.files() if name.startswith("k8s/")
              for word in re.findall(r"\bsplitflap_\w+", code.text_of(name))}  # fmt: skip
    for mention in page.lines:
        for name in _METRIC.findall(mention.text):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            known = {*code.metrics(), *charts, *code.recorded_rules()}
            package = any(each.endswith(f"/{name}") for each in code.folders())
            if not known & {name, base} and not package:
                yield mention.line, f"no metric {name}"
        for name, *labels in _LABELS.findall(mention.text):
            declared = code.metrics().get(name, {}).get("labels", ())
            for label in filter(None, labels):
                if name in code.metrics() and label not in declared:
                    yield mention.line, f"{name} has no label {label}"


def missing_settings(page: Page) -> Iterator[Complaint]:
    """Environment variables that nothing reads; `_DENY_NETS` stands for a name's end."""
    for mention in page.lines:
        for name in re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b(?!\*)", mention.text):
            if name not in code.settings() and f"{name}_*" not in mention.text:
                yield mention.line, f"no setting {name}"
        ends = re.findall(r"`(_[A-Z_]+)`", mention.text) if PREFIX in mention.text else []
        for end in ends:
            if not any(each.endswith(end) for each in code.settings()):
                yield mention.line, f"no setting ends with {end}"


def missing_problems(page: Page) -> Iterator[Complaint]:
    """Problem slugs that the API does not answer."""
    for mention in page.lines:
        for slug in re.findall(r"/v1/problems/([a-z-]+)", mention.text):
            if slug not in TYPES:
                yield mention.line, f"no problem {slug}"


def missing_reasons(page: Page) -> Iterator[Complaint]:
    """Reasons of failed previews and texts, as in "reason `busy`", that no code gives."""
    for mention in page.prose:
        for word in re.findall(r"reasons? `(\w+)`|reason: (\w+)", mention.text):
            if not {*word} & (code.SCRAPE_REASONS | code.RENDER_REASONS):
                yield mention.line, f"no reason {' '.join(word).strip()}"


def missing_commands(page: Page) -> Iterator[Complaint]:
    """Commands that cannot be typed: `make`, `splitflap`, `splitflap-api`, `python -m`."""
    for mention in (*page.spans, *page.blocks):
        text = mention.text.split("#")[0].strip().removeprefix("$ ")
        yield from ((mention.line, each) for each in filter(None, _command_errors(text)))


def _command_errors(text: str) -> Iterator[str | None]:
    for target in re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", text):
        yield None if target in code.make_targets() else f"no target: make {target}"
    for module in re.findall(r"python -m ((?:benchmarks|tests|splitflap)[\w.]*)", text):
        name = module.replace(".", "/")
        found = code.found_at(f"{name}.py") or code.found_at(f"{name}/__main__.py")
        yield None if found else f"no module: python -m {module}"
    for name in re.findall(r"python -m benchmarks ([a-z]+)", text):
        exists = any(each.startswith("benchmarks/") for each in code.found_at(f"{name}.py"))
        yield None if exists else f"no benchmark: {name}"
    for rest in re.findall(r"(?:^|\| |\.venv/bin/)splitflap ([^`|]+)", text):
        yield code.command_error(rest.split())
    for word in re.findall(r"(?:^|/)splitflap-api ([a-z]+)", text):
        known = f'"{word}"' in code.text_of("services/api/splitflap_api/__main__.py")
        yield None if known else f"no command: splitflap-api {word}"


def missing_chart_values(page: Page) -> Iterator[Complaint]:
    """Values such as `api.settings.stopGrace` that the chart's schema does not have."""
    for span in page.spans:
        path = span.text.split(":")[0].split("=")[0].strip()
        if _is_chart_value(path) and not code.chart_value_exists(path):
            yield span.line, f"the chart has no value {path}"


def _is_chart_value(path: str) -> bool:
    is_path = re.fullmatch(r"[a-z]\w*(\.[A-Za-z]\w*)+", path)
    head, _, last = path.partition(".")
    return bool(is_path) and head in code.chart_values() and last not in {"py", "yaml", "md"}


def missing_names(page: Page) -> Iterator[Complaint]:
    """Names in the form of code, such as `task_id` or `ClientGate`, that stand nowhere in it."""
    for span in page.spans:
        name = span.text.removesuffix("()")
        if not _IDENTIFIER.fullmatch(name) or not _LOOKS_LIKE_CODE.search(name):
            continue
        if name.startswith("test_") or name in _OUTSIDE_NAMES:
            continue
        if absent := [part for part in name.split(".") if part not in code.words()]:
            yield span.line, f"nothing is named {' '.join(absent)}"


def missing_links(page: Page) -> Iterator[Complaint]:
    """Links within the repository that lead to no file or no heading."""
    for link in page.links:
        if link.text.startswith(("http://", "https://", "mailto:")):
            continue
        if complaint := _broken(page, link):
            yield link.line, complaint


def _broken(page: Page, link: Mention) -> str | None:
    name, _, anchor = link.text.partition("#")
    path = ((ROOT / page.name).parent / name).resolve() if name else ROOT / page.name
    if not path.exists():
        return f"no file {name}"
    if anchor and anchor not in read_page(path).anchors:
        return f"no heading for {link.text}"
    return None


#: All checks of a page, by what they look for.
CHECKS: dict[str, Callable[[Page], Iterable[Complaint]]] = {
    "chart values": missing_chart_values,
    "commands": missing_commands,
    "files": missing_files,
    "links": missing_links,
    "metrics": missing_metrics,
    "names": missing_names,
    "problems": missing_problems,
    "reasons": missing_reasons,
    "settings": missing_settings,
    "symbols": missing_symbols,
    "tests": missing_tests,
}
