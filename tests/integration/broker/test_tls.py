"""`amqps`, through a TLS proxy with a certificate of the test."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.servers.rabbitmq import RabbitMq
from tests.support.certificates import make_certificate
from tests.support.peer import RENDER, numbered, rabbitmq_broker

from .conftest import MakePeer, Vhost

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "certificate.pem", "IP:127.0.0.1")


@contextmanager
def tls_in_front_of(server: RabbitMq, certificate: Path) -> Iterator[int]:
    """A TLS port that forwards to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)
            if isinstance(source, ssl.SSLSocket):
                source.unwrap()  # sends TLS's close_notify
            target.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(ssl.SSLError):  # a client without trust in the certificate
                    client = context.wrap_socket(plain, server_side=True)
                    broker = socket.create_connection(("127.0.0.1", server.port))
                    for pair in ((client, broker), (broker, client)):
                        threading.Thread(target=pass_on, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_messages_arrive_over_tls(vhost: Vhost, make_peer: MakePeer, certificate: Path) -> None:
    """The link also reads messages that TLS has decrypted before the selector waits."""
    with tls_in_front_of(vhost.server, certificate) as port:
        url = vhost.server.vhost_url(vhost.name, port).replace("amqp:", "amqps:")
        peer = make_peer(rabbitmq_broker(url, str(certificate)), RENDER, acks=True).started()
        for round_trip in range(20):
            bodies = [b"%d " % round_trip + body for body in numbered(50)]
            peer.send(*bodies)
            peer.receive(50 * (round_trip + 1))
        peer.link.stop(5)
        assert len(peer.sent) == 1000


def test_a_certificate_of_another_name_or_ca_is_refused(
    vhost: Vhost, make_peer: MakePeer, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The CA is unknown, or the certificate has another host name."""
    with tls_in_front_of(vhost.server, certificate) as port:
        url = vhost.server.vhost_url(vhost.name, port).replace("amqp:", "amqps:")
        named = url.replace("127.0.0.1", "localhost")
        for backend in (rabbitmq_broker(url), rabbitmq_broker(named, str(certificate))):
            caplog.clear()
            peer = make_peer(backend)
            peer.link.start()
            peer.wait(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text, "the refusal")
            assert not peer.link.up
            peer.link.stop(1)
