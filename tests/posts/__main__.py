"""The posts that lose words in each renderer, and the words: `python -m tests.posts [-v]`."""

import sys

from tests.posts import posts
from tests.posts.compared import OTHERS, OWN, lost_words


def main() -> None:
    """Print one line for each renderer. With `-v`, also one for each post that loses words."""
    all_posts = posts()
    for name, renders in (OWN | OTHERS).items():
        found = {post.name: lost_words(post, renders) for post in all_posts}
        losing = {post: words for post, words in found.items() if words}
        missing = sum(len(words) for words in losing.values())
        sys.stdout.write(
            f"{name:26} {len(losing):3} of {len(all_posts)} posts lose words ({missing} words)\n"
        )
        for post, words in losing.items() if "-v" in sys.argv else ():
            sys.stdout.write(f"    {post}: {' '.join(words)}\n")


if __name__ == "__main__":
    main()
