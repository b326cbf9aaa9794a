# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 in-process: frames, abort, power, speed (PS-03..PS-07, PS-30)."""

import random

import pytest

from sim.chip import Chip
from sim.faults import Faults, scatter
from tests.host.virtual_host import (
    ACK,
    ERROR,
    NACK,
    UID,
    VERSION,
    VERSION_ANSWER,
    WAKE,
    FakeCard,
    FakeField,
    VirtualHost,
    answer,
    command,
    frame,
    listed,
    started,
)


def test_book_frames_should_be_answered_byte_for_byte():
    host = started(FakeCard(uid=UID))
    assert VERSION.hex() == "0000ff02fed4022a00"
    assert host.ask(VERSION).hex() == "0000ff00ff00" + "0000ff06fad50332010607e800"
    assert host.ask(bytes.fromhex("0000ff04fcd44a0100e100")).hex() == (
        "0000ff00ff00" + "0000ff1ae6d54b010100042007041122334455660b788084024b4f4e4114018300"
    )
    host.ask(command("1200"))  # automatic RATS off
    assert host.ask(command("4a0100"))[6:].hex() == (
        "0000ff0ff1d54b010100042007041122334455664a00"
    )


# --- what is a frame ---
@pytest.mark.parametrize(
    "before",
    [b"", bytes(16), b"\x55" * 9, b"\xff", b"\x00\xff\x00\x00", b"\x00\xff\x05\x07", WAKE * 40],
)
def test_leading_bytes_should_not_hide_a_frame(before):
    """PS-03: zeros, 55, stray start codes, a long wake-up glued to the command."""
    assert started().ask(before + VERSION) == VERSION_ANSWER


def test_frames_should_pass_in_any_pieces():
    """PS-03: in two at every place, in six writes as pn532pi sends it, byte by byte."""
    for count in (6, len(VERSION) - 1):
        host, step = started(), -(-len(VERSION) // count)
        for at in range(0, len(VERSION), step):
            host.say(VERSION[at : at + step])
            host.now_us += 300
        assert host.hear() == VERSION_ANSWER
    for split in range(1, len(VERSION)):
        host = started()
        host.say(VERSION[:split])
        assert host.ask(VERSION[split:]) == VERSION_ANSWER
    host = started()
    for byte in VERSION[:-1]:  # the postamble may be absent
        host.say(bytes((byte,)))
    assert host.hear() == VERSION_ANSWER


@pytest.mark.parametrize("count", [1, 250, 252, 253, 254, 262])
def test_both_frame_forms_should_pass_both_ways(count):
    """PS-03: LEN up to 265; extended by choice, or by need from 253 data bytes on."""
    data = bytes(at * 7 & 0xFF for at in range(count))
    body = b"\xd4\x00\x00" + data
    for extended in (False, True):
        heard = started().ask(frame(body, extended=extended))
        assert heard == answer("0100", data)
        assert (heard[9:11] == b"\xff\xff") == (count + 3 > 255)


def test_half_frame_should_be_dropped_after_a_gap():
    """PS-04: a half frame of each length, then a command that is answered."""
    whole = command("0000", bytes(range(200)))
    for cut in range(1, len(whole)):
        host = started()
        host.say(whole[:cut])
        host.rest(20)
        heard = host.ask(VERSION)
        assert heard.endswith(VERSION_ANSWER), cut


def test_wrong_lcs_should_not_swallow_the_next_command():
    """PS-04: LCS is looked at before LEN bytes are waited for."""
    damaged = bytearray(command("0000", bytes(200)))
    damaged[4] ^= 1
    host = started()
    assert host.ask(bytes(damaged[:9]) + VERSION) == VERSION_ANSWER


def test_wrong_dcs_should_be_ignored_or_refused_as_set():
    """PS-04: a knob, as the chip's own reaction is not known."""
    damaged = VERSION[:-2] + bytes((VERSION[-2] ^ 1, 0))
    assert started().ask(damaged) == b""
    assert started(faults=Faults(bad_dcs="error")).ask(damaged) == ERROR


# --- abort, repeat, replace ---
WAITING = ["4a0100", "0005", "8c05" + "00" * 36, "60ff0120"]


@pytest.mark.parametrize("text", WAITING)
def test_waiting_command_should_end_by_ack_or_new_command(text):
    """PS-05: 4A, Diagnose 05, 8C and 60 wait for ever; nothing of them follows."""
    host = started()
    assert host.ask(command(text), 5000) == ACK
    assert host.ask(ACK, 500) == b""
    assert host.ask(VERSION) == VERSION_ANSWER
    assert host.ask(command(text), 5000) == ACK
    assert host.ask(VERSION, 5000) == VERSION_ANSWER


def test_card_that_comes_should_end_the_wait():
    """PS-12: retries FF wait for ever; a card ends it."""
    field = FakeField()
    host = started(field=field)
    assert host.ask(command("4a0100"), 3000) == ACK
    field.here.append(FakeCard())
    assert host.hear(100).startswith(b"\x00\x00\xff\x1a")


def test_nack_should_repeat_the_answer_and_not_the_command():
    """PS-05: the answer again, without ACK; the card has seen the APDU once."""
    card = FakeCard()
    host = listed(card)
    first = host.ask(command("40010005"))
    assert first == answer("4100", bytes(range(5)))
    assert host.ask(NACK) == first[len(ACK) :]
    assert host.ask(NACK) == first[len(ACK) :]
    assert len(card.seen) == 1


# --- power ---
def test_low_vbat_should_answer_nothing_but_sam_after_waking():
    """PS-07: the state at the start."""
    host = VirtualHost(Chip(FakeField()))
    assert host.ask(VERSION) == b""
    host = VirtualHost(Chip(FakeField()))
    assert host.ask(WAKE + VERSION) == b""
    assert host.ask(VERSION) == b""
    assert host.ask(WAKE + command("1401")) == answer("15")
    assert host.ask(VERSION) == VERSION_ANSWER


@pytest.mark.parametrize("wake", [WAKE, bytes(10), b"\x55\x00\x00\x55", b"\x55\x55" + bytes(7)])
def test_sleeping_chip_should_wake_by_noise_of_real_hosts(wake):
    """PS-07: behind PowerDown."""
    host = started()
    assert host.ask(command("16f0")) == answer("1700")
    assert host.ask(ACK) == b""
    host = started()
    host.ask(command("16f0"))
    assert host.ask(VERSION) == b"", "the first bytes are lost while the oscillator starts"
    host = started()
    host.ask(command("16f0"))
    assert host.ask(wake + VERSION) == VERSION_ANSWER


def test_power_down_without_hsu_should_need_a_reset():
    """PS-07: no wake source that the host can use."""
    host = started()
    host.ask(command("1620"))
    assert host.ask(WAKE + VERSION) == b""
    host.chip.reset()
    assert host.ask(WAKE + command("1401")) == answer("15")


# --- speed ---
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)


@pytest.mark.parametrize("code", range(9))
def test_speed_should_change_after_the_hosts_ack(code):
    """PS-06: each of the nine; a host at another speed gets nothing it can read."""
    host = started()
    assert host.ask(command("10", bytes((code,)))) == answer("11")
    assert host.chip.baud == 115200
    assert host.ask(ACK) == b""
    assert host.chip.baud == BAUDS[code]
    host.rest(30)
    wanted = VERSION_ANSWER if code == 4 else b""
    assert host.ask(VERSION) == wanted
    host.rest(30)
    host.baud = BAUDS[code]
    assert host.ask(VERSION) == VERSION_ANSWER


def test_speed_should_stay_when_the_ack_is_missing():
    """PS-06."""
    host = started()
    host.ask(command("1007"))
    assert host.ask(VERSION) == VERSION_ANSWER
    host.say(ACK)
    assert host.chip.baud == 115200


def test_ack_read_late_by_a_pty_should_still_count_as_sent_at_the_old_speed():
    """PS-06."""
    host = started()
    host.ask(command("1007"))
    host.baud = 921600
    assert host.ask(ACK + VERSION) == VERSION_ANSWER


NOISE_CODES = (0x00, 0x06, 0x08, 0x10, 0x14, 0x32, 0x40, 0x42, 0x44, 0x4A, 0x4E, 0x54, 0x60)
RUN, STRINGS = 500, 100_000


def noise_of(dice):
    """Bytes, a frame of bytes, or a command that exists with any data."""
    noise = dice.randbytes(dice.randrange(1, 40))
    kind = dice.randrange(4)
    if kind == 1:
        return frame(b"\xd4" + noise)
    if kind > 1:
        return command("%02x" % dice.choice(NOISE_CODES), noise)
    return noise


def test_random_bytes_and_knobs_should_not_upset_the_chip():
    """PS-30: 100,000 strings, each 500 of them with another table of knobs, another state and a
    card of another kind; GetFirmwareVersion is answered behind each.
    """
    dice = random.Random(532)
    for run in range(STRINGS // RUN):
        knobs = scatter(run, RUN, share=dice.random())
        knobs.stop_at = dice.randrange(20_000) if run % 2 else None
        knobs.stop = dice.choice(("reset", "wake", "power"))
        knobs.bad_dcs = dice.choice(("silent", "error"))
        cards = [FakeCard(kind=kind, uid=UID + b"\x08") for kind in dice.sample("AABFJ", 2)]
        host = started(*cards, faults=knobs)
        for _ in range(RUN):
            host.say(noise_of(dice))
            host.hear(1)
        host.chip.faults = Faults()
        host.chip.reset("asleep")
        host.rest(20)
        assert host.ask(WAKE + command("1401")).endswith(answer("15")), run
        assert host.ask(VERSION) == VERSION_ANSWER, run
