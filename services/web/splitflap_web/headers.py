"""The headers of every file of the page, for nginx and for the API alike.

The page has no inline script and no inline style, and it talks to its own origin only. Images may
come from anywhere, since posts show images of other sites. HTML enters it by the two policies of
Trusted Types alone: static/lib/trusted.js, and Lit's for the page's own templates.
"""

#: The policy of the page (Content Security Policy Level 3).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html splitflap"
)

#: What the page may ask a browser for: nothing.
PERMISSIONS = ", ".join(
    f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "usb")
)

SECURITY = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}

#: Cache-Control of the HTML files: a browser asks again before each use, and gets 304.
REVALIDATED = "no-cache"

#: Cache-Control of files below /static. Their path has a hash of all of them.
IMMUTABLE = "public, max-age=31536000, immutable"
