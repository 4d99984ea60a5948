"""Write the pages that are made from declarations; with --check, only name those that differ.

configuration.md   from the services' settings
metrics.md         from core/splitflap_core/metrics.yaml
problems.md        from the API's problems
failures.md        from the scraper's reasons
keys.md            its table, from docs/keys.yaml
styles.css         from Pygments' styles and the rules below, for pages that show posts
setting_names.txt  in core: all variables that any part reads, from the settings and the commands
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pygments.formatters.html import HtmlFormatter
from splitflap.__main__ import main as command_line
from splitflap_api.contract.paths import PROBLEMS
from splitflap_api.contract.problems import TYPES
from splitflap_api.settings import ApiSettings
from splitflap_core.definitions import VARIABLES
from splitflap_core.settings import PREFIX, CommonSettings, SettingDoc, describe
from splitflap_core.telemetry import Declaration, declarations
from splitflap_core.tracing.settings import PREFIX as OTEL
from splitflap_core.tracing.settings import TraceSettings
from splitflap_renderer.settings import RendererSettings
from splitflap_scraper.process.reasons import REASONS, Reason
from splitflap_scraper.process.settings import ScraperSettings

FOLDER = Path(__file__).parent

_MADE = "<!-- Made by `make docs` from {source}: edit that. -->\n"


_CONFIGURATION = """\
# Configuration

Settings are environment variables. An empty variable counts as unset. An invalid value stops the
service at its start with exit status 78; the message names the variable and the expected value.
All services may share one file of variables. A variable that no part of Splitflap reads changes
nothing: each service logs a warning at its start, with the setting of the most similar name.
Each service logs its effective settings at the start and leaves out secrets.
[Traces](operations.md#traces) have the standard names of OpenTelemetry.

`SPLITFLAP_DATABASE_URL` and `SPLITFLAP_BROKER_URL` choose the database and the broker. If they are
unset, Splitflap keeps all data in `SPLITFLAP_DATA_DIR`.
"""

_METRICS = """\
# Metrics

Each service exposes its metrics in Prometheus' text format at `/metrics` on its health port. Every
metric exists from the start, with the value 0. Labels have few values; they never hold ids, URLs,
channels or accounts. The usual `process_` metrics are there too; the renderer has those of its
parent process only. All API replicas report the same values for the database and the broker: take
the maximum over the replicas, not the sum.
"""

_PROBLEMS = """\
# Problems

Every error is an RFC 9457 problem: `application/problem+json` with `type`, `title`, `status` and
`detail`. If fields of the request are invalid, `errors` lists them as `{field, message}`. A `type`
is a URL relative to the API; a GET of it returns the explanation.
"""

_FAILURES = """\
# Failures of previews

A failed preview has one of these words as its `reason`. The third column gives the number of
attempts in all. Retries come after about 2 and 8 s, or after the server's Retry-After if that is at
most a minute. A longer Retry-After ends the attempts, and the failure stays known for that long, at
most a day. An attempt is what a scraper has begun. A wait for a scraper, or for the turn of a busy
host, is no attempt and ends no preview. While a failure is known, posts that link to the URL get it
at once, and the scraper sends no request to the site.
"""


def configuration() -> str:
    """docs/configuration.md."""
    common = {each.name for each in describe(CommonSettings)}
    sections = [
        _MADE.format(source="the services' settings.py"),
        _CONFIGURATION,
        _settings("All services", describe(CommonSettings)),
    ]
    for title, kind in (
        ("API", ApiSettings),
        ("Renderer", RendererSettings),
        ("Scraper", ScraperSettings),
    ):
        own = [each for each in describe(kind) if each.name not in common]
        sections.append(_settings(title, own))
    sections.append(_settings("Traces", describe(TraceSettings, OTEL)))
    return "\n".join(sections)


def _settings(title: str, docs: Iterable[SettingDoc]) -> str:
    rows = [
        (f"`{each.name}`", f"`{each.default}`" if each.default else "", each.doc) for each in docs
    ]
    return f"## {title}\n" + _table(("variable", "default", "meaning"), rows)


def metrics() -> str:
    """docs/metrics.md."""
    sections = [
        _MADE.format(source="core/splitflap_core/metrics.yaml"),
        _METRICS,
    ]
    for service in ("api", "renderer", "scraper"):
        rows = [_metric(each) for each in declarations().values() if service in each.services]
        sections.append(f"## {service}\n" + _table(("metric", "type", "labels", "meaning"), rows))
    return "\n".join(sections)


def _metric(declared: Declaration) -> tuple[str, ...]:
    labels = ", ".join(f"`{label}`" for label in declared.labels)
    return f"`{declared.name}`", declared.type, labels, declared.help


def problems() -> str:
    """docs/problems.md."""
    rows = [(f"`{PROBLEMS}{p.slug}`", str(p.status), p.title, p.doc) for p in TYPES.values()]
    return "\n".join(
        [
            _MADE.format(source="services/api/splitflap_api/contract/problems.py"),
            _PROBLEMS,
            _table(("type", "status", "title", "remedy"), rows),
        ]
    )


_STYLES = """\
/* Made by `make docs` from docs/generate.py: edit that.
   For pages that show posts: give the element around a post's html the class `post`. */

/* Nothing is wider than the post: words break, and tables, code and formulas scroll. */
.post { overflow-wrap: anywhere; }
.post img { max-width: 100%; height: auto; }
.post table {
  display: block; width: max-content; max-width: 100%; overflow-x: auto;
  border-collapse: collapse; overflow-wrap: normal;
}
.post :is(th, td) { padding: 0.25em 0.75em; border: 1px solid #8885; }
.post pre { margin: 0; padding: 0.75em; overflow-x: auto; overflow-wrap: normal; line-height: 1.4; }
.post .math-display { display: block; overflow-x: auto; }

/* Quotes and lists are indented, up to the sixth level. */
.post :is(ul, ol) { padding-inline: 1.75em 0; }
.post :is(blockquote, dd, .markdown-alert) { margin-inline: 0; padding-inline-start: 1em; }
.post :is(blockquote, .markdown-alert) { border-inline-start: 0.25em solid #8888; }
{deep} {
  margin-inline: 0; padding-inline: 0; border-inline-start: 0; list-style-position: inside;
}

/* Both directions on a page. An item of the other direction has its marker beside its text. */
.post code { direction: ltr; unicode-bidi: isolate; }
.post :is(ul, ol):dir(ltr) > li:dir(rtl), .post :is(ul, ol):dir(rtl) > li:dir(ltr) {
  list-style-position: inside;
}

.post .highlight { position: relative; margin-block: 1em; }
.post .highlight[data-language]::before {
  content: attr(data-language); position: absolute; top: 0; right: 0; padding: 0 0.5em;
  font: 0.75em sans-serif; opacity: 0.7; pointer-events: none;
}
.post kbd { padding: 0 0.3em; border: 1px solid #8888; border-radius: 0.25em; }
.post :is(sub, sup) { line-height: 0; }
.post summary { cursor: pointer; }
.post .spoiler { padding: 0.25em 0.75em; border: 1px dashed #8888; }
.post .group-mention { font-weight: bold; }
.post .task-list-item { list-style: none; }
.post .footnote { font-size: 0.9em; }
.post .markdown-alert-note { border-color: #0969da; }
.post .markdown-alert-tip { border-color: #1a7f37; }
.post .markdown-alert-important { border-color: #8250df; }
.post .markdown-alert-warning { border-color: #9a6700; }
.post .markdown-alert-caution { border-color: #cf222e; }
.post .markdown-alert-title { font-weight: bold; }
"""

#: Six blocks with an indentation, and one more within them.
_DEEP = ".post " + " ".join([":is(ul, ol, blockquote, dd, .markdown-alert)"] * 7)


def styles() -> str:
    """docs/styles.css, for light pages and for dark ones."""
    light, dark = (_pygments(style) for style in ("default", "github-dark"))
    own = _STYLES.replace("{deep}", _DEEP)
    return f"{own}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _pygments(style: str) -> str:
    """The rules of code. Pygments has some for whole pages, and a red box for its errors."""
    rules = str(HtmlFormatter(style=style).get_style_defs(".post .highlight")).split("\n")
    kept = [each for each in rules if each.startswith(".post ") and " .err " not in each]
    return "\n".join(kept)


def failures() -> str:
    """docs/failures.md."""
    rows = [
        (f"`{word}`", each.when, _tries(each), _duration(each.keep))
        for word, each in REASONS.items()
    ]
    return "\n".join(
        [
            _MADE.format(source="services/scraper/splitflap_scraper/process/reasons.py"),
            _FAILURES,
            _table(("reason", "when", "attempts", "known for"), rows),
        ]
    )


_RIGHTS = "<!-- The table is made by `make docs` from docs/keys.yaml: edit that. -->\n"


def keys() -> str:
    """docs/keys.md: its prose, then the table."""
    rights = yaml.safe_load((FOLDER / "keys.yaml").read_text("utf-8"))
    prose = (FOLDER / "keys.md").read_text("utf-8").partition(_RIGHTS)[0]
    names = [f"{name} ({_rights(key)})" for name, key in rights["keys"].items()]
    rows = [(each["what"], *map(str, each["statuses"])) for each in rights["requests"]]
    return prose + _RIGHTS + _table(("request", *names), rows)


def _rights(key: Mapping[str, Any]) -> str:
    channels = f" in {', '.join(key['channels'])}" if "channels" in key else ""
    return f"{key['account']}: {', '.join(key['scopes'])}{channels}"


def setting_names() -> str:
    """core/splitflap_core/setting_names.txt."""
    kinds = (ApiSettings, RendererSettings, ScraperSettings)
    names = {each.name for kind in kinds for each in describe(kind)}
    names |= {name for option in command_line.params for name in _variables(option.envvar)}
    names |= {PREFIX + name for name in VARIABLES}
    return "".join(f"{name}\n" for name in sorted(names))


def _variables(envvar: str | Sequence[str] | None) -> Sequence[str]:
    return [envvar] if isinstance(envvar, str) else envvar or ()


def _tries(reason: Reason) -> str:
    if not reason.temporary_if:
        return ""
    if not reason.attempts:
        return "no limit: waiting is no attempt"
    when = "" if reason.temporary_if == "always" else f": {reason.temporary_if}"
    return f"{reason.attempts} attempts{when}"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {
    "configuration.md": configuration,
    "metrics.md": metrics,
    "problems.md": problems,
    "styles.css": styles,
    "../services/web/page/static/style/post.css": styles,
    "failures.md": failures,
    "keys.md": keys,
    "../core/splitflap_core/setting_names.txt": setting_names,
}


def main() -> None:
    """Write the pages, or compare them with --check."""
    drifted = []
    for name, make in PAGES.items():
        path = (FOLDER / name).resolve()
        if not path.exists() or path.read_text(encoding="utf-8") != make():
            drifted.append(path.relative_to(FOLDER.parent))
            if "--check" not in sys.argv:
                path.write_text(make(), encoding="utf-8")
    sys.stdout.write("".join(f"{name} {_VERB['--check' in sys.argv]}\n" for name in drifted))
    raise SystemExit(bool(drifted) and "--check" in sys.argv)


_VERB = {True: "differs from its declarations: run `make docs`", False: "was written"}

if __name__ == "__main__":
    main()
