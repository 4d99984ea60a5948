"""What `split` measures with: the same posts and the same books for five systems.

mix.py      the posts, with the right HTML and titles of each
books.py    what a system's database says about its posts
system.py   a running system: its processes, and what it has accepted
systems.py  how to start each of the five
phases.py   the loads: a burst, half of the peak, and a flood of one class
kills.py    SIGKILL of each process under a load
"""
