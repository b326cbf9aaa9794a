# SPDX-License-Identifier: Apache-2.0
"""Serial lines of hal over ptys, on CPython and on MicroPython's unix port."""

import json
import os
import pty
import termios
import threading
import time
import tty
from contextlib import contextmanager

import pytest

from firmware import hal
from firmware.errors import LinkLost
from tests.host.unix_port import start_micropython


@contextmanager
def terminal():
    """A pty as (master, path of the slave), raw, the slave end kept open."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def read_all(fd, count):
    data = b""
    while len(data) < count:
        data += os.read(fd, count - len(data))
    return data


@contextmanager
def open_line(baud=115200):
    with terminal() as (master, path):
        stream = hal.open_serial(path, baud)
        yield stream, master
        stream.close()


def test_serial_should_carry_every_byte_both_ways():
    data = bytes(range(256))
    with open_line() as (stream, master):
        stream.write(data)
        assert read_all(master, 256) == data  # raw: no echo, no newline changed
        os.write(master, data)
        assert stream.read(256, 1000) == data
        assert stream.read(1, 0) == b""


def test_serial_read_should_return_on_count_on_timeout_and_at_once():
    with open_line() as (stream, master):
        os.write(master, b"abcdef")
        assert stream.read(4, 10_000) == b"abcd"  # as soon as they are there
        assert stream.read(100, 0) == b"ef"
        begin = time.monotonic()
        assert stream.read(5, 0) == b""
        assert time.monotonic() - begin < 0.02
        os.write(master, b"g")
        begin = time.monotonic()
        assert stream.read(5, 60) == b"g"  # short on time-out
        assert 0.05 < time.monotonic() - begin < 0.5


def test_serial_read_should_join_pieces():
    with open_line() as (stream, master):
        pieces = threading.Thread(
            target=lambda: [(time.sleep(0.01), os.write(master, b"xyz")) for _ in range(5)]
        )
        pieces.start()
        assert stream.read(15, 5000) == b"xyz" * 5
        pieces.join()


def test_serial_speed_should_be_seen_by_the_master():
    with open_line(9600) as (stream, master):
        for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600):
            assert stream.speed(baud) is True
            assert termios.tcgetattr(master)[5] == getattr(termios, f"B{baud}")
        os.write(master, b"still there")
        assert stream.read(11, 1000) == b"still there"


def test_serial_write_should_go_on_when_the_line_takes_less():
    data = bytes(range(256)) * 64  # more than a pty holds
    with open_line() as (stream, master):
        reader = threading.Thread(target=lambda: got.append(read_all(master, len(data))))
        got = []
        reader.start()
        stream.write(data)
        reader.join()
        assert got == [data]


def test_serial_write_should_end_when_nobody_reads():
    with open_line() as (stream, _), pytest.raises(LinkLost, match="takes no bytes"):
        stream.write(bytes(100_000))


def test_serial_should_be_lost_when_the_other_end_goes():
    master, slave = pty.openpty()
    tty.setraw(slave)
    stream = hal.open_serial(os.ttyname(slave), 115200)
    os.close(slave)
    os.close(master)
    for use in (
        lambda: stream.read(1, 1000),
        lambda: stream.read(1, 0),
        lambda: stream.write(b"x"),
        lambda: stream.speed(9600),
    ):
        with pytest.raises(LinkLost):
            use()
    stream.close()


def test_serial_should_be_lost_when_closed_or_absent(tmp_path):
    with open_line() as (stream, _):
        stream.close()
        for use in (lambda: stream.read(1, 0), lambda: stream.write(b"x")):
            with pytest.raises(LinkLost, match="closed"):
                use()
        with pytest.raises(LinkLost, match="closed"):
            stream.speed(9600)
    with pytest.raises(LinkLost, match="absent"):
        hal.open_serial(str(tmp_path / "absent"), 115200)


def test_serial_should_belong_to_one_program():
    with terminal() as (_, path):
        stream = hal.open_serial(path, 115200)
        with pytest.raises(LinkLost):
            hal.open_serial(path, 115200)
        stream.close()
        hal.open_serial(path, 115200).close()


def test_serial_should_do_the_same_on_micropython():
    with terminal() as (master, path):
        process = start_micropython(
            f"line = hal.open_serial({path!r}, 57600)\n"
            "show('open')\n"
            "show(list(line.read(256, 5000)))\n"
            "line.write(bytes(range(256)))\n"
            "show(list(line.read(4, 5000)))\n"
            "show(list(line.read(100, 0)))\n"
            "early = hal.ticks_ms()\n"
            "show(list(line.read(5, 0)))\n"
            "show(list(line.read(5, 60)))\n"
            "show(hal.ticks_diff(hal.ticks_ms(), early))\n"
            "for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000):\n"
            "    show(line.speed(baud))\n"
            "    line.write(b'.')\n"
            "    line.read(1, 5000)\n"
            "show('done')\n"
            "try: line.read(1, 5000)\nexcept LinkLost as error: show(str(error))\n"
            "try: line.write(b'x')\nexcept LinkLost as error: show('lost')\n"
            "line.close()\n"
            "try: line.read(1, 0)\nexcept LinkLost as error: show(str(error))\n"
        )

        def printed():
            return json.loads(process.stdout.readline())

        assert printed() == "open"
        assert termios.tcgetattr(master)[5] == termios.B57600
        os.write(master, bytes(range(256)))
        assert printed() == list(range(256))
        assert read_all(master, 256) == bytes(range(256))
        os.write(master, b"abcdef")
        assert printed() == list(b"abcd")
        assert printed() == list(b"ef")
        assert printed() == [] and printed() == []
        assert 50 <= printed() < 500
        for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600):
            assert printed() is True
            assert read_all(master, 1) == b"."
            assert termios.tcgetattr(master)[5] == getattr(termios, f"B{baud}")
            os.write(master, b"!")
        assert printed() is False  # no such speed in this port
        assert read_all(master, 1) == b"."
        os.write(master, b"!")
        assert printed() == "done"
    assert path in printed()
    assert printed() == "lost"
    assert "closed" in printed()
    assert process.wait(20) == 0
