"""The proxy that cuts and stalls connections."""

import socket
import threading
from collections.abc import Iterator

import pytest
from embedded.tcp_proxy import Link, TcpProxy

pytestmark = pytest.mark.server

TIMEOUT_S = 5.0


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(1024):
                    connection.sendall(piece)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[TcpProxy]:
    """A proxy before it."""
    with TcpProxy(echo) as running:
        yield running


def connected(proxy: TcpProxy) -> socket.socket:
    """A connection through the proxy."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=TIMEOUT_S)


def asked(proxy: TcpProxy) -> bytes:
    """What a new connection answers; nothing when it is refused or closed."""
    try:
        with connected(proxy) as client:
            client.sendall(b"a")
            return client.recv(1)
    except ConnectionError:
        return b""


def test_everything_passes_while_the_link_is_up(proxy: TcpProxy) -> None:
    """Bytes go there and come back, and the end of one side is the end of the other."""
    with connected(proxy) as client:
        client.sendall(b"plate")
        assert client.recv(1024) == b"plate"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1024) == b""


def test_a_cut_resets_what_is_open_and_what_is_opened(proxy: TcpProxy) -> None:
    """Afterwards new connections work again."""
    with connected(proxy) as client:
        client.sendall(b"a")
        assert client.recv(1) == b"a"
        with proxy.broken(Link.CUT):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
            assert asked(proxy) == b""
    assert asked(proxy) == b"a"


def test_a_stall_holds_bytes_back_and_loses_none(proxy: TcpProxy) -> None:
    """Nothing comes while it lasts; then all of it."""
    with connected(proxy) as client:
        with proxy.broken(Link.STALLED):
            client.sendall(b"later")
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1024)
        client.settimeout(TIMEOUT_S)
        assert client.recv(1024) == b"later"


def test_nobody_behind_it_is_a_closed_connection() -> None:
    """A target that is away does not end the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        gone = held.getsockname()[1]
    with TcpProxy(gone) as proxy:
        assert [asked(proxy), asked(proxy)] == [b"", b""]
        assert proxy.accepted == 2
