"""Clients and books of single experiments, beside load.py.

tasks.py       requests that may answer 202
restart.py     kill a server and start it again
losses.py      what becomes of accepted work when the process is killed
pushers.py     servers that push events, behind one protocol
crowd.py       a thousand light clients of them
resuming.py    clients that connect again by themselves
"""
