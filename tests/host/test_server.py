# SPDX-License-Identifier: Apache-2.0
"""CollectorServer over TCP and a pty: the real link and uploader against it, and peers that
misbehave.
"""

import os
import pty
import socket
import threading
import time
import tty

import pytest

from firmware import hal
from firmware.assemble import open_uploader
from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.formats import batch
from firmware.journal import Journal
from firmware.link import CHUNK, Link
from firmware.settings import parse
from firmware.upload import Uploader, upload
from host_tools.cli.collect import wait
from host_tools.collector import Collector
from host_tools.server import CollectorServer
from sim.flash import Flash

HOST = "127.0.0.1"
UNIT = "terminal: 7\nreader: serial:none\njournal: file:none\nparameters: none\n"
GOOD = batch.pack_batch(7, [(1, b"one")])


@pytest.fixture
def server(ledger):
    running = CollectorServer(Collector(ledger), tcp=(HOST, 0), stale_s=0.2)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def serial_ends():
    """(our end of a serial line, path of the other)."""
    ours, other = pty.openpty()
    tty.setraw(ours)
    tty.setraw(other)
    yield ours, os.ttyname(other)
    os.close(ours)
    os.close(other)


def connect(server):
    line = socket.create_connection((HOST, server.port), 5)
    line.settimeout(5)
    return line


def answers(line, count=1):
    """So many frames from a socket."""
    reader, frames = batch.FrameReader(), []
    while len(frames) < count:
        data = line.recv(4096)
        assert data, "closed"
        frames += reader.feed(data)
    return [batch.unseal(frame) for frame in frames]


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


def test_a_journal_goes_up_over_tcp(server, ledger):
    journal = journal_of(20)
    link = Link(hal.connect(HOST, server.port, 2000), hal)
    assert drive(upload(journal, 7), link.exchange) == 20
    assert [raw for _, raw in ledger.raw(7)] == [b"record %d" % n for n in range(1, 21)]
    link.close()


def test_a_journal_goes_up_over_a_serial_line(ledger, serial_ends):
    ours, path = serial_ends
    server = CollectorServer(Collector(ledger), serial=path)
    server.start()
    journal = journal_of(12)
    link = Link(PtyStream(ours), hal)
    assert drive(upload(journal, 7), link.exchange) == 12
    server.stop()
    assert ledger.last_sequence(7) == 12


class PtyStream:
    """The byte stream of design.md over an open file number."""

    def __init__(self, number):
        self.number = number

    def write(self, data):
        assert os.write(self.number, data) == len(data)

    def read(self, count, timeout_ms):
        os.set_blocking(self.number, False)
        data, end = b"", time.monotonic() + timeout_ms / 1000
        while len(data) < count:
            try:
                data += os.read(self.number, count - len(data))
            except BlockingIOError:
                if time.monotonic() >= end:
                    break
        return data


def test_the_uploader_drains_in_small_steps(server, ledger):
    journal = journal_of(20)

    def opener():
        return Link(hal.connect(HOST, server.port, 200), hal)

    idle = Uploader(journal, 7, opener, hal, hal.random_bytes)
    end = time.monotonic() + 10
    while journal.waiting() and time.monotonic() < end:
        idle.step()
    assert idle.acknowledged == 20 and idle.failures == 0
    assert ledger.last_sequence(7) == 20


def test_a_socket_is_handed_a_whole_batch(server):
    """Not 64 bytes a turn of the loop, which lasts 60 to 100 ms: two records a second."""
    settings = parse(UNIT + "link: tcp:%s:%d" % (HOST, server.port))
    journal = journal_of(0)
    journal.append(b"record " * 60)
    idle = open_uploader(settings, hal, journal)
    idle.step()
    assert len(idle.request) > 6 * CHUNK and idle.link.out == b""


def test_the_uploader_finds_a_collector_that_comes_back(ledger, tmp_path):
    journal = journal_of(20)
    first = CollectorServer(Collector(ledger), tcp=(HOST, 0))
    port = first.port
    first.start()

    def opener():
        return Link(hal.connect(HOST, port, 200), hal)

    idle = Uploader(journal, 7, opener, hal, hal.random_bytes, base_ms=20, top_ms=100)
    while idle.acknowledged < 8:
        idle.step()
    first.stop()
    for _ in range(3):
        while not idle.failures:
            idle.step()
    second = CollectorServer(Collector(ledger), tcp=(HOST, port))
    second.start()
    end = time.monotonic() + 10
    while journal.waiting() and time.monotonic() < end:
        idle.step()
    second.stop()
    assert journal.acknowledged == 20 and ledger.last_sequence(7) == 20
    assert len(ledger.raw(7)) == 20


def test_frames_in_pieces_and_in_heaps_are_answered_in_order(server):
    with connect(server) as line:
        for at in range(len(GOOD)):
            line.sendall(GOOD[at : at + 1])
        assert answers(line)[0][1]["upto"] == 1
        second = batch.pack_batch(7, [(2, b"two")])
        line.sendall(GOOD + second + GOOD)
        assert [values["upto"] for _, values in answers(line, 3)] == [1, 2, 1]


def test_noise_and_a_wrong_crc_are_answered_and_passed(server):
    with connect(server) as line:
        line.sendall(b"\x00\xff" * 30 + GOOD[:-1] + bytes([GOOD[-1] ^ 1]))
        kind, values = answers(line)[0]
        assert (kind, values["code"]) == (batch.REJECT, batch.DAMAGED)
        line.sendall(GOOD)
        assert answers(line)[0][0] == batch.ACK


def test_half_a_frame_is_answered_when_the_line_falls_silent(server):
    with connect(server) as line:
        line.sendall(GOOD[:-3])
        kind, values = answers(line)[0]
        assert (kind, values["code"]) == (batch.REJECT, batch.DAMAGED)
        line.sendall(b"FT\x01\x01\x0f\x00" + GOOD)  # hidden behind a length that never comes
        assert answers(line)[0][0] == batch.ACK


def test_peers_do_not_disturb_each_other(server, ledger):
    silent, rude = connect(server), connect(server)
    silent.sendall(GOOD[:9])
    rude.sendall(os.urandom(20000))
    rude.close()
    journals = [journal_of(6), journal_of(6)]
    links = [Link(hal.connect(HOST, server.port, 2000), hal) for _ in journals]
    uploads = [upload(journal, 8 + i) for i, journal in enumerate(journals)]
    assert [drive(u, link.exchange) for u, link in zip(uploads, links, strict=True)] == [6, 6]
    for line in [silent, *links]:
        line.close()
    assert ledger.last_sequence(8) == ledger.last_sequence(9) == 6


def test_a_serial_line_that_went_away_is_opened_again(ledger, tmp_path):
    path = tmp_path / "line"

    def plug():
        ours, other = pty.openpty()
        tty.setraw(ours)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(other))
        return ours, other

    ends = plug()
    server = CollectorServer(Collector(ledger), serial=str(path), reopen_s=0.1)
    server.start()
    assert drive(upload(journal_of(3), 7), Link(PtyStream(ends[0]), hal).exchange) == 3
    for end in ends:
        os.close(end)
    ends = plug()
    link = Link(PtyStream(ends[0]), hal, timeout_ms=500)
    journal, lost = journal_of(5), 0
    while journal.waiting():
        try:
            drive(upload(journal, 7), link.exchange)
        except LinkLost:
            lost += 1
            assert lost < 20
    server.stop()
    assert ledger.last_sequence(7) == 5
    for end in ends:
        os.close(end)


class Stumbling(Collector):
    """A collector with a fault: it raises what it says it never raises."""

    def __init__(self, ledger, fault):
        super().__init__(ledger)
        self.fault = fault

    def answers(self, frames):
        if GOOD in frames:
            raise self.fault
        return super().answers(frames)


@pytest.mark.parametrize("fault", [FormatError("of one frame"), ValueError("of one frame")])
def test_a_fault_at_one_frame_costs_that_peer_and_not_the_server(ledger, fault):
    server = CollectorServer(Stumbling(ledger, fault), tcp=(HOST, 0))
    assert not server.alive
    server.start()
    with connect(server) as line:
        line.sendall(GOOD)
        assert line.recv(1) == b""
    with connect(server) as line:
        line.sendall(batch.pack_batch(8, [(1, b"one")]))
        assert answers(line)[0][0] == batch.ACK
    assert server.alive
    server.stop()
    assert not server.alive


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_command_stops_waiting_when_the_thread_has_died(ledger):
    server = CollectorServer(Stumbling(ledger, LookupError("no peer causes this")), tcp=(HOST, 0))
    server.start()
    with connect(server) as line:
        line.sendall(GOOD)
        wait(threading.Event(), server)
        assert not server.alive
    server.stop()


def test_one_line_too_many_costs_the_peer_heard_longest_ago(ledger):
    server = CollectorServer(Collector(ledger), tcp=(HOST, 0), lines_most=3)
    server.start()
    lines = [connect(server) for _ in range(3)]
    for at in (0, 1, 2, 0):  # the second is then the one heard longest ago
        lines[at].sendall(GOOD)
        assert answers(lines[at])[0][0] == batch.ACK
    lines.append(connect(server))
    assert lines[1].recv(1) == b""
    for at in (0, 2, 3):
        lines[at].sendall(GOOD)
        assert answers(lines[at])[0][0] == batch.ACK
    server.stop()
    for line in lines:
        line.close()


def test_a_peer_that_is_silent_for_long_is_dropped(ledger):
    server = CollectorServer(Collector(ledger), tcp=(HOST, 0), stale_s=0.1, idle_s=0.3)
    server.start()
    with connect(server) as line:
        line.sendall(GOOD)
        assert answers(line)[0][0] == batch.ACK
        heard = time.monotonic()
        assert line.recv(1) == b""
        assert time.monotonic() - heard >= 0.2
    server.stop()


def test_a_stopped_server_has_given_its_port_back(ledger):
    server = CollectorServer(Collector(ledger), tcp=(HOST, 0))
    server.start()
    line = connect(server)
    server.stop()
    assert line.recv(1) == b""
    line.close()
    with pytest.raises(OSError):
        socket.create_connection((HOST, server.port), 1)


def test_what_cannot_be_opened_is_said_at_once(ledger, server, tmp_path):
    with pytest.raises(OSError):
        CollectorServer(Collector(ledger), tcp=(HOST, server.port))
    missing = CollectorServer(Collector(ledger), serial=str(tmp_path / "none"))
    with pytest.raises(OSError):
        missing.start()


PATIENCE_S = 30


class Held(Collector):
    """A collector whose ledger is slow: it answers when `go` is set. `groups`: their sizes."""

    def __init__(self, ledger):
        super().__init__(ledger)
        self.go = threading.Event()
        self.begun = threading.Event()
        self.groups = []

    def answers(self, frames):
        self.groups.append(len(frames))
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return super().answers(frames)


def until_waiting(server, count):
    end = time.monotonic() + PATIENCE_S
    while server._workers._waiting.qsize() != count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_frames_that_come_during_a_commit_share_the_next_one(ledger):
    # CL-007: group commit
    collector = Held(ledger)
    server = CollectorServer(collector, tcp=(HOST, 0))
    server.start()
    lines = [connect(server) for _ in range(6)]
    lines[0].sendall(batch.pack_batch(1, [(1, b"one")]))
    assert collector.begun.wait(PATIENCE_S)
    for number, line in enumerate(lines[1:], 2):
        line.sendall(batch.pack_batch(number, [(1, b"one")]))
    until_waiting(server, 5)
    collector.go.set()
    for line in lines:
        assert answers(line)[0][0] == batch.ACK
        line.close()
    assert collector.groups == [1, 5]
    server.stop()
    assert [ledger.last_sequence(number) for number in range(1, 7)] == [1] * 6


def test_when_too_many_wait_the_answer_is_later_and_nothing_is_lost(ledger):
    collector = Held(ledger)
    server = CollectorServer(collector, tcp=(HOST, 0), frames_most=1)
    server.start()
    lines = [connect(server) for _ in range(3)]
    lines[0].sendall(batch.pack_batch(1, [(1, b"one")]))
    assert collector.begun.wait(PATIENCE_S)
    lines[1].sendall(batch.pack_batch(2, [(1, b"one")]))
    until_waiting(server, 1)
    lines[2].sendall(batch.pack_batch(3, [(1, b"one")]))
    kind, values = answers(lines[2])[0]
    assert (kind, values["code"], values["text"]) == (batch.REJECT, batch.LATER, "busy")
    collector.go.set()
    assert [answers(line)[0][0] for line in lines[:2]] == [batch.ACK] * 2
    lines[2].sendall(batch.pack_batch(3, [(1, b"one")]))
    assert answers(lines[2])[0][0] == batch.ACK
    for line in lines:
        line.close()
    server.stop()
