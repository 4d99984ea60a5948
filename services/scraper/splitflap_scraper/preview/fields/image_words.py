"""Tells pictures from other images by their URLs: placeholders, counters, logos, icons, files."""

import re

#: Placeholder images, counters, values that scripts forgot, and files that are no images.
_NOTHING = re.compile(
    r"(?i)(?:^|[/_.=-])(?:pixel|spacer|blank|transparent|1x1|1px|clear|empty|tracking|beacon|dummy"
    r"|no[_-]?(?:image|img|photo|picture|pic|thumb|thumbnail)|(?:image|img|photo)[_-]not[_-]found"
    r"|image[_-]unavailable|placeholder|lazy|grey|loading)"
    r"(?:[_.-]?(?:gif|png|jpe?g|svg|webp|image|img))?(?:[?/.]|$)"
    r"|/(?:null|undefined|none|false|true|nan)/?(?:\?|$)|\[object|%5bobject|\{|%7b"
    r"|\.(?:s?html?|xhtml|mp4|m4v|webm|mov|ogv|avi|m3u8|mpd|mp3|m4a|ogg|wav|flac|pdf|zip|js|css"
    r"|json|xml|txt|swf|woff2?)(?:\?|$)"
)
_COUNTERS = re.compile(
    r"(?i)(?:^|\.)(?:facebook\.com/tr|google-analytics\.com|googletagmanager\.com|doubleclick\.net"
    r"|scorecardresearch\.com|pixel\.wp\.com|bat\.bing\.com|placeholder\.com|placehold\.(?:it|co)"
    r"|dummyimage\.com)"
)
#: Images common to many pages of a site.
_COMMON = re.compile(
    r"(?i)(?:^|[/_.-])(?:logo|logos|default|fallback|favicon|apple-touch-icon|og-default"
    r"|social-default|sharing-default|site-icon|blavatar)(?:[/_.@0-9-]|$)|\.ico(?:\?|$)"
)
#: Images beside a text, by their URL, class and id.
_SMALL = re.compile(
    r"(?i)avatar|emoji|userpic|headshot|spinner|shields\.io|\.svg(?![a-z0-9])"
    r"|(?<![a-z])(?:(?:fav)?icon|badge|logo|sprite|button|btn|captcha|author|arrow|smil(?:ey|ie)"
    r"|wp-smiley|u-photo|u-logo|rss|widget|advert|ads?|sponsor)s?(?![a-z])"
)


#: Networks and clicks that images are signs of.
_NETWORK = (
    "(?:facebook|twitter|linkedin|pinterest|whatsapp|instagram|youtube|telegram|reddit|tumblr|xing"
    "|mastodon|bluesky|tiktok|flickr|vimeo|google(?:[_ -]?(?:plus|news))?|vk(?:ontakte)?|weibo"
    "|wechat|fb|print(?:er)?|e-?mail|share|sharing|social|follow|tweet|pin-?it|bookmark|avatar)"
)
_CLICK = (
    "(?:mail|feed|search|home|close|menu|play|pdf|comments?|user|profile|flag|star|rating"
    "|(?:cc-?by|by-(?:nc|nd|sa))[a-z-]{0,9})"
)
#: The file of such an image. A photo may be named after one of the latter.
_SIGN = re.compile(
    rf"(?i)/(?:(?:icons?|ico|share|social|btn|img|sm)[_-])?(?:{_NETWORK}|{_CLICK}(?=[^/?]*\.(?:png|gif|svg)))"
    r"(?:[_-]?(?:icons?|logo|button|btn|share|sign|symbol|white|black|color|round|circle|square|small"
    r"|page|this)|[_-]\d{1,3}(?:x\d{1,3})?){0,4}\.(?:png|gif|svg|jpe?g|webp)(?:\?|\Z)"
)
#: Its alternative text.
_SIGN_TEXT = re.compile(
    r"(?i)\s*(?:(?:share|follow|like|find|tweet|pin)\b.{0,12}\b)?(?:us )?(?:on |by |via )?"
    rf"{_NETWORK}(?:'s)?(?: (?:icon|logo|button|(?:this )?(?:page|article)|this))?\s*"
    r"|\s*(?:icon|logo)\b.{0,40}|(?:\S{1,20}\s){0,3}(?:icon|logo|avatar|profile picture)\s*"
)
MAX_SIGN_TEXT = 60


def is_nothing(url: str) -> bool:
    """Whether a URL is that of a placeholder, a counter, or no image at all."""
    rest = url.partition("//")[2]
    path = rest.partition("/")[2]
    return not path or _NOTHING.search(f"/{path}") is not None or _COUNTERS.search(rest) is not None


def is_common(url: str) -> bool:
    """Whether an image stands for the site, and not for the page."""
    rest = url.partition("//")[2]
    return _COMMON.search(rest.partition("/")[2]) is not None or "gravatar.com/avatar/" in rest


def is_small(about: str) -> bool:
    """Whether an image is an icon or the like. `about` is its URL, class and id."""
    return _SMALL.search(about) is not None


def is_sign(url: str, text: str) -> bool:
    """Whether an image is a sign to click, or a portrait, by its file and its alternative text."""
    is_of_text = len(text) <= MAX_SIGN_TEXT and _SIGN_TEXT.fullmatch(text) is not None
    return is_of_text or _SIGN.search(url) is not None
