"""The languages of code blocks: which one the words after a fence mean.

The names are a closed list: Pygments' own, and some that it has no lexer for. A name is also the
label of the block, so a text cannot write another one.
"""

import re
from collections.abc import Iterator

from markdown_it.common.utils import unescapeAll
from pygments.lexers import get_all_lexers

#: The name of text without a language. It is no label.
PLAIN = "text"

#: Longest read part of the words after a fence, in characters.
_MAX_INFO = 200

#: Further words for Pygments' languages, from GitHub's, highlight.js' and Prism's lists.
_ALIASES = {
    PLAIN: "txt plain plaintext none nohighlight raw ascii csv tsv log logs",
    "json": "jsonc jsonl ndjson geojson topojson webmanifest",
    "javascript": "mjs cjs es6 node mongo mongodb",
    "typescript": "mts cts",
    "html": "htm xhtml svelte astro ejs",
    "xml": "svg plist",
    "markdown": "mdx rmd qmd mkd",
    "console": "sh-session shellsession bash-session terminal session",
    "bash": "env dotenv",
    "batch": "cmd",
    "c": "h",
    "cpp": "cc cxx hpp hxx h++",
    "arduino": "ino",
    "csharp": "c-sharp",
    "diff": "patch",
    "docker": "containerfile",
    "fsharp": "fs f-sharp",
    "gdscript": "godot",
    "gherkin": "feature",
    "graphql": "gql",
    "groovy": "gradle",
    "handlebars": "hbs mustache",
    "ini": "conf gitconfig editorconfig",
    "jinja": "jinja2 j2",
    "kotlin": "kt kts",
    "make": "mk gnumakefile",
    "nasm": "x86asm",
    "ocaml": "ml mli",
    "postscript": "ps",
    "python": "ipython bzl pyw",
    "pytb": "traceback stacktrace",
    "r": "rlang",
    "reasonml": "re",
    "registry": "reg",
    "robotframework": "robot",
    "solidity": "sol",
    "sql": "sqlite",
    "systemd": "service",
    "vb.net": "vb vba visual-basic",
    "vbscript": "vbs",
    "vim": "viml",
    "wast": "wasm",
    "yaml": "compose docker-compose k8s kubernetes helm ansible",
}

#: Languages without a lexer. A client may draw or mark them.
_WITHOUT_LEXER = (
    *("abc", "asciidoc", "bicep", "cue", "dhall", "gitignore", "jq", "math", "mermaid", "nushell"),
    *("plantuml", "redis", "regex", "srt", "stl", "vtt"),
)

#: Aliases in Pygments that are languages of their own.
_OWN_NAMES = ("jinja", "ksh", "r", "sage", "starlark", "zsh")


def _pygments() -> Iterator[tuple[str, str]]:
    """The words for Pygments' languages, and its first alias of each: the name here."""
    for title, aliases, _, _ in get_all_lexers(plugins=False):
        for alias in (title, *aliases) if aliases else ():
            yield alias.lower(), aliases[0]


#: The name of a language by each word for it.
_NAMES: dict[str, str] = (
    dict(_pygments())
    | {name: name for name in (*_OWN_NAMES, *_WITHOUT_LEXER)}
    | {word: name for name, words in _ALIASES.items() for word in words.split()}
)

#: All names.
LANGUAGES = frozenset(_NAMES.values())

#: A file's name in the words: `app.py`, `src/app.ts:10-20`.
_EXTENSION = re.compile(r"[\w-]\.(\w{1,10})(?![\w.])")
_CLASS = re.compile(r"[{\s]\.([\w+#*-]+)")
_WORD = re.compile(r"[\w+#*.-]+")


def language_of(info: str) -> str | None:
    """The name of the language that the words after a fence mean; None for an unknown one."""
    for candidate in _candidates(unescapeAll(info[:_MAX_INFO]).strip().lower()):
        if name := _NAMES.get(candidate):
            return name
    return None


def is_language(words: str) -> bool:
    """Whether words are a name of a language, such as `Common Lisp`."""
    return words.lower() in _NAMES


def has_lexer(language: str) -> bool:
    """Whether Pygments has a lexer for a name."""
    return language not in _WITHOUT_LEXER and language != PLAIN


def _candidates(info: str) -> Iterator[str]:
    """Words that may be the language, the likeliest first."""
    yield info
    if info.startswith("{"):  # as Pandoc writes it: {#id .python}
        yield from _CLASS.findall(info)
    first = (info.lstrip("{. ").split(maxsplit=1) or [""])[0]
    yield first
    for prefix in ("language-", "lang-", "lang="):
        if first.startswith(prefix):
            first = first.removeprefix(prefix)
    if "/" in first:  # a media type or a path
        yield first.rpartition("/")[2]
    if word := _WORD.match(first):
        yield word[0]
        yield _without_version(word[0])
        if word[0].startswith("diff-"):
            yield "diff"
    yield from reversed(_EXTENSION.findall(info))


def _without_version(word: str) -> str:
    """`python3.11` is `python`, `c++17` is `c++`. Of the single letters only C has versions."""
    name = word.rstrip("0123456789.")
    return name if len(name) > 1 or name == "c" else ""
