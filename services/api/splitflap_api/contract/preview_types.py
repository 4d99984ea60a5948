"""The types of a preview's fields in JSON."""

from typing import Annotated

from msgspec import Meta
from splitflap_core.contracts import MAX_FILE, Availability, Card

Uri = Annotated[
    str, Meta(description="Absolute, http or https.", extra_json_schema={"format": "uri"})
]
PageText = Annotated[
    str, Meta(description="Plain text from the page, on one line. Escape it before display.")
]
PageType = Annotated[
    str,
    Meta(
        description="Kind of page or file: article, archive, audio, book, document, file, image, "
        "music, product, profile, text, video or website. Later releases may add more."
    ),
]
Link = Annotated[
    str,
    Meta(
        description="http or https. Scheme, host and port have their canonical form. The rest is "
        "as the author wrote it, so it may contain characters that a URI escapes."
    ),
]
Pixels = Annotated[int, Meta(ge=0, description="Pixels.")]
ImageUri = Annotated[
    str,
    Meta(
        description="Absolute, http or https; at the operator's image proxy if there is one. It is "
        "a path of your site if the proxy is one.",
        extra_json_schema={"format": "uri-reference"},
    ),
]
CanonicalUri = Annotated[Uri, Meta(description="The page's own address, as the page states it.")]
IconUri = Annotated[ImageUri, Meta(description="The site's icon, as `image`.")]
ImageAlt = Annotated[str, Meta(description="Plain text that stands for the image.")]
AnyCard = Annotated[
    Card,
    Meta(
        title="Card",
        description="The form of the card that the page asks for, or that its image fits: "
        "`summary` has a small image beside the text, `large` a wide one above it.",
    ),
]
PlayerUri = Annotated[
    Uri,
    Meta(
        description="A player for an `iframe`, over https, of a provider that the operator "
        "trusts. Give the frame a `sandbox`, and load it after a click."
    ),
]
Sensitive = Annotated[bool, Meta(description="Whether the page says that it is for adults only.")]
Price = Annotated[
    str,
    Meta(
        description="The lowest price of the product, as a decimal number. `currency` is set too.",
        examples=["1299.90"],
    ),
]
Currency = Annotated[str, Meta(description="ISO 4217.", examples=["EUR"])]
Stock = Annotated[Availability, Meta(title="Availability", description="The stock of the product.")]
FileSize = Annotated[
    int, Meta(ge=0, le=MAX_FILE, description="Bytes.", extra_json_schema={"format": "int64"})
]
