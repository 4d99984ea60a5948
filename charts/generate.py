"""Writes what is made of the chart's values and the services' settings; `--check` only compares.

splitflap/README.md            the table of values, from the comments `# --` of values.yaml
splitflap/values.schema.json   the settings of each service, from its settings.py
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import CommonSettings
from splitflap_renderer.settings import RendererSettings
from splitflap_scraper.process.settings import ScraperSettings

CHART = Path(__file__).parent / "splitflap"

#: The mark of a comment that goes into the table, and of the rest of it on the next lines.
MARK = re.compile(r"\s*# -- (?P<text>.*)")

#: Settings that the chart sets itself, from values of their own.
OWN = {
    *("data_dir", "broker_url", "broker_user", "broker_password", "broker_ca_file"),
    *("health_host", "health_port", "host", "port", "database_url", "bootstrap_key"),
    *("api_roles", "scraper_allow_nets", "scraper_ca_file"),
}

SERVICES: dict[str, type[CommonSettings]] = {
    "api": ApiSettings,
    "scraper": ScraperSettings,
    "renderer": RendererSettings,
}

BEGIN = "<!-- values: made by `make docs` from values.yaml -->\n"
END = "<!-- end of values -->\n"


def readme() -> str:
    """README.md with its table made anew."""
    before, _, rest = (CHART / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = "".join(
        f"| `{name}` | `{default}` | {text} |\n".replace("\\", "\\\\")
        for name, default, text in values()
    )
    head = "| value | default | what it says |\n| --- | --- | --- |\n"
    return f"{before}{BEGIN}{head}{rows}{END}{after}"


def values() -> Iterator[tuple[str, str, str]]:
    """Name, default and comment of each value.

    Raises:
        LookupError: a value has no comment.
    """
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    yield from _values(yaml.compose(text), text.splitlines(), "")


def _values(node: Any, lines: list[str], prefix: str) -> Iterator[tuple[str, str, str]]:
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        mark = MARK.fullmatch(lines[key.start_mark.line - 1])
        if mark:
            yield name, _default(value), mark["text"].replace("|", "\\|")
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _values(value, lines, f"{name}.")
        else:
            raise LookupError(f"values.yaml: {name} has no comment `# --` on the line before it")


def _default(node: Any) -> str:
    return json.dumps(yaml.safe_load(yaml.serialize(node)), ensure_ascii=False)


def schema() -> str:
    """values.schema.json with each service's settings made anew."""
    document = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    for service, kind in SERVICES.items():
        document["$defs"][f"{service}Settings"] = _settings(kind)
    # Python's end of a text is not that of other languages' expressions.
    return json.dumps(document, indent=2).replace(r"\\Z", "$") + "\n"


def _settings(kind: type[CommonSettings]) -> dict[str, Any]:
    described = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            _camel(name): {key: what for key, what in each.items() if key != "default"}
            for name, each in described.items()
            if name not in OWN
        },
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


PAGES = {"README.md": readme, "values.schema.json": schema}


def main() -> None:
    """Write, or compare."""
    drifted = [
        name for name, make in PAGES.items() if (CHART / name).read_text(encoding="utf-8") != make()
    ]
    for name in drifted:
        if "--check" in sys.argv:
            sys.stdout.write(f"charts/splitflap/{name} has drifted: run `make docs`\n")
        else:
            (CHART / name).write_text(PAGES[name](), encoding="utf-8")
            sys.stdout.write(f"charts/splitflap/{name} was written\n")
    raise SystemExit(bool(drifted) and "--check" in sys.argv)


if __name__ == "__main__":
    main()
