# SPDX-License-Identifier: Apache-2.0
"""hal without lines and flash: clock, random source, text, the wiring of boards, TCP."""

import json
import socket
import time
from contextlib import contextmanager

import pytest

from firmware import hal
from firmware.download import COUNT
from firmware.errors import FormatError, LinkLost
from firmware.formats import fields, messages
from firmware.hal.wiring import read_wiring, uart_settings
from firmware.link import RECEIVE_RING
from host_tools.cli.runtime import BOARD_HEAP_KIB
from tests.host.unix_port import run_micropython, start_micropython


def test_clock_should_tell_differences_and_dates():
    early = hal.ticks_us()
    assert hal.ticks_diff(hal.ticks_us(), early) >= 0
    assert hal.ticks_diff(early, early + 7) == -7
    assert abs(hal.time_utc_s() - time.time()) < 2
    assert hal.local_now()[:3] == time.localtime()[:3]
    assert len(hal.random_bytes(8)) == 8 and hal.random_bytes(8) != hal.random_bytes(8)
    assert hal.heap() == (None, None)


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
    used, total = printed[4]
    assert 0 < used < total <= BOARD_HEAP_KIB * 1024


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


def test_uart_of_a_link_should_ask_for_a_ring_that_holds_a_piece_of_a_file():
    blank = fields.blank(dict(messages.TABLES)[messages.PIECE])
    whole = fields.pack(dict(messages.TABLES)[messages.PIECE], {**blank, "data": bytes(COUNT)})
    assert len(whole) + messages.SIGNED_BYTES <= RECEIVE_RING
    assert uart_settings(115200, RECEIVE_RING)["rxbuf"] == RECEIVE_RING


def read_all(peer, count):
    data = b""
    while len(data) < count:
        data += peer.recv(count - len(data))
    return data


@contextmanager
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening, listening.getsockname()[1]


def test_connect_should_give_the_same_stream():
    with server() as (listening, port):
        stream = hal.connect("127.0.0.1", port, 2000)
        peer, _ = listening.accept()
        stream.write(bytes(range(256)))
        assert read_all(peer, 256) == bytes(range(256))
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
        assert read_all(peer, 256) == bytes(range(256))
        peer.sendall(b"abcdef")
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert lines == [list(b"abcd"), list(b"ef"), []]
        peer.close()
        assert "hung up" in json.loads(process.stdout.readline())
        assert "127.0.0.1:1" in json.loads(process.stdout.readline())
        assert process.wait(20) == 0


WRITES = """
hal.write_at(PATH, 0, b"first")
hal.write_at(PATH, 5, b", second")
hal.write_at(PATH, 5, b"; second")
hal.write_at(PATH + "2", 0, b"long")
hal.write_at(PATH + "2", 0, b"")
"""


def test_write_at_should_write_pieces_and_begin_files_anew(tmp_path):
    for name, run in (
        ("cpython", lambda path: exec(WRITES, {"hal": hal, "PATH": path})),
        ("micropython", lambda path: run_micropython(f"PATH = {path!r}\n{WRITES}")),
    ):
        path = tmp_path / name
        run(str(path))
        assert path.read_bytes() == b"first; second"
        assert (tmp_path / (name + "2")).read_bytes() == b""
    with pytest.raises(OSError):
        hal.write_at(str(tmp_path / "absent" / "file"), 0, b"?")


def test_write_at_should_tell_a_full_disk():
    with pytest.raises(OSError) as wrong:
        hal.write_at("/dev/full", 0, b"?")
    assert wrong.value.args[0] == 28
    printed = run_micropython(
        "try: hal.write_at('/dev/full', 0, b'?')\nexcept OSError as error: show(error.args[0])\n"
    )
    assert printed == [28]


def test_reset_cause_should_not_be_known_on_pcs():
    assert hal.reset_cause() == 0
    assert run_micropython("show(hal.reset_cause())\n") == [0]
