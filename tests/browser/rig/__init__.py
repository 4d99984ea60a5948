"""The rig of the browser tests: Debian's Chromium, and visitors that open the page in it.

`Chromium` starts the browser. `Watch` records what no test may cause: console errors, uncaught
errors, violations of the content security policy, failed requests, and requests to another origin.
`Visitor` is one person with a browser profile of their own. `Board` and `Ops` find the parts of the
two pages by roles and labels, as a screen reader does.
"""
