"""The talk, measured: each claim of the talk is an experiment, and docs/talk.md is its page.

__main__.py       runs experiments, writes results.json, then the page
app.py            the application under test: Flask, as a newcomer writes it
page_site.py      the site that it fetches; it counts its requests in flight. site.py starts it
servers.py        the table of servers, and how to start one; commands.py has their command lines
load.py           works (requests with their right answers) and loads
measure.py        one measurement: rate, latency, errors, wrong answers, CPU, memory
context.py        what an experiment runs with: servers, works, a database, sizes
experiment.py     what an experiment is, and HOW TO ADD ONE
results.py        results.json
page.py           docs/talk.md from results.json; plots.py draws its figures
free_threaded.py  a Python without the GIL, if TALK_FREE_THREADED names one
experiments/      one file each; split/ is what `split` measures with
probes/           what single experiments measure beside measure.py
nginx/            nginx in front of the application, and its clients
apps/             applications of single experiments, beside app.py
forked/           memory and engines after a fork, for `processes`
balancing/        counts, balancers and sessions, for `load_balancing`
rivals/           configurations of the task queues in `split`
"""
