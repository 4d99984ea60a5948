"""The class of a task list's items."""

from splitflap_renderer.html.additions.addition import Addition
from splitflap_renderer.html.additions.directions import AUTO


class TaskItems(Addition):
    """A checkbox at the start of a list item makes it a task list's item."""

    tags = frozenset({"input"})

    def start(self, written: str) -> str:
        """Look for the item just before the checkbox."""
        parts = self.page.parts
        for place in range(len(parts) - 1, -1, -1)[:3]:
            if parts[place] in {"<li>", f"<li{AUTO}>"}:
                parts[place] = parts[place].replace("<li", '<li class="task-list-item"', 1)
            elif parts[place].strip() not in {"", "<p>"}:
                break
        return written
