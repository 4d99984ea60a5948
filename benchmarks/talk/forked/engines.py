"""An SQLAlchemy engine on both sides of a fork, with a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.talk import load, servers
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Row
from benchmarks.talk.load import Load
from benchmarks.talk.servers import Running

SERVER = servers.TABLE["gunicorn sync"]

#: Workers of each run.
WORKERS = 4

#: Options and environment of each way to have an engine.
ENGINES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "used before the fork": (("--preload",), {"TALK_ENGINE": "used"}),
    "used, then `dispose(close=False)`": (("--preload",), {"TALK_ENGINE": "disposed"}),
    "made before the fork, not used": (("--preload",), {"TALK_ENGINE": "unused"}),
    "one in each process": ((), {"TALK_ENGINE": "used"}),
}
USED, DISPOSED, UNUSED, OWN = ENGINES

#: A worker may wait for an answer that another worker took. gunicorn kills it after 2 s, and its
#: request has no answer.
IMPATIENT = ("--timeout", "2", "--graceful-timeout", "1")

#: Queries a second to each way; seconds of each; and how many different questions there are.
QUERY_RATE = 50.0
QUERY_SECONDS = 0.01
QUESTIONS = 100

#: Connections of the queries: requests that wait for an answer hold one each.
CONNECTIONS = 100

#: The figures of an answer that is not right.
BROKEN = ("wrong", "errors", "missing")


def engines(context: Context) -> list[Row]:
    """Each way to have an engine, all at once, for no figure is a time.

    All answers are numbers, so a wrong one is seen.
    """
    environ = {
        "TALK_DATABASE_URL": context.new_database(),
        "TALK_QUERY_SECONDS": str(QUERY_SECONDS),
    }
    with ThreadPoolExecutor(len(ENGINES)) as pool:
        return list(pool.map(lambda each: _engine(context, each, environ), ENGINES))


def _engine(context: Context, engine: str, environ: dict[str, str]) -> Row:
    options, own = ENGINES[engine]
    with context.serving(
        SERVER.with_options(*IMPATIENT, *options),
        processes=WORKERS,
        app="benchmarks.talk.apps.preloaded:app",
        environ={**environ, **own},
    ) as running:
        return Row({"part": "engine", "engine": engine}, _answers(context, running))


def _answers(context: Context, running: Running) -> dict[str, float]:
    """What came back. No request came before, for the first ones do the damage."""
    seconds = context.pick(6.0, 1.0)
    queries = load.db(range(QUESTIONS))
    sent = Load(running.port, QUERY_RATE, seconds, CONNECTIONS, fresh=True, warm_up=0.0)
    result = load.send_alone(sent, queries)
    answers = sum(len(each.latencies) for each in result.by_status.values())
    right = len(result.of(200).latencies)
    return {
        "sent": result.sent,
        "right": right,
        "wrong": result.wrong,
        "errors": answers - right,
        "missing": result.lost,
    }
