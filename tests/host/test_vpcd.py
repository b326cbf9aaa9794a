# SPDX-License-Identifier: Apache-2.0
"""The PC/SC door without pcscd: ATRs, messages, power, and what no vpcd would send."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError, LinkLost
from firmware.kernel import apdu
from sim.field import Field
from sim.vpcd import Messages, Slot, atr_of, serve
from tests.host.chip_stand import RadioCard

LIMIT_S = 60
SELECT_PPSE = apdu.select(apdu.PPSE)
Shown = namedtuple("Shown", ("kind", "uid", "ats"))


def framed(data):
    return bytes((len(data) >> 8, len(data) & 0xFF)) + data


def inserted(**terms):
    """A slot with a powered card."""
    card, field = RadioCard(**terms), Field()
    field.place(card)
    slot = Slot(field, card)
    slot.answer(b"\x01")
    return slot


@pytest.mark.parametrize(
    "ats, atr",
    [
        ("067577810280", "3b8180018080"),  # DESFire, a widely published pair
        ("0578807002", "3b80800101"),  # no historical bytes
        ("0200", "3b80800101"),  # T0 alone
        ("01", "3b80800101"),
        ("0758700241424344", "3b838001414243" + "42"),  # TA and TC; one byte is beyond TL
        ("1428" + "70" + "20" * 17, "3b8f8001" + "20" * 15 + "2e"),  # more than an ATR holds
    ],
)
def test_atr_of_type_a_should_hold_the_historical_bytes_of_the_ats(ats, atr):
    """PC/SC part 3, 3.1.3.2.3.1; the last byte is the XOR of all behind the first."""
    assert atr_of(Shown("A", bytes(7), bytes.fromhex(ats))).hex() == atr


def test_atr_of_type_b_should_hold_application_data_and_protocol_info():
    """PC/SC part 3, 3.1.3.2.3.1: eight bytes, MBLI in the last."""
    shown = Shown("B", b"\x01\x02\x03\x04", b"")
    assert atr_of(shown).hex() == "3b888001" + "00000000" + "008181" + "00" + "09"


def test_message_should_be_found_however_it_arrives():
    stream = framed(b"\x04") + framed(SELECT_PPSE) + framed(bytes(300)) + framed(b"\x00")
    wanted = [b"\x04", SELECT_PPSE, bytes(300), b"\x00"]
    assert Messages().feed(stream) == wanted
    by_byte = Messages()
    assert [one for at in stream for one in by_byte.feed(bytes((at,)))] == wanted
    for cut in range(len(stream)):
        cutter = Messages()
        assert cutter.feed(stream[:cut]) + cutter.feed(stream[cut:]) == wanted


def test_slot_should_answer_atr_and_apdus_and_nothing_else():
    slot = inserted()
    atr = atr_of(slot.card)
    assert slot.answer(b"\x04") == framed(atr)
    assert slot.answer(SELECT_PPSE)[-2:] == b"\x90\x00"
    for control in (b"\x00", b"\x01", b"\x02"):
        assert slot.answer(control) == b""
    slot.answer(b"\x00")
    assert slot.answer(b"\x04") == framed(atr), "asked of a card without power too"


def test_reset_and_power_should_make_the_card_forget_what_was_selected():
    read = apdu.read_record(2, 1)
    for again in ([b"\x02"], [b"\x00", b"\x01"], [b"\x01"]):
        slot = inserted()
        slot.answer(apdu.select(bytes.fromhex("A000000333010101")))
        assert slot.answer(read)[-2:] == b"\x90\x00"
        for control in again:
            slot.answer(control)
        assert slot.answer(read) == framed(b"\x69\x85"), again


def test_slot_should_lose_the_card_that_leaves():
    slot = inserted()
    slot.field.remove()
    for message in (b"\x04", b"\x01", SELECT_PPSE):
        with pytest.raises(LinkLost):
            slot.answer(message)


@pytest.mark.parametrize("length", [2, 3, 262, 65535])
def test_command_of_no_short_length_should_be_refused_for_the_card(length):
    """A reader without extended length; 2 and 3 bytes are no APDU."""
    slot = inserted()
    assert slot.answer(bytes(length)) == framed(b"\x67\x00")
    assert slot.card.sent == []


@pytest.mark.parametrize("message", [b"\x03", b"\x05", b"\xff"])
def test_other_control_should_be_a_format_error(message):
    with pytest.raises(FormatError, match="control byte"):
        inserted().answer(message)


def test_apdu_without_power_should_be_a_format_error():
    slot = inserted()
    slot.answer(b"\x00")
    with pytest.raises(FormatError, match="without power"):
        slot.answer(SELECT_PPSE)


@given(st.lists(st.binary(max_size=40) | st.binary(max_size=30).map(framed), max_size=12))
def test_bytes_of_any_kind_should_give_answers_or_a_format_error(pieces):
    slot, messages = inserted(), Messages()
    try:
        for piece in pieces:
            for message in messages.feed(piece):
                assert len(slot.answer(message)) < 300
    except FormatError:
        pass
    assert len(messages.held) <= 2 + 65535


def served(stream, slot=None):
    """What `serve` raises or returns over a real socket that says `stream` and closes."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(stream)
        there.shutdown(socket.SHUT_WR)
        serve(slot or inserted(), here)
        here.close()
        return there.recv(4096)


def test_socket_should_be_answered_until_it_closes():
    atr = framed(atr_of(RadioCard()))
    assert served(framed(b"\x01") + framed(b"\x04") + framed(b"\x04")) == atr * 2
    assert served(b"") == b""


def test_broken_stream_should_be_one_typed_error():
    with pytest.raises(LinkLost, match="within a message"):
        served(framed(SELECT_PPSE)[:-1])
    with pytest.raises(FormatError, match="no bytes"):
        served(b"\x00\x00")
    with pytest.raises(FormatError, match="control byte 7f"):
        served(framed(b"\x7f"))


def command_line(*words):
    return [sys.executable, "-m", "host_tools.cli.main", "vpcd", *map(str, words)]


def session(name="pboc-approved-v01"):
    return "sim/sessions/%s.session" % name


@pytest.mark.parametrize("ending", ["vpcd closes", "taken out"])
def test_command_should_hold_the_card_until_it_ends(ending):
    """A listener of ours in the place of vpcd."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            command_line("--session", session(), "--port", port),
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(LIMIT_S)
            said = process.stdout.readline()
            assert re.search(r"ATR 3B80800101$", said.strip())
            connection.sendall(framed(b"\x01") + framed(b"\x04") + framed(SELECT_PPSE))
            heard = b""
            while not heard.endswith(b"\x90\x00"):
                heard += connection.recv(4096)
            assert heard.startswith(framed(bytes.fromhex("3B80800101")))
            if ending == "taken out":
                process.send_signal(signal.SIGTERM)
                assert connection.recv(1) == b""
        assert process.communicate(timeout=LIMIT_S)[0].strip().startswith(ending.split()[0])
        assert process.returncode == 0


def test_command_should_say_what_is_missing():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run = subprocess.run(
        command_line("--session", session(), "--port", port),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert run.returncode == 2
    assert "no vpcd at 127.0.0.1:%d" % port in run.stderr and "Traceback" not in run.stderr
    run = subprocess.run(
        command_line(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert run.returncode == 2 and "--session or --card" in run.stderr
