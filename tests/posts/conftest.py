"""A failing check shows both texts."""

import pytest

pytest.register_assert_rewrite("tests.posts.checks")
