# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 on a pty with a client of thirty lines (PS-01, PS-02, PS-06, PS-07, PS-18)."""

import os
import select
import subprocess
import sys
import termios
import time
import tty

import pytest

from sim.chip import Chip
from sim.serve import PtyServer, host_speed
from sim.timing import Timing
from tests.host.virtual_host import (
    ACK,
    VERSION,
    VERSION_ANSWER,
    WAKE,
    FakeCard,
    FakeField,
    VirtualHost,
    answer,
    command,
)

PATIENCE_S = 2.0


class Client:
    """A raw client: no knowledge of frames but their lengths."""

    def __init__(self, path, baud=115200):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.speed(baud)
        termios.tcflush(self.fd, termios.TCIFLUSH)

    def speed(self, baud):
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = getattr(termios, "B%d" % baud)
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def write(self, data):
        os.write(self.fd, data)

    def read(self, count, patience_s=PATIENCE_S):
        heard = b""
        end = time.monotonic() + patience_s
        while len(heard) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                break
            heard += os.read(self.fd, count - len(heard))
        return heard

    def ask(self, data, count):
        self.write(data)
        return self.read(count)

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def serving(*cards, **parts):
    link = parts.pop("link", None)
    trace = parts.pop("trace", None)
    power = parts.pop("power", "awake")
    return PtyServer(Chip(FakeField(*cards), power=power, **parts), link=link, trace=trace)


SESSION = [
    WAKE + command("1401"), VERSION, command("0000", bytes(range(256))), command("3205ff0101"),
    command("4a0200"), command("40010102"), command("400100fd"), command("4002"),
    command("0663026303"), command("ff"), command("4400"), command("42"), command("16f0"),
    VERSION, WAKE + command("1401"), VERSION,
]  # fmt: skip


@pytest.mark.parametrize(
    "timing", [Timing.none(), Timing(firmware_ms=1)], ids=["at once", "paced"]
)
def test_session_should_have_equal_bytes_in_process_and_over_the_pty(timing):
    """PS-02: under a counted clock, and by the clock on the wall."""
    field = FakeField(FakeCard(), FakeCard(uid=b"\x01\x02\x03\x04"))
    host = VirtualHost(Chip(field, timing))
    wanted = [host.ask(data) for data in SESSION]
    with (
        serving(
            FakeCard(), FakeCard(uid=b"\x01\x02\x03\x04"), power="low_vbat", timing=timing
        ) as server,
        Client(server.path) as client,
    ):
        heard = []
        for data, expected in zip(SESSION, wanted, strict=True):
            heard.append(client.ask(data, len(expected)))
            time.sleep(0.02 if not expected else 0)  # a silent step: let the gap pass
    assert heard == wanted
    assert len(wanted[2]) == 6 + 10 + 3 + 256 and wanted[13] == b""


def test_clients_should_come_and_go():
    """PS-01."""
    with serving(FakeCard()) as server:
        for baud in (115200, 115200, 9600, 115200) * 3:
            with Client(server.path, baud) as client:
                heard = client.ask(VERSION, 19) if baud == 115200 else client.ask(VERSION, 0)
                assert heard == (VERSION_ANSWER if baud == 115200 else b"")
                if baud != 115200:
                    assert client.read(1, 0.05) == b"", "no echo and no answer"


def test_unread_answers_should_not_block_the_server():
    with serving() as server, Client(server.path) as client:
        for _ in range(300):
            client.write(command("0000", bytes(250)))
            if len(client.read(1, 0)):
                termios.tcflush(client.fd, termios.TCIFLUSH)
        time.sleep(0.05)
        termios.tcflush(client.fd, termios.TCIFLUSH)
        assert client.ask(VERSION, 19) == VERSION_ANSWER


def test_link_should_be_made_and_removed(tmp_path):
    """PS-01."""
    link = tmp_path / "pn532"
    link.symlink_to("/nowhere")  # left behind by a server that was killed
    with serving(link=str(link)) as server:
        assert os.readlink(link) == server.path
        with Client(str(link)) as client:
            assert client.ask(VERSION, 19) == VERSION_ANSWER
    assert not os.path.lexists(link)
    link.write_text("something else")
    with pytest.raises(FileExistsError), serving(link=str(link)):
        raise AssertionError("a file of somebody else was replaced")


def test_stop_should_end_the_thread_and_free_the_pty():
    server = serving().start()
    server.stop()
    assert not server.thread.is_alive()
    assert not os.path.exists(server.path)


def test_trace_should_see_both_directions_with_times():
    seen = []
    with serving(trace=lambda *entry: seen.append(entry)) as server, Client(server.path) as client:
        client.ask(VERSION, 19)
    assert [who for who, _, _ in seen[:2]] == ["host", "chip"]
    assert b"".join(data for who, data, _ in seen if who == "chip") == VERSION_ANSWER
    assert all(a[2] <= b[2] for a, b in zip(seen, seen[1:], strict=False))


def test_speed_should_be_read_from_the_terminal_and_b0_ignored():
    """PS-06."""
    with serving() as server, Client(server.path) as client:
        for baud in (9600, 460800, 921600):
            client.speed(baud)
            assert host_speed(server.master) == baud
        client.speed(115200)
        client.ask(VERSION, 19)
        client.speed(0)
        assert host_speed(server.master) == 0
        assert client.ask(VERSION, 19) == VERSION_ANSWER


def test_speed_without_a_constant_should_be_read():
    """PS-06: 1288000, and what stty sets."""
    with serving() as server:
        subprocess.run(["stty", "-F", server.path, "921600"], check=True)
        assert host_speed(server.master) == 921600
        set_any_speed = (
            "import sys,os,struct;from fcntl import ioctl;"
            "f=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY);"
            "t=bytearray(ioctl(f,0x802C542A,bytes(44)));w=list(struct.unpack_from('4I',t));"
            "w[2]=w[2]&~0o10017|0o10000;struct.pack_into('4I',t,0,*w);"
            "struct.pack_into('2I',t,36,1288000,1288000);ioctl(f,0x402C542B,bytes(t))"
        )
        subprocess.run([sys.executable, "-c", set_any_speed, server.path], check=True)
        assert host_speed(server.master) == 1288000


def test_client_should_raise_the_speed_and_read_a_long_answer():
    """10 07, ACK, 921600, a 256-byte APDU answer (PS-06); then the client forgets to go back."""
    card = FakeCard()
    with serving(card, timing=Timing(), power="low_vbat") as server:
        with Client(server.path) as client:
            assert client.ask(WAKE + command("1401"), 15) == answer("15")
            assert client.ask(command("1007"), 15) == answer("11")
            client.write(ACK)
            time.sleep(0.002)
            client.speed(921600)
            assert client.ask(command("0000", b"faretap"), 16 + 7) == answer("0100", b"faretap")
            assert len(client.ask(command("4a0100"), 39)) == 39
            wanted = answer("4100", card.exchange(b"\x01\x00"))
            begin = time.monotonic()
            assert client.ask(command("40010100"), len(wanted)) == wanted
            took_ms = (time.monotonic() - begin) * 1000
            model = Timing()
            formula_ms = model.rf_ms(2, 256) + model.link_ms(2, 256, 921600)
            assert formula_ms < took_ms < formula_ms + 20
        with Client(server.path) as client:
            client.write(WAKE + VERSION)
            assert client.read(19, 0.2) == b"", "left at 115200: no valid frame"


@pytest.mark.parametrize("flushed", [True, False])
def test_ack_that_a_flush_has_lost_should_be_put_back(flushed):
    """PS-06: nfcpy flushes as it closes, behind its ACK. Without a flush nothing is put back: a
    host that sends no ACK stays without its speed.
    """
    with serving() as server, Client(server.path) as client:
        assert client.ask(command("1007"), 15) == answer("11")
        if flushed:
            client.write(ACK)
            termios.tcflush(client.fd, termios.TCOFLUSH)
        client.speed(921600)
        client.write(VERSION)
        heard = client.read(19, PATIENCE_S if flushed else 0.2)
        assert heard == (VERSION_ANSWER if flushed else b"")


def test_paced_exchange_should_keep_to_the_model():
    """PS-18."""
    model = Timing()
    with serving(FakeCard(), timing=model) as server, Client(server.path) as client:
        client.ask(command("4a0100"), 39)
        took = []
        for _ in range(15):
            begin = time.monotonic()
            client.ask(command("400100b6"), 16 + 182)
            took.append((time.monotonic() - begin) * 1000)
        formula_ms = model.rf_ms(2, 182) + model.link_ms(2, 182, 115200)
        # the quickest, as a busy machine delays the others; test_chip_timing is exact
        assert formula_ms - 0.05 <= min(took) < formula_ms * 1.03
