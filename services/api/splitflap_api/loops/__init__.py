"""The background threads of one API process: each is a `Loop` (loop.py) or a broker link's.

    thread         module          does
    commits        batcher.py      commits accepted requests, many at a time
    task-reads     batcher.py      reads tasks, many at a time
    call-expiry    batcher.py      ends calls that have waited too long
    sequencer      sequencer.py    gives committed events their ids (on PostgreSQL)
    feed           long_requests/  hands new events to streams
    status         long_requests/  reads the status for its streams
    task-waits     long_requests/  ends waits for tasks
    key-watch      long_requests/  ends streams and waits of revoked keys
    link-publish   dispatch.py     publishes jobs and wake-ups
    marker         marker.py       marks confirmed jobs
    wake-ups       wake_ups.py     wakes other replicas (not with the embedded broker)
    publisher      publisher.py    reads the states of the kinds, and joins held jobs
    history        history.py      records what this process counts, every ten seconds
    backlog        overload/       judges whether new work can be accepted
    link-results   outcomes/       ingests small outcomes, and dead letters
    large-results  outcomes/       ingests large outcomes
    reconciler     reconcile.py    repeats due work, and deletes old rows

`acceptor.py` and `announcer.py` join them for requests and transactions. The last three threads run
in processes with the role `outcomes`. Only there the publisher also releases held jobs and charges
accounts.
"""
