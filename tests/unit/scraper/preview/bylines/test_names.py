"""Names in bylines, and texts that are no names."""

import pytest

from tests.unit.scraper.preview.shapes import H1, TEXT, Shape


def author(inner: str, *, head: str = "", lang: str = "en") -> str | None:
    """Return the author of an article with this markup below its heading."""
    body = f"<article>{H1}{inner}{TEXT}</article>"
    return Shape("", None, body, head, lang).fields().author


NO_NAMES = [
    ("en", "Posted on March 14, 2020"), ("en", "Updated March 14, 2020"), ("en", "Last updated"),
    ("pt", "Publicado em"), ("pt", "Publicado 14/03/2020 10h11"), ("de", "Veröffentlicht"),
    ("fr", "Publié le samedi 14 mars 2020"), ("es", "Actualizado el 14 de marzo de 2020"),
    ("it", "Pubblicato il 14 marzo 2020"), ("it", "Pubblicato da"), ("nl", "Gepubliceerd op"),
    ("ru", "Опубликовано 14 марта 2020"), ("ar", "نشر في 14 مارس 2020"),
    ("ja", "公開日\uff1a2020年3月14日"), ("ja", "公開日"), ("ko", "입력 2020.03.14. 10:11"),
    ("en", "Saturday"), ("en", "Saturday, March 14"), ("en", "March"), ("en", "10:11 AM"),
    ("en", "3 hours ago"), ("en", "5 Min Read"), ("de", "Lesezeit: 5 Min."),
    ("es", "Redacción"), ("es", "Por Olive Times Redacción"),
    ("it", "Redazione Online"), ("fr", "La rédaction"), ("zh", "编辑部"),
    ("ru", "Редакция"), ("de", "Von unserer Redaktion"), ("en", "Staff"), ("en", "Our Team"),
    ("en", "Opinion"), ("en", "In News"), ("en", "Climate &amp; Environment"),
    ("en", "Breaking News"), ("en", "Sponsored"), ("en", "Advertisement"), ("en", "Print"),
    ("en", "Print Share Email"), ("en", "Save"), ("en", "Listen"), ("en", "Follow Us"),
    ("en", "More From This Author"), ("en", "Filed under: Olives"), ("en", "Tags: Olives"),
    ("en", "Posted in Olive Oil"), ("en", "Rome, Italy"), ("en", "New York"), ("en", "Loading..."),
    ("en", "Fact Check"), ("en", "Live Updates"), ("en", "Contribute Now"), ("zh", "本报讯"),
    ("ko", "기사 공유하기"), ("ko", "글자크기 설정"), ("ja", "ログイン"), ("ar", "شارك المقال"),
    ("de", "Zur Startseite"), ("fr", "Lire plus tard"), ("ru", "Поделиться"),
    ("en", "Photo: Joe Doe"), ("en", "Image credit: Joe Doe"), ("en", "Senior Olive Editor"),
    ("de", "Von"), ("fr", "Par"), ("en", "By Staff"), ("en", "Special to the Times"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["byline", "author", "article-author-meta", "post-byline"])
@pytest.mark.parametrize(("lang", "text"), NO_NAMES)
def test_a_label_a_day_a_section_or_a_button_is_no_name(lang: str, text: str, name: str) -> None:
    """The same holds for roles, places and newsrooms."""
    assert author(f"<div class={name}><span>{text}</span></div>", lang=lang) is None


def test_a_lone_word_is_a_name_only_where_a_structure_says_so() -> None:
    """A link to an author's page does, a class of a name, a label, or the account of a forum."""
    assert author("<div class=byline><span>Odile</span></div>") is None
    assert author("<div class=byline>Rome <a href=/author/odile>Odile</a></div>") == "Odile"
    assert author("<div class=post-author><a href=/about>Odile</a></div>") == "Odile"
    assert author("<span class='author vcard'><b class=fn>Odile</b></span>") == "Odile"
    assert author("<p class=byline>By Odile</p>") == "Odile"
    assert author("<a class=username>joe_90</a>") == "joe_90"


def test_an_account_of_a_forum_may_have_any_words() -> None:
    """Its element says so, unless it is a button."""
    assert author("<a class='username x' href=/members/1>The Salt 42</a>") == "The Salt 42"
    assert author("<a class=username href=/login>Log in</a>") is None


@pytest.mark.parametrize(
    ("lang", "inner"),
    [
        ("en", "<p>By Ann Lee, March 14, 2020</p>"),
        ("en", "<p>By Ann Lee March 14, 2020</p>"),
        ("en", "<p>By Ann Lee (March 14, 2020)</p>"),
        ("en", "<p>By Ann Lee Updated March 14, 2020</p>"),
        ("en", "<p>By Ann Lee on Saturday, March 14, 2020 at 10:11 AM</p>"),
        ("en", "<p>March 14, 2020 by Ann Lee</p>"),
        ("en", "<p>Published: Mar 14, 2020 by Ann Lee · This post may contain links</p>"),
        ("en", "<p class=byline>Ann Lee / TNN / Mar 14, 2020</p>"),
        ("en", "<p class=byline>March 14, 2020, Ann Lee</p>"),
        ("en", "<p class=byline>News | Ann Lee | March 14, 2020</p>"),
        ("en", "<p class=byline><span>Posted on March 14, 2020</span> <span>by Ann Lee</span></p>"),
        ("fr", "<p>Par Ann Lee le samedi 14 mars 2020, 10:11</p>"),
        ("fr", "<p class=submitted>Soumis par Ann Lee le sam 14/03/2020 - 10:11</p>"),
        ("de", "<p>von Ann Lee am Samstag, 14. März 2020</p>"),
        ("de", "<p class=submitted>Gespeichert von Ann Lee am Sa., 14.03.2020 - 10:11</p>"),
        ("de", "<p class=article-info>21.04.2022 Von Ann Lee Sport</p>"),
        ("es", "<p>Por Ann Lee el sábado 14 de marzo de 2020 a las 10:11</p>"),
        ("es", "<p class=submitted>Enviado por Ann Lee el Sáb, 14/03/2020 - 10:11</p>"),
        ("it", "<p>Pubblicato da Ann Lee il 14 Marzo 2020</p>"),
        ("uk", "<p class=post_author>Ann Lee — 14 березня 2020, 10:11</p>"),
    ],
)
def test_a_date_beside_a_name_is_no_part_of_it(lang: str, inner: str) -> None:
    """The line is read without its dates."""
    assert author(inner, lang=lang) == "Ann Lee"


@pytest.mark.parametrize("name", ["May Lee", "April Ray", "Jan Smit", "Emily Post", "Von Miller"])
def test_a_name_may_be_that_of_a_month_or_a_label(name: str) -> None:
    """A date has a number."""
    assert author(f"<p class=byline>By {name}, May 14, 2020</p>") == name
    assert author(f"<div class=author>{name}</div>") == name


@pytest.mark.parametrize(
    "inner",
    [
        "<p class=byline><span>Ann Lee</span> <span>Staff Writer</span></p>",
        "<p class=byline>By Ann Lee Staff Writer</p>",
        "<p class=byline>By <b>Ann Lee</b>, <i>Olive Times</i></p>",
        "<p class=byline><span>Ann Lee</span><span>Rome</span></p>",
        "<p class=byline><span>Ann Lee</span><span>BBC News, Rome</span></p>",
        "<div class=author><p>Ann Lee</p><p>Senior Olive Editor</p></div>",
        "<div class=author-info><b class=name>Ann Lee</b> <b class=title>Olive Editor</b></div>",
        "<div class=author><a href=/author/ann>Ann Lee</a> <a href=x>Follow</a></div>",
        "<p class='byline author'>by <a href=/ann>Ann Lee</a> on <time>March 14, 2020</time></p>",
        "<p class=author><span class=first-name>Ann</span> <span class=last-name>Lee</span></p>",
        "<div class=author__name>Ann Lee</div><div class=author__role>Verslaggever</div>",
    ],
)
def test_elements_are_boundaries_of_names(inner: str) -> None:
    """Roles and places stand in elements of their own."""
    assert author(inner) == "Ann Lee"


@pytest.mark.parametrize(
    "inner",
    [
        "By Ann Lee, HR", "By Ann Lee, Associated Press", "By Ann Lee, Special to CNN",
        "By Ann Lee for the Daily Olive", "By Ann Lee of Reuters", "Ann Lee/AP", "Ann Lee in Rome",
        "By Ann Lee, G1 — São Paulo", "By Ann Lee<br>BBC News, Rome", "Ann Lee, verslaggever",
        "By Ann Lee avec AFP", "Reporter Ann Lee",
        "By Ann Lee - ann@a.example", "Ann Lee @annlee", "By Ann Lee (Rome)",
        "Ann Lee 기자", "Ann Lee 記者", "Ann Lee, корреспондент",
    ],
)  # fmt: skip
def test_roles_and_houses_are_no_part_of_a_name(inner: str) -> None:
    """They follow a comma, a slash or a word."""
    assert author(f"<p class=byline>{inner}</p>") == "Ann Lee"


@pytest.mark.parametrize(
    ("lang", "label", "name"),
    [
        ("en", "Guest post by ", "Ann Lee"), ("en", "A review by ", "Ann Lee"),
        ("en", "Interview by ", "Ann Lee"),
        ("fr", "Propos recueillis par ", "Ann Lee"), ("fi", "Teksti ", "Ana Sousa"),
        ("el", "Γράφει \u03bf ", "Νίκος Παππάς"), ("el", "Γράφει \u03bf: ", "Νίκος Παππάς"),
        ("ar", "كتب: ", "أحمد علي"), ("tr", "Haber: ", "Ayşe Y\u0131lmaz"),
        ("th", "โดย ", "สมชาย ใจดี"),
        ("ja", "文・", "山田太郎"), ("ja", "文\uff0f", "山田太郎"),
        ("ja", "取材・文\uff1a", "山田太郎"),
        ("zh", "文/", "王小明"), ("zh", "2020年3月14日 来源\uff1a新华网 作者\uff1a", "王小明"),
        ("fa", "نویسنده: ", "علی رضایی"), ("vi", "Tác giả: ", "Nguyễn Văn An"),
    ],
)  # fmt: skip
def test_labels_of_many_languages_introduce_a_name(lang: str, label: str, name: str) -> None:
    """The line needs no class."""
    assert author(f"<p>{label}{name}</p>", lang=lang) == name


@pytest.mark.parametrize(
    "name",
    [
        "Bank of England", "University of Oxford", "Department of Health and Social Care",
        "Center for Olive Research", "Isabel of Castile", "Ann Lee Jr.", "Ann Lee, Jr.",
        "Ann Lee, MD", "Ann Lee III", "Smith and Sons", "Procter &amp; Gamble", "danah boyd",
        "José Ortega y Gasset", "João Costa e Silva", "Joan Puig i Ferrer", "Md. Abdul Karim",
        "Maria Teresa do Carmo de Sousa Pinto", "Omar al-Sayed", "J. R. R. Tolkien",
    ],
)  # fmt: skip
def test_a_name_keeps_what_belongs_to_it(name: str) -> None:
    """Suffixes, particles and the words of organizations stay."""
    assert author(f"<p class=byline>By {name}</p>") == name.replace("&amp;", "&")


@pytest.mark.parametrize("name", ["ann2020", "joe_90", "ann-lee", "ann.lee", "bell hooks"])
def test_an_account_keeps_its_digits_and_its_case(name: str) -> None:
    """A digit at the end of one word is no footnote."""
    assert author(f"<span class=author>{name}</span>") == name


@pytest.mark.parametrize(
    "inner",
    [
        "<p class=authors><span>Ann Lee</span><span>Bob Ray</span></p>",
        "<p class=byline><b class=author>Ann Lee</b> <b class=author>Bob Ray</b></p>",
        "<p class=byline>By Ann Lee, Ph.D., and Bob Ray, M.D.</p>",
        (
            "<p class=authors><a href=/1>Ann Lee</a><sup><a href=#a>1</a></sup>, <a href=/2>"
            "Bob Ray</a><sup><a href=#b>2</a></sup></p>"
        ),
        (
            "<div class=art-authors>by <span><div class=card-drop>Ann Lee</div><sup>1,*</sup>"
            "</span>,<span><div class=card-drop>Bob Ray</div><sup>2</sup></span></div>"
        ),
        (
            "<span class=citation-author><i class=nlm-given-names>Ann</i> <i class=nlm-surname>Lee"
            "</i></span>, <span class=citation-author><i class=nlm-given-names>Bob</i>"
            " <i class=nlm-surname>Ray</i></span>"
        ),
        (
            "<ul class=authors><li><b class=name>Ann Lee</b><i class=affiliation>University</i>"
            "</li><li><b class=name>Bob Ray</b><i class=affiliation>Bank of Oil</i></li></ul>"
        ),
        (
            "<div class=author><div class=author-name>Ann Lee</div><div class=org>Acme</div></div>"
            "<div class=author><div class=author-name>Bob Ray</div><div class=org>Beta</div></div>"
        ),
    ],
)
def test_all_authors_count_in_their_order(inner: str) -> None:
    """Footnotes, degrees and houses stand between them."""
    assert author(inner) == "Ann Lee, Bob Ray"


def test_authors_above_the_heading_come_without_their_houses() -> None:
    """The nearest lines are those of the last author."""
    one, two = (
        f"<div class=author><div class=author-name>{name}</div><div class=org>{house}</div></div>"
        for name, house in (("A. Lee", "Acme"), ("B. Ray", "Beta"))
    )
    page = Shape("", None, f"<dl><dt>Authors:</dt><dd>{one}{two}</dd></dl>{H1}{TEXT}")
    assert page.fields().author == "A. Lee, B. Ray"


@pytest.mark.parametrize(
    "inner",
    [
        "<dl><dt>Author</dt><dd>Ann Lee</dd><dt>Status</dt><dd>Active</dd></dl>",
        "<dl><dt>Author<span>:</span></dt><dd>Ann Lee &lt;ann at a.example&gt;</dd></dl>",
        "<table><tr><td>Author:</td><td>Ann Lee</td></tr></table>",
        "<table><tr><th>Author</th><td>Ann Lee</td></tr></table>",
        "<pre>From: Ann Lee &lt;ann@a.example&gt;\nTo: list@a.example</pre>",
        "<b>From:</b> Ann Lee &lt;ann@a.example&gt;<br><b>Date:</b> Sat, 14 Mar 2020",
        "<div>by</div><div>Ann Lee</div>",
    ],
)
def test_a_label_may_be_in_an_element_of_its_own(inner: str) -> None:
    """In tables and lists, and in the header of a mail."""
    assert author(inner) == "Ann Lee"


def test_a_column_of_a_table_is_no_label() -> None:
    """Its cells are below it."""
    assert author("<table><tr><th>Author</th><th>Last Post</th></tr></table>") is None
    assert author("<table><tr><th>Author</th><th>Topic</th></tr></table>") is None
