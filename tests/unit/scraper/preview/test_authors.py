"""The authors of a page."""

import pytest

from tests.unit.scraper.preview.documents import of


def ld(author: str, kind: str = "Article") -> str:
    """Make a page with JSON-LD."""
    node = f'{{"@type":"{kind}","author":{author}}}'
    return f'<script type="application/ld+json">{node}</script>'


QUESTION = (
    '<script type="application/ld+json">{"@type":"QAPage","mainEntity":{"@type":"Question",'
    '"author":{"name":"Ewa"},"acceptedAnswer":{"@type":"Answer","author":{"name":"Jan"}}}}'
    "</script>"
)


@pytest.mark.parametrize(
    ("page", "author"),
    [
        # Libraries write the family name first; two names are two people.
        (ld('{"@type":"Person","name":"Nowak, Ewa"}'), "Ewa Nowak"),
        (ld('{"name":"van Dijk, Jan Piet","familyName":"van Dijk","givenName":"Jan Piet"}'),
         "Jan Piet van Dijk"),
        (ld('{"@type":"Person","name":"Ewa Nowak, Jan van Dijk"}'), "Ewa Nowak, Jan van Dijk"),
        (ld('"Nowak, Ewa"'), "Nowak, Ewa"),
        # The author of a question counts, and those of its answers do not.
        (QUESTION, "Ewa"),
        # Words for "by" may be names.
        ("<meta name=author content='By Ewa Nowak'>", "Ewa Nowak"),
        ("<meta name=author content='Von Ewa Nowak'>", "Ewa Nowak"),
        ("<meta name=author content='Por: Ewa'>", "Ewa"),
        ("<meta name=author content='Di Wang'>", "Di Wang"),
        ("<meta name=author content='Par Lindholm'>", "Par Lindholm"),
        ("<meta name=author content='von der Heide'>", "von der Heide"),
        ("<body><div class='author'>Von Miller</div>", "Von Miller"),
        ("<body><div class='byline'>Por Redacci\u00f3n</div>", None),
        (ld('{"name":["Ewa"],"givenName":["Ewa"],"familyName":["Nowak"]}'), "Ewa"),
        (ld('{"givenName":["Ewa"],"familyName":["Nowak"]}'), "Ewa Nowak"),
        # A mail address is dropped.
        ("<meta name=author content=webmaster@a.example>", None),
        ("<meta name=author content='Ewa Nowak &lt;ewa@a.example>'>", "Ewa Nowak"),
        ("<meta name=author content='ewa@a.example (Ewa Nowak)'>", "Ewa Nowak"),
        # A link of Markdown is dropped, and one node may have several names.
        ("<meta name=author content='[Ewa Nowak](https://a.example/ewa)'>", "Ewa Nowak"),
        ("<meta name=author content='[Ewa](/e), [Jan](/j)'>", "Ewa, Jan"),
        (ld('{"@type":"Person","name":["Ewa Nowak","Jan Piet"]}'), "Ewa Nowak, Jan Piet"),
        (ld('[{"name":["Ewa","Jan"]},{"name":"Mia"}]'), "Ewa, Jan, Mia"),
        # An account like the site's host is the site's.
        ("<meta name=twitter:creator content=@a><meta name=twitter:site content=@a>", None),
        ("<meta name=twitter:creator content=@ewa>", "@ewa"),
        # A byline ends with its line, or at a separator.
        ("<body><div class='FeatureByline'>By <b>Ewa Nowak</b><br>May 9, 2022</div>", "Ewa Nowak"),
        ("<body><div class='byline'>By Ewa Nowak on May 9, 2022</div>", "Ewa Nowak"),
        ("<body><div class='byline'>Ewa Nowak | 9.5.2022</div>", "Ewa Nowak"),
        ("<body><p class='byline'>By Ewa Nowak, <time>9 May</time></p>", "Ewa Nowak"),
        ("<body><div class='byline'>Von Ewa Nowak am 9. Mai</div>", "Ewa Nowak"),
        ("<body><div class='byline'>Posted in 2022</div>", None),
        ("<body><div class='entry-content'>Hello Joe<br>The rest</div>", None),
        ("<body><div class='comment-author'>Joe</div>", None),
        ("<body><div class='byline'>Post by ewa \u00bb Sun</div>", "ewa"),
    ],
)  # fmt: skip
def test_authors_are_named_given_name_first(page: str, author: str | None) -> None:
    """Texts other than names are ignored."""
    assert of(page).author == author


def test_the_sites_own_account_is_no_author() -> None:
    """The account belongs to the site."""
    page = "<meta name=twitter:creator content=a_example><title>T</title>"
    assert of(page).author is None
