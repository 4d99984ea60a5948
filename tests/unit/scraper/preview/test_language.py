"""The language of a page."""

import pytest
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.fields.language import spoken, tag
from splitflap_scraper.preview.fields.text_language import language_of, language_of_words

from tests.unit.scraper.preview.documents import head_of, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [("en", "en"), ("en_GB", "en-GB"), ("PT-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"),
     ("es-419", "es-419"), ("jp", "ja"), ("english", None), ("", None), ("x-default", None),
     ("und", None), ("de-DE-1996", "de-DE")],
)  # fmt: skip
def test_a_language_is_a_tag_of_bcp_47(text: str, expected: str | None) -> None:
    """Parts beyond the region are dropped."""
    assert tag(text) == expected


def test_another_language_overrides_english() -> None:
    """English is the default of templates."""
    assert spoken("en", ["de_DE"]) == "de-DE"
    assert spoken("de", ["en_US"]) == "de"
    assert spoken("en-GB", ["en_US"]) == "en-GB"
    assert spoken(None, ["fr_FR"]) == "fr-FR"


# ruff: noqa: RUF001 - Cyrillic letters are meant
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("空は青く、海は広い。港の朝は早い。", "ja"),
        ("天空是蓝色的。大海是辽阔的。港口的早晨很早。", "zh"),
        ("하늘은 푸르고 바다는 넓다. 항구의 아침은 이르다.", "ko"),
        ("Мы вышли в море на рассвете, и это было здорово.", "ru"),
        ("Ми вийшли в море на світанку, і її човен був із нами.", "uk"),
        ("Излязохме в морето призори, а лодката ѝ беше с нас, въпреки вятъра.", "bg"),
        ("Изашли смо на море у зору, а њен чамац је био са нама.", None),
        ("Добри људи", None),
        ("خرجنا إلى البحر عند الفجر وكانت السفينة معنا", "ar"),
        ("سپیده‌دم به دریا رفتیم و قایق با ما بود", "fa"),
        ("יצאנו לים עם שחר והסירה הייתה איתנו", "he"),
        ("Βγήκαμε στη θάλασσα την αυγή", "el"),
        ("เราออกทะเลตอนรุ่งสางและเรือก็อยู่กับเรา", "th"),
        ("हम भोर में समुद्र में निकले", None),
        ("We sailed at dawn with 東京 and 大阪 aboard", None),
        ("Wir fuhren früh hinaus, und das Boot war bei uns", None),
        ("空", None),
        ("", None),
    ],
)
def test_a_script_of_one_language_tells_it(text: str, expected: str | None) -> None:
    """Letters of one language count too. Other scripts belong to many."""
    assert language_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wir haben das Brot für euch und für die Gäste gebacken, mit Butter über dem Teig", "de"),
        ("La forêt est à nous et les chemins sont déjà dans la brume pour des heures", "fr"),
        ("Não há pão em casa, e o forno está frio com a porta aberta para os gatos", "pt"),
        ("Det är inte för sent att gå på fjället med oss och den som har tält", "sv"),
        ("Det er ikke for sent at gå på fjeldet med os, og den som har telt får te", None),
        ("Het café van de überfähre", None),
        ("The café at the fähre is open, and you get the crème brûlée with that view", None),
        ("How to say über and für and mit and der and die and das und ist in German", None),
        ("Fußball", None),
        ("", None),
    ],
)
def test_short_words_tell_the_language_of_a_latin_text(text: str, expected: str | None) -> None:
    """Five of them do. A text with English words or between two languages tells nothing."""
    assert language_of_words(text) == expected


@pytest.mark.parametrize(
    ("page", "url", "expected"),
    [
        ("<html lang=en><title>空は青く、海は広い。港の朝</title>", "https://a.example/", "ja"),
        ("<html lang=zh><title>空は青く、海は広い。港の朝</title>", "https://a.example/", "zh"),
        (
            "<html lang=en-US><h1>Brot für euch</h1><p>Wir haben es nicht über Nacht mit der Hefe",
            "https://a.example/",
            "de",
        ),
        ("<html lang=en><title>We sailed to 東京</title>", "https://a.example/", "en"),
        ("<title>空は青く、海は広い。港の朝</title>", "https://a.example/", None),
        ("<title>Meer</title>", "https://a.example/de/meer", "de"),
        ("<title>Meer</title>", "https://a.example/de-AT/meer", "de-AT"),
        ("<title>Mar</title>", "https://pt.a.example/mar", "pt"),
        ("<title>Sea</title>", "https://a.example/it/sea", None),
        ("<title>Sea</title>", "https://a.example/uk/sea", None),
        ("<title>Sea</title>", "https://a.example/deep/sea", None),
        (
            "<html lang=en><link rel=alternate hreflang=sv href=https://a.example/hav>",
            "https://a.example/hav",
            "sv",
        ),
        (
            "<meta http-equiv=content-language content=nb-NO><title>Hav</title>",
            "https://a.example/en/hav",
            "nb-NO",
        ),
    ],
)
def test_a_page_tells_its_language_by_text_links_and_url(
    page: str, url: str, expected: str | None
) -> None:
    """Its script overrides English only. Its URL is a last resort, and only a clear code counts."""
    document = read(page.encode(), head=head_of(url=url)).document()
    assert extract(document).language == expected
