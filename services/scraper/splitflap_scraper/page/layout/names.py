"""Names of blocks in classes and ids, by the region that they open.

Collected by hand from the themes of widespread site generators. Names are in lower case, with
hyphens for underscores.
"""

#: Blocks beside the page's text.
ASIDE = frozenset({
    "ad", "addtoany", "ads", "advert", "advertisement", "advertising", "bread-crumb",
    "bread-crumbs", "breadcrumb", "breadcrumbs", "catlinks", "colophon", "comment-list",
    "comment-respond", "commentlist", "comments", "comments-area", "comments-section",
    "crumbs", "disqus-thread", "footer", "global-footer", "global-nav", "jp-relatedposts",
    "jump-link", "lang-switcher", "language-switcher", "lightbox",
    "main-menu", "main-nav", "main-navigation", "mainmenu", "mega-menu", "menu", "modal",
    "more-stories", "most-popular", "most-read", "nav", "nav-bar", "nav-links", "nav-menu",
    "navbar", "navbox", "navigation", "offcanvas", "page-footer", "page-nav", "pagenav",
    "pager", "pagination", "paging", "pop-up", "popular-posts", "popup", "post-navigation",
    "primary-nav", "primary-navigation", "printfooter", "recent-posts", "recommendations",
    "recommended", "related", "related-articles", "related-content", "related-posts",
    "related-stories", "relatedposts", "respond", "secondary-nav", "share",
    "share-buttons", "share-links", "sharedaddy", "sharing", "side-bar", "side-nav",
    "sidebar", "sidenav", "site-footer", "site-nav",
    "site-navigation", "sitemap", "skip-link", "skip-links", "skiplinks", "social",
    "social-icons", "social-links", "social-media", "social-share", "sphinxsidebar",
    "sub-nav", "subnav", "table-of-contents", "tableofcontents", "tag-cloud",
    "tagcloud", "testimonial", "testimonials", "toc", "top-bar", "top-menu", "top-nav",
    "topbar", "topmenu", "topnav", "trending", "widget-area", "yarpp", "yarpp-related"
})  # fmt: skip
#: Ids with another meaning than classes.
ASIDE_IDS = frozenset({
    "left-nav", "left-sidebar", "leftnav", "right-sidebar", "secondary", "sidebar-left",
    "sidebar-right", "tertiary"
})  # fmt: skip

#: Heads of sites.
HEADER = frozenset({
    "global-header", "header", "main-header", "masthead", "site-branding", "site-header"
})  # fmt: skip

#: Blocks with other dates and authors than those of the text around them.
OF_OTHERS = frozenset({
    "carousel", "comment", "countdown", "latest", "popular", "promo", "read-next", "read-time",
    "reading-time", "readingtime", "recommended-posts", "teaser", "teasers", "widget",
    "wp-caption-text"
})  # fmt: skip

#: Words anywhere in the name of a block with the author or the date of a text.
BYLINE = frozenset({"author", "authors", "byline", "dateline", "postmeta"})
#: Words anywhere in the name of a block that is no part of the text around it.
NOTE = BYLINE | {
    "admonition", "affiliate", "alert", "alerts", "announcement", "announcements", "breadcrumb",
    "breadcrumbs", "browserupgrade", "caption", "captions", "ccpa", "consent", "cookie",
    "cookiebar", "cookies", "copyright", "disclaimer", "disclaimers", "disclosure",
    "disclosures", "donate", "donation", "gdpr", "hatnote", "infobox", "mailchimp", "mc4wp",
    "newsletter", "newsletters", "notification", "notifications", "optin", "paywall", "signup",
    "subscribe", "subscription"
}  # fmt: skip
#: The last words of such names.
LAST_NOTE = frozenset({
    "bio", "credit", "credits", "cta", "flash", "legal", "login", "meta", "metadata", "note",
    "notice", "notices", "promo", "promotion", "sponsor", "toast", "warning"
})  # fmt: skip
#: The last words of names that hold a text, whatever their other words: "newsletter-content".
LAST_TEXT = frozenset({
    "article", "body", "content", "issue", "main", "page", "post", "single", "text"
})  # fmt: skip
