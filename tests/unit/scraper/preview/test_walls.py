# ruff: noqa: E501 - pages on one line
"""The signs, titles and words of walls, and pages that have some of them."""

import pytest
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.walls.wall import wall
from splitflap_scraper.preview.walls.words import SIGNS, signs_in

from tests.unit.scraper.preview.documents import head_of, read

SENTENCE = (
    "The olive harvest began early in the south of the country this season, after a long and "
    "dry summer that had left many farmers in doubt over the crop."
)
ARTICLE = f"<h1>Olives of the south</h1><p>{SENTENCE}</p>"
NOTICE = "<p>We use cookies to improve this site. By continuing you agree.</p>"
PASSWORD = "<form><input type=password></form>"


def kind_of(page: str, status: int = 200) -> str | None:
    """Return the kind of wall of a page that was requested by its own URL."""
    head = head_of(status=status)
    document = read(page.encode(), head=head).document()
    return wall(document, document.url, status, head.headers)


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_of_a_wall_is_found(sign: str) -> None:
    """The position of the sign makes no difference."""
    assert sign in signs_in(f"<p>a{sign}b</p>")
    assert signs_in("<p>a page about capture and pass words</p>") == set()


def test_a_page_with_two_sure_signs_has_one_kind() -> None:
    """It is the first one by name, in each process."""
    page = read(b"<title>a</title><script>_cf_chl_opt</script><a href=/authwall>b</a>").document()
    assert {SIGNS[each].kind for each in page.wall_signs} == {"challenge", "log-in"}
    assert wall(page, page.url, 200, Headers()) == "challenge"


@pytest.mark.parametrize(
    "title",
    ["Robot check-in at airports", "Just a moment in time", "Access denied: how to fix error 403",
     "One more step towards peace", "Captchas in the wild", "Blocked drains and their repair",
     "Security checks at the port take longer", "Before you continued", "Consent forms for schools",
     "Human verification of machine translations", "Age checks for pensioners", "Pardon our French",
     "Are you a robot lawn mower owner?", "Subscriber numbers fall", "Content warnings in libraries",
     "Unusual traffic on the A4 after the storm"],
)  # fmt: skip
@pytest.mark.parametrize("body", [ARTICLE, "", "<h1>x</h1>"])
def test_a_title_that_only_begins_like_that_of_a_wall_is_a_page(title: str, body: str) -> None:
    """The title of a wall is the whole title, or all of it but the site's name."""
    assert kind_of(f"<title>{title}</title>{body}") is None
    assert kind_of(f"<title>{title} | Olive News</title>{body}") is None


@pytest.mark.parametrize(
    "title",
    ["Just a moment...", "Attention Required! | Cloudflare", "Access Denied", "Robot Check",
     "Access denied | shop.example used Cloudflare to restrict access", "Are you a robot?",
     "Olive News - Are you a robot?", "Pardon Our Interruption", "Please verify you are a human",
     "Verifying you are human. This may take a few seconds.", "Captcha", "Security Check Required",
     "Checking your browser before accessing shop.example", "Making sure you're not a bot!",
     "Blocked", "Request Rejected", "Please Wait... | Cloudflare | Just a moment...",
     "Before you continue to VidHouse", "Unusual Traffic Detection", "hCaptcha challenge",
     "Adult content warning", "Age verification - Shop", "You have been blocked"],
)  # fmt: skip
def test_a_title_of_a_wall_is_enough_for_a_page_without_text(title: str) -> None:
    """Beside the site's name, too."""
    assert kind_of(f"<title>{title}</title><h1>{title}</h1><p>Reference ID 0.1a2b3c</p>")


@pytest.mark.parametrize(
    "body",
    [
        f"{NOTICE}{ARTICLE}",
        f"{ARTICLE}{NOTICE}",
        f"<div class=cookie-bar>{NOTICE}<button>Accept all</button></div>{ARTICLE}",
        f"<h2>Olives</h2><div>{SENTENCE}</div>{NOTICE}",
        f"{NOTICE}<h1>Bin days</h1><p>Bins will be emptied a day later in the week of the fair.</p><p>The tip is open.</p>",
        f"<section id=cookie-message><h2>Cookies on this site</h2>{NOTICE}</section><main><h1>Bin days</h1></main>",
        f"<p>We and our 812 partners use cookies to store data. Accept all</p>{ARTICLE}",
        f"{PASSWORD}<p>Please log in to comment.</p>{ARTICLE}",
        f"{PASSWORD}{ARTICLE}<p>Sign in to view the comments of others.</p>",
        f"<form class=g-recaptcha></form>{ARTICLE}<p>To write to us, complete the captcha.</p>",
        f"<p>The fee is unusual. Traffic from your town is free.</p>{ARTICLE}",
        f"{ARTICLE}<p>She told the machine: I am not a robot.</p>",
        "<h1>The play</h1><p>I'm not a robot, says the hero of the new play, and the audience in the small theatre laughs for a minute.</p>",
        f"<a href='https://www.worknet.example/authwall?x'>Profile</a>{ARTICLE}",
        f"<p>{SENTENCE}</p><p>{SENTENCE}</p>{NOTICE}",
    ],
)
def test_a_page_with_a_heading_and_a_text_is_no_wall(body: str) -> None:
    """A notice, a form or a phrase stands beside many texts."""
    assert kind_of(f"<title>Olives of the south</title>{body}") is None


@pytest.mark.parametrize(
    ("title", "own"),
    [("Access Denied", ARTICLE), ("Blocked", ARTICLE), ("CAPTCHA - Encyclopedia", ARTICLE),
     ("Log in", PASSWORD + ARTICLE), ("Before you continue", ARTICLE)],
)  # fmt: skip
def test_an_article_with_the_title_of_a_wall_is_a_page(title: str, own: str) -> None:
    """The status of an error makes it a wall."""
    page = f"<title>{title}</title>{own}"
    assert kind_of(page) is None
    assert kind_of(page, 403)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Olive News", "<h1>Are you a robot?</h1><p>To continue, click the box below to let us know you're not a robot.</p><p>Please make sure your browser supports JavaScript and cookies and that you are not blocking them from loading.</p><p>For inquiries about this message contact our support team with the reference ID below.</p>"),
        ("Shop", "<p>Sorry, we need to make sure you're not a robot. For best results, your browser should accept cookies.</p>"),
        ("Shop", "<h1>Security</h1><p>Our systems have detected unusual traffic from your computer network.</p>"),
        ("Video", "<h1>Video</h1><p>We use cookies and data to deliver services and to track outages.</p><p>If you choose to accept all, we also use cookies to show personalized ads. Reject all</p>"),
        ("Video", "<h1>Video</h1><p>We use cookies and data to deliver our services, to track outages, and to protect against fraud.</p><p>Accept all</p>"),
        ("Olive News", f"<h1>We value your privacy</h1>{NOTICE}<button>Accept all</button>"),
        ("Wiki", f"<h1>Wiki</h1>{PASSWORD}<p>You must log in to view this page.</p>"),
        ("Pardon Our Interruption", "<h1>Pardon Our Interruption</h1><p>As you were browsing, something about your browser made us think you were a bot.</p><p>You're a power user moving through this website with super-human speed, or a plugin keeps JavaScript off.</p>"),
        ("Subscribe to read | The Paper", "<h1>Subscribe to unlock this article</h1><p>Complete digital access to quality journalism on any device, with expert analysis from leaders of the industry and more.</p>"),
    ],
)  # fmt: skip
def test_the_words_of_a_wall_are_no_text_of_its_own(title: str, body: str) -> None:
    """A paragraph with several of them belongs to the wall."""
    assert kind_of(f"<title>{title}</title>{body}")


BARE = [
    ("One moment, please...", "challenge"), ("Nur einen Moment...", "challenge"),
    ("Un momento\u2026", "challenge"), ("Un instant, s'il vous plaît", "challenge"),
    ("Een ogenblik geduld a.u.b.", "challenge"), ("Proszę czekać", "challenge"),
    ("Один момент\u2026", "challenge"), ("Bir dakika lütfen", "challenge"),
    ("少々お待ちください。", "challenge"), ("请稍候\u2026", "challenge"),
    ("잠시만 기다려 주세요", "challenge"), ("百度安全验证", "challenge"),
    ("Radware Bot Manager Captcha", "challenge"), ("Zugriff verweigert", "challenge"),
    ("Acceso denegado - Olivas", "challenge"), ("Доступ запрещён", "challenge"),
    ("Log in to Facebook", "log-in"), ("Login \u2022 Instagram", "log-in"),
    ("Sign in - Google Accounts", "log-in"), ("Register to read | The Paper", "paywall"),
    ("403 Forbidden", "error"), ("Service unavailable", "error"),
    ("Account Suspended", "error"), ("Seite nicht gefunden", "error"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "kind"), BARE)
def test_a_page_with_hardly_more_than_the_title_of_a_wall_is_one(title: str, kind: str) -> None:
    """Many languages have such titles. With a text, a picture or a description it is a page."""
    page = f"<title>{title}</title><h1>{title}</h1><p>Some short words about it.</p>"
    assert kind_of(page) == kind
    for more in (f"<p>{SENTENCE} {SENTENCE}</p>", "<img src=/a.jpg width=800 height=600>"):
        assert kind_of(page + f"<main>{more}</main>") is None
    assert kind_of(f"<meta name=description content='{SENTENCE}'>{page}") is None


@pytest.mark.parametrize(
    "title",
    ["One moment in time", "Moment", "Ein Augenblick", "Forbidden planet", "404 ways to cook an egg",
     "Captchas", "The login of the king", "Maintenance", "Loading", "Access denied to the harbour"],
)  # fmt: skip
def test_a_short_page_with_another_title_is_a_page(title: str) -> None:
    """The title is that of a wall as a whole."""
    assert (
        kind_of(f"<title>{title}</title><h1>{title}</h1><p>Some short words about it.</p>") is None
    )


def test_an_error_with_its_own_status_is_no_wall() -> None:
    """The status says more: another attempt may succeed."""
    assert kind_of("<title>503 Service Unavailable</title>", 503) is None
    assert kind_of("<title>503 Service Unavailable</title>") == "error"
