# SPDX-License-Identifier: Apache-2.0
"""The driver: whatever the other end does, an answer comes in its time or the line is lost."""

import socket
import threading
import time

import pytest

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer.line import TcpLine, drive
from host_tools.acquirer.steps import READ_ON, Wait
from tests.host.test_acquirer_mac import FRAME

ANSWER_S = 0.3


class Peer:
    """A listener that does `what(connection)` for each line; `lines` counts them."""

    def __init__(self, what):
        self.what = what
        self.lines = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.lines += 1
            with connection:
                try:
                    self.what(connection, self.over)
                except OSError:
                    continue

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def trickle(connection, over):
    for one in FRAME:
        connection.sendall(bytes([one]))
        if over.wait(0.05):
            return


HOSTILE = {
    "closes": lambda connection, over: None,
    "silent": lambda connection, over: over.wait(5),
    "trickles": trickle,
    "absurd length": lambda connection, over: connection.sendall(b"\xff\xff"),
    "half a frame": lambda connection, over: connection.sendall(FRAME[:40]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_peer_is_a_lost_line_in_bounded_time(name):
    with Peer(HOSTILE[name]) as peer:
        line = TcpLine(peer.address, ANSWER_S)
        began = time.monotonic()
        with pytest.raises(LinkLost):
            line.exchange(FRAME)
        assert time.monotonic() - began < 10 * ANSWER_S
        with pytest.raises(LinkLost):
            line.exchange(READ_ON)  # a line that is lost has nothing more to read


def test_nobody_there_is_a_lost_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(LinkLost):
        TcpLine(f"127.0.0.1:{port}", ANSWER_S).exchange(FRAME)


def twice(connection, over):
    """Two frames for each that comes."""
    while connection.recv(4096):
        connection.sendall(FRAME + FRAME)


def test_steps_are_driven_and_a_line_is_new_after_each_wait():
    waited = []

    def steps():
        first = yield FRAME
        again = yield READ_ON
        yield Wait(1.5)
        third = yield FRAME
        return [first, again, third]

    with Peer(twice) as peer:
        assert drive(steps(), TcpLine(peer.address, 5), waited.append) == [FRAME] * 3
        assert waited == [1.5] and peer.lines == 2


def test_what_is_left_of_an_earlier_answer_is_not_read_for_the_next():
    def steps():
        yield FRAME  # its second frame is left lying
        yield FRAME
        yield READ_ON
        return (yield READ_ON)

    with Peer(twice) as peer, pytest.raises(LinkLost):
        drive(steps(), TcpLine(peer.address, ANSWER_S), lambda seconds: None)


def test_faults_of_the_steps_come_through_and_close_the_line():
    closed = []

    class Watched:
        def exchange(self, frame):
            raise LinkLost("gone")

        def close(self):
            closed.append(True)

    def steps():
        try:
            yield FRAME
        except LinkLost:
            raise FormatError("no") from None

    with pytest.raises(FormatError):
        drive(steps(), Watched(), lambda seconds: None)
    assert closed
