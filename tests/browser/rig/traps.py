"""Traps for scripts that come from a text, set in every page before its own scripts."""

#: Scripts of attacks call these functions. Each call is a fault, since it writes to the console.
SET = """
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
    window[name] = () => console.error(`a text called ${name}: ${Error().stack}`);
undefined;
"""

#: The events of a user and of a browser, fired on every element below the given ones. Links to
#: other pages are not followed, and the page's own buttons are left alone.
FIRE = """elements => {
    const stop = event => {
        if (event.target.closest?.('a')) event.preventDefault();
    };
    document.addEventListener('click', stop, true);
    const kinds = ['click', 'mouseover', 'mouseenter', 'pointerover', 'focus', 'blur', 'error',
        'load', 'toggle', 'beforetoggle', 'animationstart', 'transitionend', 'wheel', 'copy', 'cut',
        'paste', 'change', 'input', 'submit', 'scrollend'];
    let count = 0;
    for (const each of elements.flatMap(root => [...root.querySelectorAll('*')])) {
        if (each.closest('button')) continue;
        for (const kind of kinds)
            each.dispatchEvent(new Event(kind, {bubbles: kind === 'click', cancelable: true}));
        if (each.matches('a, summary')) { each.focus(); each.click(); }
        count += 1;
    }
    document.removeEventListener('click', stop, true);
    return count;
}"""
