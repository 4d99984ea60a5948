"""The rivals of `split`: the same microblog, with the work on a post in a request or in a queue.

work.py        the work on one post, and its result in PostgreSQL: the same for all of them
in_request.py  Flask; the request does the work
celery_app.py  Flask, Celery and RabbitMQ, with one queue or with two
rq_app.py      Flask, RQ and Redis; rq_worker.py is its worker
taskiq_app.py  FastAPI, taskiq and RabbitMQ

Each has the durability of Splitflap: an accepted post is on disk before its answer, and a job's
message goes only after its result is committed. The environment has RIVAL_DATABASE_URL,
RIVAL_BROKER_URL and RIVAL_SLOTS, the number of posts that are worked on at a time.
"""
