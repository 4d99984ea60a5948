"""What each system promises and needs, so that the tables are read fairly."""

from .mix import PAGE_SECONDS
from .sizes import KILLS_PATIENCE, SLOTS, TEXT_SLOTS

#: RQ 3.0 takes a job for abandoned after so many seconds without a heartbeat: 30 between two of
#: them, and 60 more (rq/worker/base.py, get_heartbeat_ttl).
RQ_ABANDONED_SECONDS = 90

#: A worker of RQ looks for abandoned jobs at its start, and then once in so many minutes
#: (rq/defaults.py).
RQ_MAINTENANCE_MINUTES = 10

LIMITS = (
    (
        f"Flask alone is gunicorn with {SLOTS} threads, and does all work in the request. Celery "
        "is Flask with RabbitMQ, RQ is Flask with Redis, and taskiq is FastAPI with RabbitMQ. All "
        "of them save in PostgreSQL. A worker takes jobs from the queue, a broker is the queue, "
        "and children are the processes that a process has forked."
    ),
    (
        f"A slow link leads to a page of {PAGE_SECONDS['slow link']:g} s, which is in every p99 "
        f"until done. A very slow link leads to one of {PAGE_SECONDS['very slow link']:g} s."
    ),
    (
        "Beside the flood, a post that is not done at the end counts with its time until then. So "
        "the latencies of a system with unfinished posts are lower bounds: it needs longer."
    ),
    (
        "All systems have the same promise: an accepted post is on disk before its answer, and "
        "its job is done again if a process dies. A post may be worked on twice, and is saved "
        "once."
    ),
    (
        "Each system runs on the same CPUs, with its broker and its database. The load "
        "generator and the linked site use these CPUs too. Each queue system has one web "
        "process."
    ),
    (
        f"Each of the others works on {SLOTS} posts at a time, and a page of one second holds a "
        "slot for a second. With more slots they finish more posts, at most as many as the table "
        "of CPU seconds allows. Splitflap's scraper fetches hundreds of pages at a time: a green "
        "thread costs little."
    ),
    (
        "A slot is a thread or a process, and the work is plain code: that is the usual way. "
        "taskiq's task can also be `async`, with an asynchronous client, and Celery's worker can "
        "have a pool of green threads. Either then holds hundreds of waiting pages, as Splitflap's "
        "scraper does. Neither was measured: the flood shows what the slots do, and not what these "
        "libraries can do."
    ),
    (
        "Splitflap has no `/ping`: a small page of its API stands for it. The web process of "
        "taskiq, FastAPI, runs on uvicorn with its extra `standard`."
    ),
    (
        "Flask alone: if the server dies, the client has no answer, and has to send the post "
        "again. Nothing else is lost, since an answer means that the post is done."
    ),
    (
        "Celery and taskiq accept a post when RabbitMQ has confirmed that it is on disk (in a "
        "quorum queue). They accept none without RabbitMQ. Without the database they accept posts, "
        "and retry their jobs."
    ),
    (
        "Celery, two queues: a second worker takes the posts with links. Both workers have "
        f"{SLOTS} processes together, as many as the single worker of Celery. {TEXT_SLOTS} of "
        "them take the texts. Posts with links still wait for each other. Only its second worker "
        "is killed: the rest is as in Celery."
    ),
    (
        "RQ accepts a post when Redis has synced its file. Its worker forks a process for every "
        "job: that is RQ's default."
    ),
    (
        f"RQ takes a job for abandoned after {RQ_ABANDONED_SECONDS} s without a heartbeat. Its "
        f"workers look for such jobs at their start and every {RQ_MAINTENANCE_MINUTES} minutes. "
        "Its delayed retries wait for a scheduler, which the kills end too. This run counts a "
        f"post as unfinished {KILLS_PATIENCE:g} s after the last kill. By its documentation, RQ "
        "does these posts later: they are not lost."
    ),
    (
        "Splitflap's renderer computes the HTML, and its scraper fetches the linked pages. "
        "Splitflap accepts a post when PostgreSQL has committed it. It accepts none without "
        "PostgreSQL. Without RabbitMQ it accepts posts, and sends their messages later."
    ),
    (
        "Splitflap does more for each post. The client gets an address to ask for the result, "
        "and may repeat a request safely. Browsers get events. Other posts can use the preview "
        "of a link. Each of these costs CPU in its web process, its workers and its database."
    ),
    (
        "A post without links goes to disk four times in Splitflap, one after the other: its "
        "commit, the message of its job, the message of the outcome, and the commit of that. In a "
        "queue system it goes twice: the message of its job, and its row. A link adds three more "
        "in Splitflap. So Splitflap takes longer for each post, also when it is idle."
    ),
    (
        "The others render a text by the same few lines. Splitflap's renderer also finds names, "
        "links and an excerpt, and it bounds what a text may cost."
    ),
    (
        "The others write one row for each post, and nobody can ask them about it. An "
        "application that needs more has to add it, and its CPU."
    ),
)
