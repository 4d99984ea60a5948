"""The picture of a page."""

from collections import defaultdict

import pytest
from splitflap_scraper.page.attributes.image_sources import sources_of

from tests.unit.scraper.preview.documents import of

HOME = "https://a.example/"
GOOD = f"{HOME}sky.jpg"
LAZY = "src='data:image/gif;base64,R0lGOD'"


@pytest.mark.parametrize(
    "image",
    [
        "<video poster=/sky.jpg src=/m.mp4><img src=/m.mp4></video>",
        "<amp-video poster=/sky.jpg src=/m.mp4 width=640 height=360></amp-video>",
        "<video><img src=/m.mp4></video><img src=/sky.jpg>",
        "<video poster=/sky.jpg><source src=/m.mp4 srcset=''></video>",
        f"<picture><source srcset='/small.jpg 300w, /sky.jpg 1200w'><img {LAZY}></picture>",
        f"<picture><source data-srcset='/sky.jpg 2x, /small.jpg 1x'><img {LAZY}></picture>",
        "<picture><source srcset=/sky.webp><img src=/sky.jpg></picture>",
        "<img srcset='/sky.jpg 1500w, /small.jpg 300w, /huge.jpg 4000w'>",
        "<img srcset='/huge.jpg 4000w, /sky.jpg 2000w'>",
        f"<img {LAZY} data-src=/sky.jpg>",
        f"<img {LAZY} data-lazy-src=/sky.jpg>",
        f"<img {LAZY} data-lazy-srcset='/sky.jpg 900w'>",
        f"<img {LAZY} data-src='/sky-{{w}}.jpg'><noscript><img src=/sky.jpg></noscript>",
        "<img src=/blank.gif data-original=/sky.jpg>",
        "<img src=/img/lazy.png data-srcset='/sky.jpg 900w'>",
        "<img src=/img/1x1.png srcset='/sky.jpg 900w'>",
        f"<img {LAZY}><noscript><img src=/sky.jpg></noscript>",
        "<amp-img src=/sky.jpg width=900 height=400></amp-img>",
        "<a class='p-author h-card'><img class=u-photo src=/ann.jpg></a><img src=/sky.jpg>",
        "<div class=author-bio><img src=/ann.jpg width=96></div><img src=/sky.jpg>",
        "<figure class=wp-caption><img src=/sky.jpg width=700 height=400></figure>",
        "<img src=/silicon-valley/../sky.jpg>",
        "<img src=/icons/home.png><img src=/authors/ann.jpg><img src=/sky.jpg>",
        "<img src=https://pixel.wp.com/g.gif><img src=https://facebook.com/tr><img src=/sky.jpg>",
    ],
)
def test_the_picture_of_an_article_is_its_first_image(image: str) -> None:
    """Films, placeholders, icons, portraits and counters are no pictures."""
    assert of(f"<body><main>{image}<p>Text.</main>").image == GOOD


@pytest.mark.parametrize(
    ("image", "is_picture"),
    [
        ("<h1>T</h1><img src=/sky.jpg width=640 height=480>", True),
        ("<h1>T</h1><img src=/sky.jpg class='alignnone size-large wp-image-77'>", True),
        ("<h1>T</h1><img src=/sky.jpg>", False),
        (f"<h1>T</h1><img src=/sky.jpg><p>{'Words of it. ' * 9}", True),
        (f"<h1>T</h1><img src=/sky.jpg width=90><p>{'Words of it. ' * 9}", False),
        (f"<h1>T</h1><img src=/flag.png><p>{'Words of it. ' * 9}", False),
        (f"<img src=/sky.jpg><h1>T</h1><p>{'Words of it. ' * 9}", False),
        ("<h1>T</h1><div class=entry-content><img src=/sky.jpg></div>", True),
        ("<div class=sidebar><img src=/sky.jpg width=640 height=480></div>", False),
        ("<h1>T</h1><img src=/sky.jpg width=640 height=60>", False),
        ("<h1>T</h1><img src=/sky.jpg width=100 height=100>", False),
        ("<img src=/sky.jpg width=640 height=480><h1>T</h1>", False),
        ("<h1>T</h1><footer><img src=/sky.jpg width=640 height=480></footer>", False),
        ("<main><img src=/s.svg></main><h1>T</h1><img src=/sky.jpg width=640 height=480>", False),
    ],
)
def test_a_page_that_marks_no_article_has_a_large_image_of_its_text(
    image: str, is_picture: bool
) -> None:
    """Banners and images above the heading belong to the site."""
    assert of(f"<body>{image}").image == (GOOD if is_picture else None)


@pytest.mark.parametrize(
    "reference",
    [HOME, "/", "/undefined", "null", "/video.mp4", "/page.html", "/x/[object Object]",
     "{{ image }}", "/img/no-image.png", "/noimage.jpg", "/1px.gif", "https://placehold.it/300",
     "https://a.example/dir/page#primaryimage", "https://a.example"],
)  # fmt: skip
def test_a_declared_image_that_is_none_is_skipped(reference: str) -> None:
    """The next source counts."""
    meta = f"<meta property=og:image content='{reference}'>"
    assert of(meta + "<link rel=image_src href=/sky.jpg>").image == GOOD


def test_an_image_common_to_the_site_is_the_last_resort() -> None:
    """Its name shows it."""
    for name in ("logo.png", "img/default.jpg", "favicon.ico", "blavatar/1"):
        meta = f"<meta property=og:image content=/{name}>"
        assert of(meta).image == HOME + name
        assert of(f"{meta}<main><img src=/sky.jpg></main>").image == GOOD


def test_metas_for_browsers_without_scripts_count() -> None:
    """A scraper is such a browser."""
    metas = "<meta property=og:image content=/sky.jpg><meta http-equiv=refresh content='0;/x'>"
    assert of(f"<head><noscript>{metas}</noscript></head><body>").image == GOOD


def test_an_icon_for_dark_screens_comes_last() -> None:
    """Most clients have a light background by default."""
    dark = "<link rel=icon href=/dark.svg media='(prefers-color-scheme: dark)'>"
    assert of(f"{dark}<link rel=icon href=/a.png>").icon == f"{HOME}a.png"
    assert of(dark).icon == f"{HOME}dark.svg"


def test_the_still_of_a_video_is_the_picture_of_its_article() -> None:
    """An image of the article is better."""
    video = '"video":{"@type":"VideoObject","thumbnailUrl":["/sky.jpg"]}'
    for more, image in (("", GOOD), (',"image":"/a.jpg"', f"{HOME}a.jpg")):
        node = f'{{"@type":"Article",{video}{more}}}'
        assert of(f"<script type=application/ld+json>{node}</script>").image == image


@pytest.mark.parametrize(
    "srcset", ["," * 4096, "a " * 2048, "a 1x," * 800, ", ", "a nanw", "a 1e99x", "a infx"]
)
def test_the_candidates_of_a_list_of_sizes_are_bounded(srcset: str) -> None:
    """A list without a valid size has candidates too."""
    assert len(sources_of(defaultdict(str, srcset=srcset).__getitem__)) <= 1


def test_a_comma_inside_a_url_belongs_to_it() -> None:
    """Services that resize images have such URLs."""
    get = defaultdict(str, srcset="/w_300,c_fill/a.jpg 2x").__getitem__
    assert sources_of(get) == ["/w_300,c_fill/a.jpg"]


def test_the_width_that_a_script_fills_in_is_replaced() -> None:
    """Shops and newspapers have such sources."""
    get = defaultdict(str, **{"data-src": "/sky_{width}x.jpg"}).__getitem__
    assert sources_of(get) == ["/sky_800x.jpg"]


@pytest.mark.parametrize(
    "image",
    ["<a href=https://facebook.com/sharer><img src=/img/facebook.png></a>",
     "<img src=/i/print.gif>", "<img src=/x/1.jpg alt=avatar>", "<img src=/x/twitter-32x32.png>",
     "<img src=/share_button.png>",
     "<img src=/1.png alt='Share on Facebook'>", "<img src=/1.png alt='Print this page'>",
     "<img src=/1.jpg alt='Ann Lee avatar'>", "<img src=/i/pdf.gif>", "<img src=/by-nc-sa.png>",
     "<img src=/i/e-mail.png alt='E-mail this article'>"],
)  # fmt: skip
def test_a_sign_to_click_is_no_picture(image: str) -> None:
    """Neither is a portrait, by the file or by the text of the image."""
    text = f"<p>{'The tide was late. ' * 8}</p>"
    for body in (f"<main><h1>T</h1>{image}{text}</main>", f"<h1>T</h1>{text}{image}{text}"):
        assert of(f"<title>T</title>{body}").image is None


@pytest.mark.parametrize(
    "image",
    ["<img src=/print-shop.jpg>", "<img src=/facebook-founder-speaks.jpg>", "<img src=/menu.jpg>",
     "<img src=/star-trek.jpg>", "<img src=/mail-boat.jpg alt='The mail boat'>",
     "<img src=/1.jpg alt='The icon painters of Crete at work'>",
     "<img src=/facebook.png width=800 height=500>"],
)  # fmt: skip
def test_a_photo_may_be_named_like_a_sign(image: str) -> None:
    """A large image is no sign."""
    assert of(f"<title>T</title><main><h1>T</h1>{image}<p>{'The tide. ' * 20}</p></main>").image
