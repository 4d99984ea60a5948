"""Random texts, built from difficult pieces for parsers and sanitisers."""

from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        *(
            "<",
            ">",
            "/",
            '"',
            "'",
            "=",
            "&",
            ";",
            "#",
            "@",
            ":",
            "!",
            "[",
            "]",
            "(",
            ")",
            "`",
            "\n",
        ),
        *(
            "```",
            "\n\n",
            "    ",
            "- ",
            "> ",
            "# ",
            "|",
            "[^1]",
            "[^1]: ",
            "<b>",
            "</b>",
            "<a href=",
        ),
        *("<img src=x onerror=alert(1)>", "<script>", "</script>", "<style>", "<svg>", "<math>"),
        *("<!--", "-->", "<![CDATA[", "]]>", "javascript:", "https://x.example/", "onclick=x "),
        *("@ann", "#general", ":tada:", "a", " ", "\t", "&lt;", "&#106;", "\x00", "\x02", "\u200b"),
        *("<table>", "<td>", "<select>", "<template>", "<noscript>", "<p>", "</p>", "<pre><code>"),
        *("<code class=language-html>", "</code></pre>", "<h1>", "</h1>", "<li id=fn-00000000-1>"),
    ]
)

TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join)
