"""Texts that make parsers, highlighters and their patterns slow or deep, in families.

Many come from cmark's pathological_tests.py and from CVEs of Python-Markdown, markdown-it and
Pygments. The key of each text names it in a failure.
"""

#: Repetitions of a text's unit.
N = 5_000

_BRACKETS = {
    name: unit * N
    for name, unit in {
        "open": "[",
        "close": "]",
        "images": "![",
        "unclosed links": "[a](",
        "unclosed links in angle brackets": "[a](<b",
        "empty links in brackets": "[[]()",
        "images in brackets": "![[]()",
        "escaped": "\\[",
        "parentheses": "(",
        "closing parentheses": ")",
        "footnote references": "[^1]",
        "mixed": "[*`<&!_~",
        "links": "[a](https://b.c) ",
        "pictures": "![a](b) ",
    }.items()
}

_NESTED = {
    "brackets in brackets": "[" * N + "a" + "]" * N,
    "images in images": "![" * N + "a" + "]" * N,
    "emphasis in emphasis": "*a **a " * N + "b** b* " * N,
    "quotes on a line": ">" * N,
    "quotes on a line, with spaces": "> " * N,
    "lists on a line": "- a " + "- " * N,
    "numbers on a line": "1. " * N,
    "lists": "".join("  " * depth + "- a\n" for depth in range(350)),
    "lists of four": "".join("    " * depth + "- a\n" for depth in range(250)),
    "quotes": "".join(">" * depth + " a\n" for depth in range(350)),
    "raw blocks": "<div>" * N,
    "raw blocks between blank lines": "<div>\n\n" * N,
    "raw inlines": "<b><i>" * N,
    "details": "<details>" * N,
    "tables in tables": "<table>" * N,
    "items in items": "<li>" * N,
    "links in links": "<a href='x'>" * N,
    "alerts": "> [!NOTE]\n" * N,
}

_RUNS = {
    f"a run of {unit!r}": unit * N * 5
    for unit in ("*", "_", "~", "`", "|", ":", "@", "#", "&", "\\", "^", '"', "{", " ", "\n", "\t")
} | {
    f"many {unit!r}": unit * N
    for unit in (
        *("*a ", "*a _a ", "**a ", "_a ", "a***b", "`a ", "``a` ", "~~a ", "~a ", "@a ", "#a "),
        *(
            ":a",
            ":a:b:a:b:a:b",
            "&#",
            "&amp",
            "\\\n",
            "| \n",
            "|\n",
            "# a\n",
            "a\n=",
            "-\n",
            "---\n",
            "* * * ",
        ),
        *("https://a.b/`", "www.a.b ", "\\:a:", "@a/", "看@", "a@b.c ", "https://a.b/\\_"),
        *(
            "- [ ] a\n",
            "a@",
            "a@b.",
            "www.",
            "http://",
            "http://a ",
            "\x02",
            "\\@ ",
            "\u200b",
            "a\u0301",
        ),
    )
}

_MARKUP = {
    f"raw {unit!r}": unit * N
    for unit in (
        *("<", "<a ", "<a b='", "<!--", "<!A ", "<?", "<![CDATA[", "</", "<a@b.", "<!-- a "),
        *("<p>", "<pre>", "<b>"),
    )
} | {"attributes": "<a " + "b=c " * N + ">"}

_REFERENCES = {
    "the same definition": "[a]: /b\n" * N,
    "definitions": "".join(f"[a{n}]: /b\n" for n in range(N)),
    "open definitions": "[a]:\n" * N,
    "a long URL, many times": "[a]: /" + "b" * N + "\n\n" + "[a] " * N,
    "one footnote, many times": "[^1]" * 400 + "\n\n[^1]: a",
    "footnotes": "".join(f"[^{n}]: a\n\n" for n in range(N)),
    "footnotes in footnotes": "".join(f"[^{n}]: [^{n + 1}]\n\n" for n in range(200)) + "[^0]",
}

_BLOCKS = {
    "a wide table": "|a" * N + "|\n" + "|-" * N + "|\n" + "|b\n" * 3,
    "a long table": "|a|\n|-|\n" + "|\n" * N,
    "a table with missing cells": "|a" * 500 + "|\n" + "|-" * 500 + "|\n" + "|b|\n" * N,
    "backticks of all lengths": "".join("e" + "`" * n for n in range(1, 300)),
    "fences": "```\n" * N,
    "indented lines": (" " * 100 + "a\n") * 400,
    "a word": "a" * 60_000,
    "spaces before a word": "a" + " " * 50_000 + "b",
    "a long local part": "a" * 20_000 + "@",
    "closing after a URL": "www.a.b" + ")" * N,
    "all lines marked": '```python hl_lines="1-60000"\nx\n```',
    "a long class": "```{." + "a" * N + "}\nx\n```",
    "long options": "``` { " + "a=b " * N + "}\nx\n```",
    "placeholders": "\x02klzzwxh:0\x03" * 1000,
}

_OTHERS = (
    {
        f"blocks of {unit!r}": unit * N
        for unit in (
            *(
                ">! ",
                ">! a\n",
                ">! a\n\n",
                "> ```\n\n",
                "> $$\n\n",
                "$$\n",
                "$$ a\n",
                "$$ a\n\n",
                "```a b\n",
            ),
            *(
                "> - ",
                "> - a\n",
                "- a\n b\n",
                "- a\n\n\n",
                "- \n",
                "- a\n\n      b\n",
                "1. a\n\n   b\n",
            ),
            *(
                "|a|\n|-|\n\n",
                "a|b\n",
                "a\n|-|\n",
                "a\n\n|-|\n",
                "[^1]: a\n",
                "[^1]: ",
                "[^1]: - ",
                "a\n",
            ),
            *(
                "<details>\n\n",
                "<pre>\n",
                "<pre>\n\n",
                "<!--\n\n",
                "<b>\n\n",
                "<div>\na\n\n",
                "<x>\n",
            ),
        )
    }
    | {
        f"inlines of {unit!r}": unit * N
        for unit in (
            *(
                "$a ",
                "$a$ ",
                "$$a ",
                "$$a$$ ",
                "$`a ",
                "$\\a",
                "$1 ",
                "a$ ",
                "`a` ",
                "`a``b",
                "\\`",
                "\\\\`",
            ),
            *(
                "<b> ",
                "</b> ",
                "`<b>",
                "<b>`",
                "<b></b>",
                "<table> ",
                "<img> ",
                "<b c> ",
                "<b c='d' ",
                "a  \n",
            ),
            *(
                "*a* ",
                "**a** ",
                "~~a~~ ",
                "[a](b 'c' ",
                "[a](<b> 'c') ",
                "<a@b.c> ",
                "<http://a> ",
                "&lt;",
            ),
        )
    }
    | {
        "tags around tags": "<b>" * N + "</b>" * N,
        "tables on lines of 45 quotes": ("> " * 45 + "|a|\n" + "> " * 45 + "|-|\n\n") * 300,
        "lines of 45 quotes": ("> " * 45 + "a\n") * 700,
        "lines of 45 lists": ("- " * 45 + "a\n") * 700,
        "a paragraph before an underline": "a\n" * 30_000 + "===",
        "footnotes in a footnote": "[^1]\n\n" + "".join(f"[^{n}]: " for n in range(400)) + "a",
    }
)

_QUOTES = (
    {
        f"quotes that end before their run: {unit!r}": unit * N
        for unit in (
            *("> # h\nb\n", "> > # h\nb\n", "> ---\nb\n", ">>>>> ---\n" + "b\n" * 4),
            *("    - a\n>     - a\n", "    a\n>     a\n", "> ```\n> a\nb\n", "> -\nb\n"),
            *(">\t\ta\nb\n", "> - # h\nb\n", "> <!-- -->\nb\n", ">" * 20 + " # h\nb\n"),
            *("> |a|\n> |-|\nb\n", "> a\n> ===\nb\n", "> [!NOTE]\n> # a\nb\n", "> a\n# h\n"),
        )
    }
    | {
        f"{levels} quotes before {line!r}, {lines} times": ">" * levels
        + "a\n"
        + f"{line}\n" * lines
        for levels, lines in ((39, 32_000), (39, 5_300), (5, 32_000))
        for line in ("a", "|", "<", "$x", "`", "=", "    b")
    }
    | {
        "quotes in a footnote": "[^1]\n\n[^1]: " + ">" * 38 + "a\n" + "b\n" * 30_000,
        "quotes in items": "- > " * 13 + "a\n" + "b\n" * 30_000,
    }
)

_CODE = {
    f"code in {language}": f"```{language}\n" + unit * N
    for language, unit in {
        "python": "((((",
        "pycon": ">>> '''\n",
        "json": "{",
        "perl": "s{",
        "html": "<a ",
        "js": "///",
        "markdown": "*a ",
        "yaml": "- ",
        "rst": "`a ",
        "php": "<?php '",
        "bash": "$(",
        "sql": "/*",
        "css": "a{",
        "ruby": "<<a ",
        "haskell": "{-",
    }.items()
}

_FAMILIES = (*(_BRACKETS, _NESTED, _RUNS, _MARKUP, _REFERENCES, _BLOCKS, _OTHERS, _QUOTES, _CODE),)

HOSTILE = {name: text[:65_000] for family in _FAMILIES for name, text in family.items()}
