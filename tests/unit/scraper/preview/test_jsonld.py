"""JSON-LD as pages have it."""

from splitflap_scraper.preview.structured.jsonld import Graph, kind


def test_graphs() -> None:
    """References are followed, the most telling node of the page is its main one."""
    graph = Graph(
        [
            (
                '{"@graph":[{"@type":"WebPage"},{"@type":"Person","@id":"#p","name":"P"},'
                '{"@type":["NewsArticle"],"author":[{"@id":"#p"},"Q",{"name":["R"]}],}]}'
            )
        ]
    )
    node = graph.main(["https://a.example/"])
    assert kind(node) == "article"
    assert graph.texts(node, "author") == ["P", "Q", "R"]
    assert Graph(["[" * 100_000, "nonsense", "", "null", "3"]).nodes == []


def test_numbers_of_json() -> None:
    """As they are written, however they are read."""
    graph = Graph(['{"@type":"Article","headline":1984,"name":1.5,"datePublished":1714557600}'])
    node = graph.main([])
    assert graph.texts(node, "headline") == ["1984"]
    assert graph.texts(node, "name") == ["1.5"]
    assert graph.texts(node, "datePublished") == ["1714557600"]


def test_json_that_is_cut_off_says_what_it_can() -> None:
    """The headline and the day stand at its begin."""
    graph = Graph(
        ['{"@type":"Article","headline":"A \\u00e9","author":{"@type":"P","name":"B"},"x":"']
    )
    node = graph.main([])
    assert graph.texts(node, "headline") == ["A \u00e9"]
    assert graph.texts(node, "author") == ["B"]
