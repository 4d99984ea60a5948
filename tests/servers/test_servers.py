"""The servers and the proxy behave as other tests expect."""

import socket
import time

import kombu
import psycopg
import pytest
from splitflap_core import topology

from tests.support import wait_until

from .postgres import Postgres
from .proxy import Proxy
from .rabbitmq import Depth, RabbitMq

pytestmark = pytest.mark.servers


def test_postgres_keeps_committed_rows_after_a_kill(postgres_server: Postgres) -> None:
    """Open connections are lost."""
    url = postgres_server.create_database("murder").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("create table t (number int)")
        connection.execute("insert into t values (1)")
    with psycopg.connect(url, autocommit=True) as witness:
        postgres_server.kill()
        with pytest.raises(psycopg.OperationalError):
            witness.execute("select 1")
    postgres_server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("select number from t").fetchall() == [(1,)]


def test_rabbitmq_reports_the_present_depth_of_queues(rabbitmq_server: RabbitMq) -> None:
    """It counts ready and unacked messages separately, right after a confirm."""
    url = rabbitmq_server.add_vhost("counts")
    with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        for each in (*topology.EXCHANGES, *topology.QUEUES):
            each(channel).declare()
        producer = kombu.Producer(channel, exchange=topology.JOBS, routing_key="render")
        for _ in range(2):
            producer.publish("text")
        assert topology.JOB_QUEUES["render"](channel).get()
        assert rabbitmq_server.queue_depths("counts")["render"] == Depth(1, 1)
        assert rabbitmq_server.queue_depths("counts")["scrape"] == Depth(0, 0)


@pytest.fixture
def listener() -> socket.socket:
    """A server socket without a protocol."""
    return socket.create_server(("127.0.0.1", 0))


def through(proxy: Proxy, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection through the proxy."""
    client = socket.create_connection(("127.0.0.1", proxy.port), 5)
    server, _ = listener.accept()
    server.settimeout(5)
    return client, server


def test_the_proxy_forwards_cuts_and_refuses(listener: socket.socket) -> None:
    """A cut resets both ends. `mend` opens a refused port again."""
    with listener, Proxy(listener.getsockname()[1]) as proxy:
        client, server = through(proxy, listener)
        client.sendall(b"to")
        assert server.recv(9) == b"to"
        server.sendall(b"fro")
        assert client.recv(9) == b"fro"
        proxy.cut()
        for end in (client, server):
            with pytest.raises(ConnectionResetError):
                end.recv(9)
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), 5)
        proxy.mend()
        through(proxy, listener)[0].close()


def test_the_proxy_swallows_and_delays(listener: socket.socket) -> None:
    """Swallowed bytes are lost, and the connection stays open."""
    with listener, Proxy(listener.getsockname()[1]) as proxy:
        client, server = through(proxy, listener)
        proxy.swallow()
        client.sendall(b"lost")
        wait_until(lambda: proxy.swallowed == 4, "the bytes' end")
        proxy.mend()
        proxy.delay = 0.1
        begin = time.monotonic()
        client.sendall(b"late")
        assert server.recv(9) == b"late"
        assert time.monotonic() - begin >= 0.1
