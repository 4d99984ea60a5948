"""What `split` measures with: the same posts and the same books for all systems.

mix.py      the posts, with the right HTML and titles of each
books.py    what a system's database says about its posts
system.py   a running system: its processes, and what it has accepted
systems.py  how to start each of them
phases.py   the loads: a burst, one rate for all, and a flood of one class
kills.py    SIGKILL of each process under a load
sizes.py    sizes that the page names
tables.py   the tables and figures of the page
limits.py   what each system promises and needs, for the page
verdict.py  the verdict, with verdict_kills.py for the part about kills
"""
