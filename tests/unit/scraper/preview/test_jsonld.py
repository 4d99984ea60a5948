"""JSON-LD as pages have it."""

import pytest
from splitflap_scraper.preview.structured.graph import Graph
from splitflap_scraper.preview.structured.jsonld import Node, preview_type
from splitflap_scraper.preview.structured.topic import Identity, topic_of

from tests.unit.scraper.preview.documents import of


def main(graph: Graph, *urls: str) -> Node | None:
    """Return the topic of a page at these URLs."""
    return topic_of(graph, Identity(urls))


def test_a_graph_has_a_main_node() -> None:
    """References are followed."""
    graph = Graph(
        [
            (
                '{"@graph":[{"@type":"WebPage"},{"@type":"Person","@id":"#p","name":"P"},'
                '{"@type":["NewsArticle"],"author":[{"@id":"#p"},"Q",{"name":["R"]}],}]}'
            )
        ]
    )
    node = main(graph, "https://a.example/")
    assert preview_type(node) == "article"
    assert graph.texts(node, "author") == ["P", "Q", "R"]
    assert Graph(["[" * 100_000, "nonsense", "", "null", "3"]).nodes == []


def test_numbers_keep_their_spelling() -> None:
    """Integers stay integers."""
    graph = Graph(['{"@type":"Article","headline":1984,"name":1.5,"datePublished":1714557600}'])
    node = main(graph)
    assert graph.texts(node, "headline") == ["1984"]
    assert graph.texts(node, "name") == ["1.5"]
    assert graph.texts(node, "datePublished") == ["1714557600"]


@pytest.mark.parametrize(
    "value", ["Infinity", "-Infinity", "NaN", "1e308", "9" * 400, "true", "false", "null"]
)
def test_a_value_that_is_no_usual_number_is_no_text(value: str) -> None:
    """An author called inf, and a title of 309 digits, mean nothing."""
    found = f'{{"@type":"Article","headline":{value},"author":{value},"description":{value}}}'
    graph = Graph([found])
    assert [*graph.texts(main(graph), "headline", "author", "description")] == []


@pytest.mark.parametrize("author", ["12", '{"name":12}', '{"name":12.5,"url":"/a"}'])
def test_a_number_is_no_author(author: str) -> None:
    """It is the id of one. A title may be a number, such as that of a book."""
    script = f'{{"@type":"Article","headline":1984,"author":{author}}}'
    found = of(f"<script type=application/ld+json>{script}</script>")
    assert (found.title, found.author) == ("1984", None)


def test_truncated_json_gives_its_first_properties() -> None:
    """Headline and author come first."""
    graph = Graph(
        ['{"@type":"Article","headline":"A \\u00e9","author":{"@type":"P","name":"B"},"x":"']
    )
    node = main(graph)
    assert graph.texts(node, "headline") == ["A \u00e9"]
    assert graph.texts(node, "author") == ["B"]
