"""Paths of the API's resources."""

#: Every path of this version of the contract begins with it.
PREFIX = "/v1"

#: Pages about the types of problems, by slug.
PROBLEMS = f"{PREFIX}/problems/"

#: POST and PUT below these paths create jobs.
MAKING_WORK = tuple(f"{PREFIX}/{name}" for name in ("posts", "renders", "previews"))

#: The parameters of paths that are ids, with the resource of each.
IDS = {
    "post_id": "post",
    "task_id": "task",
    "key_id": "key",
    "letter_id": "dead letter",
    "session_id": "session",
    "webhook_id": "webhook",
}


def post_address(post_id: str) -> str:
    """The path of a post."""
    return f"{PREFIX}/posts/{post_id}"


def makes_work(method: str, path: str) -> bool:
    """Whether such a request creates jobs."""
    # werkzeug treats leading slashes as one.
    return method in {"POST", "PUT"} and ("/" + path.lstrip("/")).startswith(MAKING_WORK)
