# SPDX-License-Identifier: Apache-2.0
"""The lines of a CollectorServer: a TCP peer, one that speaks TLS, a serial port."""

import socket
import ssl
from typing import Protocol

import serial as pyserial

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_MOST

RECORD_MOST = 16384  # of TLS: a read of so many leaves nothing decrypted behind for select to miss


class Line(Protocol):
    """Bytes of one peer: take() is b"" when nothing is there, put() says how many it took; OSError
    when the line is gone. `ready`: the peer is who it should be, as far as the line asks.
    """

    ready: bool

    def fileno(self) -> int: ...
    def take(self) -> bytes: ...
    def put(self, data: bytes) -> int: ...
    def close(self) -> None: ...


class SocketLine:
    """One TCP peer."""

    ready = True
    take_most = FRAME_MOST
    not_now: tuple[type[OSError], ...] = (BlockingIOError,)

    def __init__(self, connection: socket.socket):
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def fileno(self) -> int:
        return self._connection.fileno()

    def take(self) -> bytes:
        try:
            data = self._connection.recv(self.take_most)
        except self.not_now:
            return b""
        if not data:
            raise OSError("closed by the peer")
        return data

    def put(self, data: bytes) -> int:
        try:
            return self._connection.send(data)
        except self.not_now:
            return 0

    def close(self) -> None:
        self._connection.close()


class SecureLine(SocketLine):
    """One TCP peer that speaks TLS; the handshake goes on as bytes come."""

    take_most = RECORD_MOST
    not_now = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

    def __init__(self, connection: socket.socket, context: ssl.SSLContext):
        super().__init__(connection)
        self.ready = False
        self._secure = context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        self._connection = self._secure

    def take(self) -> bytes:
        if not self.ready:
            try:
                self._secure.do_handshake()
            except self.not_now:
                return b""
            self.ready = True
        return super().take()


class SerialLine:
    """A serial port, or a pty. OSError when it cannot be opened."""

    ready = True

    def __init__(self, path: str, baud: int):
        self._port = pyserial.Serial(path, baud, timeout=0, write_timeout=1)

    def fileno(self) -> int:
        return self._port.fileno()

    def take(self) -> bytes:
        return self._port.read(FRAME_MOST)

    def put(self, data: bytes) -> int:
        self._port.write(data)
        return len(data)

    def close(self) -> None:
        self._port.close()


def tls_context(certificate: str, key: str, client_ca: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later as the server; with `client_ca` a peer has to show a certificate of it.

    FormatError, which names the files, when they are no PEM or do not belong together; OSError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in filter(None, (certificate, key, client_ca)):
        with open(path, "rb"):  # OSError that names it, which OpenSSL's does not
            pass
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as wrong:
        raise FormatError(f"{certificate}, {key}: {wrong.reason or wrong}") from wrong
    if client_ca:
        try:
            context.load_verify_locations(client_ca)
        except ssl.SSLError as wrong:
            raise FormatError(f"{client_ca}: {wrong.reason or wrong}") from wrong
        context.verify_mode = ssl.CERT_REQUIRED
    return context
