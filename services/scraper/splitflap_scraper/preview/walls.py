# ruff: noqa: RUF001 - the words are as pages write them
"""Pages that stand in front of the page that was asked for: they are no preview of it.

Each sign is of one of the widespread products, or of the words of their pages. One alone is not
enough where articles about such pages could have it: so pages that describe themselves are none.
"""

import re
from urllib.parse import urlsplit

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.texts import clean, key

#: Looked for in all of a page's text, its scripts included. With the kind of wall, and whether it
#: is one by itself; others need a title or a page that is nearly empty.
MARKS = {
    "_cf_chl_opt": ("challenge", True),  # Cloudflare
    "cf-browser-verification": ("challenge", True),
    "captcha-delivery.com": ("challenge", True),  # DataDome
    "px-captcha": ("challenge", True),  # HUMAN, formerly PerimeterX
    "_Incapsula_Resource": ("challenge", False),  # Imperva
    "AwsWafIntegration": ("challenge", False),
    "gokuProps": ("challenge", True),  # AWS WAF
    "sucuri_cloudproxy_js": ("challenge", True),
    "__ddg_": ("challenge", False),  # DDoS-Guard
    "anubis_challenge": ("challenge", True),
    "/authwall": ("log-in", True),  # LinkedIn
    "g-recaptcha": ("challenge", False),
    "h-captcha": ("challenge", False),
    "cf-turnstile": ("challenge", False),
    'type="password"': ("log-in", False),
    "type='password'": ("log-in", False),
    "type=password": ("log-in", False),
}

#: The marks by a word that they have in common: most pages have none of the words.
_BY_WORD = {
    word: [mark for mark in MARKS if word in mark]
    for word in ("captcha", "password", "_cf_chl_opt", "cf-", "_Incapsula", "AwsWaf", "gokuProps",
                 "sucuri", "__ddg_", "anubis", "/authwall")
}  # fmt: skip

_TITLES = {
    "challenge": re.compile(
        r"(?i)^(?:just a moment|attention required!|access denied|access to this page has "
        r"been denied"
        r"|pardon our interruption|are you a (?:robot|human)|robot check|robot or human|human "
        r"verification"
        r"|verify(?:ing)? (?:that )?you are (?:a )?human|security check|checking your browser"
        r"|one more step"
        r"|ddos[- ](?:guard|protection)|please (?:verify|wait while|complete the security)"
        r"|making sure you"
        r"|bot (?:check|verification|detection)|captcha|client challenge|vercel security checkpoint"
        r"|you(?:'|’)?ve been blocked|sorry, you have been blocked|blocked$|request "
        r"(?:blocked|rejected)"
        r"|unusual traffic|please enable (?:js|javascript|cookies)|verification required"
        r"|bitte bestätigen sie, dass"
        r"|vérification de sécurité|проверка браузера|安全验证|人机验证)"
    ),
    "consent": re.compile(
        r"(?i)^(?:before you continue|bevor sie (?:fortfahren|zu)|avant d(?:e|'"
        r"|’)\s?(?:continuer|accéder)"
        r"|antes de continuar|prima di continuare|voordat je verdergaat|zanim przejdziesz"
        r"|(?:your|your data,? your) (?:privacy|experience)|we value your privacy|(?:cookie"
        r"|privacy) (?:consent|settings|gate)"
        r"|consent(?: required)?$|manage (?:cookies|consent)|einwilligung|zustimmung erforderlich)"
    ),
    "log-in": re.compile(
        r"(?i)^(?:(?:please |you (?:must|need to) )?(?:log[\s-]?in|sign[\s-]?in|log on|sign "
        r"up|join)(?: (?:to|or|page|required|with|for|now)\b.*)?"
        r"|login required|authentication required|anmelden|anmeldung|einloggen|se connecter"
        r"|connexion|identifiez-vous"
        r"|iniciar sesión|inicia sesión|accedi|inloggen|logga in|zaloguj.*|вход|войти"
        r"|авторизация|ログイン|登录|登入"
        r"|로그인)$"
    ),
    "paywall": re.compile(
        r"(?i)^(?:subscribe to (?:read|continue|unlock)|subscription required|subscribers? "
        r"only|this (?:article|content|story) is (?:for|only for) (?:subscribers|members)"
        r"|become a (?:subscriber|member) to)"
    ),
    "age": re.compile(
        r"(?i)^(?:age (?:verification|check|gate|restricted)|are you (?:over|at least) \d\d"
        r"|adult content warning|content warning)"
    ),
}

#: The words of such a page's text.
_WORDS = {
    "challenge": re.compile(
        r"(?i)unusual traffic from your|verify (?:that )?you(?:'|’)?(?: a)?re (?:a )?(?:not a "
        r"(?:ro)?bot|human)"
        r"|not a robot|checking (?:if the site connection is secure|your browser)|to "
        r"continue, please (?:type|enter) the characters|complete the (?:captcha|security "
        r"check)"
        r"|incapsula incident id|you don(?:'|’)t have permission to access .{1,80} on this server"
    ),
    "consent": re.compile(
        r"(?i)we (?:and our (?:\d+ )?partners )?use cookies (?:and data )?to.{1,300}(?:accept "
        r"all|reject all|agree)"
    ),
    "log-in": re.compile(
        r"(?i)(?:you (?:must|need to|have to)|please|to (?:view|continue|see)[^.]{0,60},?) "
        r"(?:log|sign)[\s-]?in\b|(?:log|sign)[\s-]?in to (?:continue|view|see|access)"
    ),
}

#: Where redirects lead to.
_LOG_IN = re.compile(
    r"(?i)(?:^|[/._-])(?:log-?in|sign-?in|log-?on|auth|authwall|authorize|authenticate|sso"
    r"|saml2?|oauth2?|servicelogin|accounts?/login|users/sign_in|sessions?/new|checkpoint"
    r"|uas)(?:[/._?-]|$)"
)
_LOG_IN_HOST = re.compile(r"(?i)^(?:login|signin|auth|sso|accounts?|id|idp|adfs)\.")
_CONSENT = re.compile(
    r"(?i)^(?:consent|privacy|guce|cmp)\.|/(?:consent|privacy-?(?:gate|wall|consent)"
    r"|cookie-?(?:wall|consent|gate)|collectconsent|gdpr)(?:[/._?-]|$)"
)
_CAPTCHA = re.compile(
    r"(?i)/(?:captcha|sorry/index|recaptcha|challenge|blocked|validatecaptcha"
    r"|errors/validatecaptcha|showcaptcha|antibot|verify-human)(?:[/._?-]|$)"
)

#: Letters that a page with a form has beside it, if it is a wall.
A_SENTENCE = 100

#: Characters of paragraphs that a page may have and still be nearly empty.
LITTLE_TEXT = 1500


def wall(page: Document, asked: str, status: int, headers: Headers) -> str | None:
    """What kind of wall a page is; None if it is the page itself.

    `asked` is the URL that was asked for first.
    """
    if headers.get("cf-mitigated", "").lower() == "challenge" or headers.get("x-amzn-waf-action"):
        return "challenge"
    found = _by_place(page, asked) or _by_words(page, status)
    if found == "log-in" and _is_asked_for(asked, page.url):
        return None
    return found


def marks_in(text: str) -> set[str]:
    """The marks in a piece of a page's text."""
    return {mark for word, marks in _BY_WORD.items() if word in text
            for mark in marks if mark in text}  # fmt: skip


def _by_place(page: Document, asked: str) -> str | None:
    """Elsewhere, at a page that is for that."""
    before, now = urlsplit(asked), urlsplit(page.url)
    if (before.hostname, before.path) == (now.hostname, now.path):
        return None
    place = f"{now.hostname or ''}{now.path}"
    was = f"{before.hostname or ''}{before.path}"
    if (
        _LOG_IN.search(now.path) or _LOG_IN_HOST.search(now.hostname or "")
    ) and not _is_for_logging_in(asked):
        return "log-in"
    if _CONSENT.search(place) and not _CONSENT.search(was):
        return "consent"
    return "challenge" if _CAPTCHA.search(now.path) and not _CAPTCHA.search(before.path) else None


def _by_words(page: Document, status: int) -> str | None:
    surely = {MARKS[each][0] for each in page.marks if MARKS[each][1]}
    describes = _describes_itself(page)
    if surely and not describes:
        return surely.pop()
    if kind := _by_title(page, describes):
        return kind
    if describes:
        return None
    text = " ".join(each.text for each in (*page.headings, *page.paragraphs))[:4000]
    if len(text) > LITTLE_TEXT:
        return None
    for kind, words in _WORDS.items():
        if words.search(" ".join(text.split())) and (
            kind != "log-in" or _has(page, "log-in") or status in {401, 403}
        ):
            return kind
    # A form that asks for a captcha, and next to nothing else.
    return (
        "challenge"
        if _has(page, "challenge") and len(key(text)) < A_SENTENCE and not page.meta("description")
        else None
    )


def _by_title(page: Document, describes: bool) -> str | None:
    texts = [*page.titles[:1], *page.meta("og:title")[:1]]
    texts += [each.text for each in page.headings[:1]] if not page.titles else []
    for text in texts:
        title = clean(text, 200) or ""
        for kind, titles in _TITLES.items():
            if any(titles.search(each) for each in _ways(title, kind)):
                is_telling = kind != "log-in" or _has(page, "log-in") or not page.paragraphs
                if kind == "paywall" or (is_telling and (kind == "log-in" or not describes)):
                    return kind
    return None


def _ways(title: str, kind: str) -> list[str]:
    """A title as it is, and without the site's name before or after it."""
    if kind != "log-in":
        return [title]
    pieces = [each.strip() for each in re.split(r"\s+[-|–—·•]\s+|:\s+| \| ", title)]
    return [title, pieces[0], pieces[-1], *(re.split(r", ", pieces[0])[-1:])]


def _has(page: Document, kind: str) -> bool:
    return any(MARKS[each][0] == kind for each in page.marks)


def _describes_itself(page: Document) -> bool:
    """Whether it has metadata of an article, or a description beside a title of its own."""
    return bool(
        (page.meta("article:published_time", "og:image") and page.meta("og:title"))
        or page.scripts
        or len(page.paragraphs) > 8  # noqa: PLR2004 - a page with a text
    )


def _is_for_logging_in(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_LOG_IN.search(parts.path) or _LOG_IN_HOST.search(parts.hostname or ""))


def _is_asked_for(asked: str, found: str) -> bool:
    """Whether someone has linked to a log-in page itself."""
    return _is_for_logging_in(asked) and urlsplit(asked).hostname == urlsplit(found).hostname
