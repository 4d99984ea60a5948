"""The servers do what their tests rely on."""

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


def test_postgres_survives_its_murder(postgres_server: Postgres) -> None:
    """What was committed is there after SIGKILL and a start; open connections are gone."""
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


def test_rabbitmq_counts_what_lies_in_its_queues(rabbitmq_server: RabbitMq) -> None:
    """At once after a confirmed publish, and apart for what a consumer holds."""
    url = rabbitmq_server.add_vhost("counts")
    with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        for each in (*topology.EXCHANGES, *topology.QUEUES):
            each(channel).declare()
        producer = kombu.Producer(channel, exchange=topology.JOBS, routing_key="render")
        for _ in range(2):
            producer.publish("text")
        assert topology.RENDER_QUEUE(channel).get()
        assert rabbitmq_server.queue_depths("counts")["render"] == Depth(1, 1)
        assert rabbitmq_server.queue_depths("counts")["scrape"] == Depth(0, 0)


@pytest.fixture
def listener() -> socket.socket:
    """A port that takes connections and says nothing by itself."""
    return socket.create_server(("127.0.0.1", 0))


def through(proxy: Proxy, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection through the proxy."""
    client = socket.create_connection(("127.0.0.1", proxy.port), 5)
    server, _ = listener.accept()
    server.settimeout(5)
    return client, server


def test_proxy_passes_on_cuts_and_refuses(listener: socket.socket) -> None:
    """Bytes go both ways; a cut resets both ends; a refused port comes back."""
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


def test_proxy_swallows_and_delays(listener: socket.socket) -> None:
    """Swallowed bytes never come, the connection stays open; a delay only takes its time."""
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
