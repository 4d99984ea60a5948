"""Where the API's resources are."""

#: Of this version of the contract, before all else.
PREFIX = "/v1"

#: Pages that say what a problem means, by its slug.
PROBLEMS = f"{PREFIX}/problems/"

#: Paths whose POST and PUT make jobs.
MAKING_WORK = tuple(f"{PREFIX}/{name}" for name in ("posts", "renders", "previews"))


def post_address(post_id: str) -> str:
    """A post's."""
    return f"{PREFIX}/posts/{post_id}"
