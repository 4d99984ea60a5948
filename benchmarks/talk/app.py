"""The application under test: a microblog in Flask, plain code as a newcomer writes it.

The environment has its sizes: TALK_SITE the site with the pages, TALK_SECTIONS the sections of the
smallest text, TALK_DATABASE_URL the database, TALK_QUERY_SECONDS the time of its query.
"""

import os
import re
from typing import Any

import markdown
import requests
from flask import Flask, request
from sqlalchemy import create_engine, text

#: The site with the pages that /io and /post fetch.
SITE = os.environ.get("TALK_SITE", "")

#: Sections of the smallest text. 40 take about 0.05 s of a CPU of 2026.
SECTIONS = int(os.environ.get("TALK_SECTIONS", "40"))

#: Text `number` has 1 to this many times as many sections, so the largest takes about 0.3 s.
SIZES = 6

#: Seconds of the slow query.
QUERY_SECONDS = float(os.environ.get("TALK_QUERY_SECONDS", "0.2"))

SECTION = """\
## Part {number}.{part}: *notes* on `code`

A paragraph with **bold** words, a [link](https://example.org/{number}/{part}) and `inline code`.
It has several lines, a (remark), and _emphasis_ in many places, as **people** write.

* an item with *emphasis*
* an item with a [second link](https://example.org/{part})

```python
def part_{part}(words: list[str]) -> dict[str, int]:
    return {{word: len(word) + {part} for word in sorted(words) if word != "{number}"}}
```

| name | value |
| --- | --- |
| part | {part} |

"""

app = Flask(__name__, static_folder=os.environ.get("TALK_STATIC", "static"))
# It connects at the first query.
engine = create_engine(os.environ.get("TALK_DATABASE_URL", "sqlite://"))


def long_text(number: int, sections: int = SECTIONS) -> str:
    """A text in Markdown. Its size and its words depend on the number."""
    parts = range((number % SIZES + 1) * sections)
    return "".join(SECTION.format(number=number, part=part) for part in parts)


def render(source: str) -> str:
    """HTML from Markdown."""
    return markdown.markdown(source, extensions=["extra", "codehilite"])


def fetch_title(url: str) -> str:
    """The title of a page."""
    response = requests.get(url, timeout=30)
    response.raise_for_status()
    return response.text.partition("<title>")[2].partition("</title>")[0]


@app.get("/ping")
def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong\n"


@app.get("/io")
def io() -> str:
    """Wait for another site."""
    return fetch_title(f"{SITE}/page/{request.args['number']}")


@app.get("/cpu")
def cpu() -> str:
    """Compute."""
    return render(long_text(int(request.args["number"])))


@app.get("/db")
def db() -> str:
    """Wait for a database. The answer is the number that was asked for."""
    query = text("SELECT CAST(:number AS integer) FROM pg_sleep(:seconds)")
    values = {"number": int(request.args["number"]), "seconds": QUERY_SECONDS}
    with engine.connect() as connection:
        return str(connection.execute(query, values).scalar_one())


@app.post("/post")
def post() -> dict[str, Any]:
    """A post of the microblog: render it, then fetch the titles of its links."""
    source = request.get_json()["text"]
    html = render(source)
    links = re.findall(r"<(http://127\.0\.0\.1:[^>]+)>", source)
    return {"html": html, "titles": [fetch_title(link) for link in links]}
