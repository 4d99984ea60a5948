# ruff: noqa: E501, RUF001 - texts on one line, in many languages
"""Notices and hidden parts before the first paragraph of a page."""

import pytest

from tests.unit.scraper.preview.documents import of

TEXT = "The mill ground oats until the river froze, and then it ground ice."
OTHER = "Another long paragraph that a reader would not take for the text of the page."


def found(body: str) -> str | None:
    """Return the description of a page by its body."""
    return of(f"<title>T</title></head><body>{body}").description


@pytest.mark.parametrize(
    "notice",
    [
        "Subscribe to our newsletter and get the best stories in your inbox every morning!",
        "Abonnieren Sie unseren Newsletter und erhalten Sie jede Woche die besten Geschichten.",
        "Inscrivez-vous à notre newsletter pour recevoir chaque semaine nos meilleurs articles.",
        "Suscríbete a nuestro boletín y recibe cada semana las mejores historias en tu correo.",
        "This post may contain affiliate links. Please read our disclosure policy for more info.",
        "Dieser Artikel enthält Affiliate-Links. Wenn du darüber kaufst, erhalten wir eine Provision.",
        "Cet article contient des liens affiliés. Nous touchons une commission si vous achetez.",
        "We use cookies to give you the best experience on our website. Read our cookie policy.",
        "当サイトではCookieを使用しています。サイトの利用を続けることで同意したものとみなされます。当サイトの説明をご覧ください。",
        "本网站使用Cookie来改善您的浏览体验。继续使用本网站即表示您同意我们使用Cookie。请阅读我们的隐私政策了解更多信息。",
        "저희 웹사이트는 서비스 개선을 위해 쿠키를 사용합니다. 계속 이용하시면 동의하는 것으로 간주됩니다.",
        "Vi bruker informasjonskapsler for å gi deg en bedre brukeropplevelse på nettsiden vår.",
        "Käytämme evästeitä parantaaksemme sivuston käyttökokemusta ja mainontaa sivustollamme.",
        "Bu web sitesi, size daha iyi bir deneyim sunmak için çerezleri kullanır ve saklar.",
        "An official website of the United States government. Here is how you know it is official.",
        "Official websites use .gov. A .gov website belongs to an official government organization.",
        "Estimated reading time: 5 minutes. Share this article on all networks that you know of.",
        "Geschätzte Lesezeit: ca. 5 Minuten. Diesen Artikel teilen auf allen Kanälen, die es gibt.",
        "Loading... Please wait while we are checking your browser before you access the site.",
        "Advertisement. Scroll down to continue reading the article below this advertisement.",
        "Reading time: 5 minutes. Posted in Olives, Oil, Harvest, South and more on this site.",
    ],
)
def test_a_notice_is_no_description(notice: str) -> None:
    """It speaks of a site to its reader, in many languages, above or below the heading."""
    assert found(f"<h1>T</h1><p>{notice}</p><p>{TEXT}</p>") == TEXT
    assert found(f"<p>{notice}</p><h1>T</h1><p>{TEXT}</p>") == TEXT
    assert found(f"<main><p>{notice}</p></main>") is None


@pytest.mark.parametrize(
    "text",
    [
        "We use cookies and cream in this recipe, and it tastes of olives and of the south.",
        "Subscribe to a theory of history, and you will soon find the facts that contradict it.",
        "The newsletter of the olive growers says that the harvest will be late this year.",
        "Cookies are small texts that a server stores; RFC 6265 says how long they live.",
        "Build a menu with nested lists in CSS, without JavaScript and without a framework.",
        "Copyright law in Europe changed in 2019, and few photographers have noticed so far.",
        "Agents can earn a commission of five per cent on each house that they sell in the town.",
        "The report will not be published before the election, the ministry said on Monday.",
        "Thousands sign up for the army each year, and most of them are under twenty years old.",
        "Advertisement was the first film of the director, and it was shown in one cinema only.",
        "Log in times of the workers were recorded by a clock at the gate of the old factory.",
        "Install the extension in your browser and open the page that you want to translate.",
        "The bakery uses cookies of last week as the base of its cake, and nobody minds that.",
        "This site uses solar power: the server stands on a balcony and sleeps in long nights.",
        "You are here to stay, said the mayor to the families who had come over the mountains.",
        "Nous utilisons des biscuits écrasés pour le fond de cette tarte aux olives du sud.",
        "Affiliate marketing began in 1994, when a florist paid other shops for their visitors.",
        "Each month the museum sends a bulletin to its members, with a map of the new rooms.",
        "We bake three kinds of cookies with our children in December, and none of them lasts.",
        "Die Provision der Makler ist seit 2020 geteilt, und die Preise sind trotzdem gestiegen.",
        "Wir backen Cookies mit Olivenöl, und sie halten sich in einer Dose drei Wochen lang.",
        "Please sign here, said the clerk, and pushed the paper across the table without a word.",
        "An official website of the band was opened on Monday, and the fans were happy about it.",
        "Loading docks were busy in the morning, said the captain of the old ship to the paper.",
        "Laden Sie die Gäste ein, und feiern Sie mit uns im Garten hinter dem alten Haus.",
        "Lesezeit ist Lebenszeit, sagte der Lehrer, und schloss das Buch der alten Geschichten.",
        "曲奇饼干的做法很简单，我们在冬天常常和孩子们一起烤，放在铁盒里可以保存三个星期。",
        "Browsers disagree about the width of a scrollbar, and so each layout has to guess it.",
    ],
)
def test_a_text_with_the_words_of_a_notice_is_a_text(text: str) -> None:
    """A subject or the first words are not enough."""
    assert found(f"<h1>T</h1><p>{text}</p><p>{OTHER}</p>") == text
    assert found(f"<p>{text}</p>") == text


@pytest.mark.parametrize(
    "part",
    [
        "<details><summary>Contents</summary><p>{}</p></details>",
        '<div class="messages messages--error"><p>{}</p></div>',
        '<div class="messages status"><p>{}</p></div>',
        "<div class=flash-message>{}</div>",
        "<p class=elementor-screen-only>{}</p>",
        "<div inert><p>{}</p></div>",
        "<div popover=auto><p>{}</p></div>",
        "<div class=collapse><p>{}</p></div>",
        '<div class="tab-pane fade"><p>{}</p></div>',
        "<div class=no-js-message><p>{}</p></div>",
        "<audio controls><p>{}</p></audio>",
        "<canvas><p>{}</p></canvas>",
        "<noembed><p>{}</p></noembed>",
        "<p class=u-hiddenVisually>{}</p>",
        "<p class=is-accessibly-hidden>{}</p>",
        '<p style="font-size:0">{}</p>',
        '<p style="text-indent: -9999px">{}</p>',
        '<p style="clip: rect(0 0 0 0)">{}</p>',
        '<div style="max-height:0; overflow:hidden"><p>{}</p></div>',
    ],
)
def test_a_part_that_no_reader_sees_is_no_description(part: str) -> None:
    """Closed parts, messages of the system, and texts for screen readers are such parts."""
    assert found(f"<h1>T</h1>{part.format(OTHER)}<p>{TEXT}</p>") == TEXT


@pytest.mark.parametrize(
    "part",
    [
        "<details open><summary>Contents</summary><p>{}</p></details>",
        "<ul class=messages><li>{}</li></ul>",
        # A script fades it in.
        '<div style="opacity:0;transform:translateY(20px)"><p>{}</p></div>',
        '<p style="background-clip:text;color:transparent">{}</p>',
        '<div class="collapse show"><p>{}</p></div>',
        '<div class="tab-pane active"><p>{}</p></div>',
        "<div class=no-js><p>{}</p></div>",
        # For a script of another element.
        "<div slot=text><p>{}</p></div>",
        '<p style="font-size:0.9em">{}</p>',
        '<p style="height: 0.5em">{}</p>',
        '<p style="text-indent:1em">{}</p>',
        '<div class="hidden md:block"><p>{}</p></div>',
    ],
)
def test_a_part_that_looks_alike_is_seen(part: str) -> None:
    """An open part, a small text, and a part for large screens."""
    assert found(f"<h1>T</h1>{part.format(OTHER)}<p>{TEXT}</p>") == OTHER
