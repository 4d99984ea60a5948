"""nginx in front of the application: its configuration, slow clients, and large files.

nginx.conf     the configuration, as the page shows it
front.py       one nginx as a process
slow.py        clients that send or read slowly, and who is served beside them
download.py    a large file, read whole
measured.py    all of it, measured
"""
