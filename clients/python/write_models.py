"""Write the models and problems of the client; with --check, only name those that differ.

models.py     from the schemas of the OpenAPI document
problems.py   from the API's problems
"""

import builtins
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent, wrap
from typing import Any

from splitflap_api.contract import models
from splitflap_api.contract.problems import TYPES
from splitflap_api.contract.schemas import schemas_of
from splitflap_api.contract.webhooks import models as hooks

PACKAGE = Path(__file__).parent / "splitflap_client"

#: What the client sends and reads; the schemas that these refer to follow.
INPUTS = (
    models.PostInput,
    models.BatchInput,
    models.EditInput,
    models.RenderInput,
    models.PreviewInput,
    hooks.WebhookInput,
    hooks.ReplayInput,
)
OUTPUTS = (
    models.FinalResponseOrTask,
    models.PostList,
    models.ProblemBody,
    hooks.CreatedWebhook,
    hooks.WebhookList,
    hooks.DeliveryList,
    hooks.Replayed,
)

Schema = dict[str, Any]

#: Longest line of a docstring or comment, without its indentation.
WIDTH = 88

_MODELS = '''\
"""Models of requests and responses. Made by `make docs` from the OpenAPI document: edit that."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

# A later API may have more values than these.
if TYPE_CHECKING:
{literals}
else:
{names}


class _Input(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The body of a request: without what is left out."""


class _Output(msgspec.Struct, kw_only=True, frozen=True, tag_field="kind"):
    """A response. What a later API adds is ignored."""
'''

_PROBLEMS = '''\
"""Each type of problem. Made by `make docs` from the API's problems.py: edit that."""

from splitflap_client.errors import Problem
'''


def client_models() -> str:
    """splitflap_client/models.py."""
    _, schemas = schemas_of([*INPUTS, *OUTPUTS])
    enums: dict[str, list[str]] = {}
    classes = [_class(name, each, enums) for name, each in _in_order(schemas)]
    literals = [f"{name} = Literal[{', '.join(map(repr, enums[name]))}]" for name in sorted(enums)]
    names = [f"{name} = str" for name in sorted(enums)]
    head = _MODELS.format(literals=_block(literals), names=_block(names))
    return "\n\n".join([head, *filter(None, classes)])


def _in_order(schemas: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Each schema after those that it refers to."""
    left = dict(schemas)
    while left:
        for name, schema in list(left.items()):
            refers = set(re.findall(r"schemas/(\w+)", str(schema))) - {name}
            if not refers & left.keys():
                yield name, left.pop(name)


def _class(name: str, schema: Schema, enums: dict[str, list[str]]) -> str:
    """A class for an object; nothing for a set of values, which `enums` takes, or a union."""
    if "enum" in schema:
        enums[name] = schema["enum"]
    if schema.get("type") != "object":
        return ""
    properties = dict(schema["properties"])
    base = "_Input" if name in {each.__name__ for each in INPUTS} else "_Output"
    kind = properties.pop("kind", {}).get("const")
    tag = f", tag={kind!r}" if kind else ", tag_field=None" if base == "_Output" else ""
    fields = [
        _field(name, field, each, enums, required=field in schema["required"])
        for field, each in properties.items()
    ]
    doc = indent(_docstring(schema["description"]), "    ")
    return f"class {name}({base}, kw_only=True, frozen=True{tag}):\n{doc}\n\n" + _block(fields)


def _field(
    owner: str, name: str, schema: Schema, enums: dict[str, list[str]], *, required: bool
) -> str:
    if "enum" in schema:
        kind = f"{owner}{name.title()}"
        enums[kind] = [each for each in schema["enum"] if each is not None]
        kind += " | None" if None in schema["enum"] else ""
    else:
        kind = _type(schema)
    if not required and "None" not in kind:
        kind += " | None"
    # A field that may be null may be absent, as in the response of an older API.
    default = " = None" if kind.endswith("None") else ""
    return _comment(schema.get("description", "")) + f"{name}: {kind}{default}"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(map(_type, schema["anyOf"]))
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " | ".join(_simple(each, schema) for each in sorted(types, key="null".__eq__))


def _simple(name: str, schema: Schema) -> str:
    if name == "array":
        return f"list[{_type(schema['items'])}]"
    if name == "string" and schema.get("format") == "date-time":
        return "datetime"
    return {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "null": "None",
    }[name]


def problems() -> str:
    """splitflap_client/problems.py."""
    parts = [_PROBLEMS]
    for each in TYPES.values():
        doc = indent(_docstring(f"{each.title} ({each.status}).\n\n{each.doc}"), "    ")
        parts.append(f"class {_class_name(each.slug)}(Problem):\n{doc}\n")
    rows = [f'"{slug}": {_class_name(slug)},' for slug in TYPES]
    table = "BY_SLUG: dict[str, type[Problem]] = {\n" + _block(rows) + "\n}\n"
    return "\n\n".join(
        [*parts, f"#: The classes by the last segment of a problem's type.\n{table}"]
    )


def _class_name(slug: str) -> str:
    name = "".join(word.capitalize() for word in slug.split("-"))
    return f"{name}Problem" if hasattr(builtins, name) else name


def _docstring(text: str) -> str:
    first, *others = [_wrapped(each, WIDTH) for each in text.split("\n\n")]
    if not others and "\n" not in first:
        return f'"""{first}"""'
    if "\n" in first:
        head, _, rest = text.partition(". ")
        first, others = f"{head}.", [_wrapped(rest.strip(), WIDTH), *others]
    return f'"""{first}\n\n' + "\n\n".join(others) + '\n"""'


def _wrapped(text: str, width: int) -> str:
    return "\n".join(wrap(" ".join(text.split()), width, break_long_words=False))


def _comment(text: str) -> str:
    return "".join(f"#: {line}\n" for line in _wrapped(text, WIDTH).splitlines())


def _block(lines: list[str]) -> str:
    return indent("\n".join(lines), "    ")


def formatted(code: str) -> str:
    """The code as `make lint` wants it."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    command = [ruff, "format", "--stdin-filename", str(PACKAGE / "made.py"), "-"]
    done = subprocess.run(command, input=code, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


MODULES = {"models.py": client_models, "problems.py": problems}


def main() -> None:
    """Write the modules, or compare them with --check."""
    check = "--check" in sys.argv
    drifted = False
    for name, make in MODULES.items():
        path, code = PACKAGE / name, formatted(make())
        if path.exists() and path.read_text(encoding="utf-8") == code:
            continue
        drifted = True
        verb = "differs from the API: run `make docs`" if check else "was written"
        sys.stdout.write(f"clients/python/splitflap_client/{name} {verb}\n")
        if not check:
            path.write_text(code, encoding="utf-8")
    raise SystemExit(drifted and check)


if __name__ == "__main__":
    main()
