"""A person without a mouse: moves the focus by Tab, and sees where it is."""

from playwright.sync_api import Locator, Page

#: The most presses of Tab until an element must have the focus.
MOST_PRESSES = 60

#: Whether the focused element looks different from how it looks without the focus.
IS_VISIBLE = """element => {
    const look = () => {
        const style = getComputedStyle(element);
        return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
            style.borderColor, style.backgroundColor, style.textDecorationLine].join();
    };
    const focused = look();
    element.blur();
    const blurred = look();
    element.focus({focusVisible: true, preventScroll: true});
    return focused !== blurred;
}"""


def tab_to(page: Page, target: Locator, key: str = "Tab") -> int:
    """Press Tab until the target has the focus, and return the number of presses.

    Raises:
        AssertionError: Tab does not reach it, or its focus cannot be seen.
    """
    for presses in range(1, MOST_PRESSES + 1):
        page.keyboard.press(key)
        if target.evaluate("element => element === document.activeElement"):
            assert target.evaluate(IS_VISIBLE), f"the focus of {target} cannot be seen"
            return presses
    raise AssertionError(f"{MOST_PRESSES} presses of {key} did not reach {target}")
