# SPDX-License-Identifier: Apache-2.0
"""Every knob of sim/faults.py shows its effect, once, and repeats from a seed (PS-19, PS-30)."""

import pytest

from sim.faults import Fault, Faults, scatter
from tests.host.virtual_host import (
    ACK,
    ERROR,
    NACK,
    VERSION,
    VERSION_ANSWER,
    WAKE,
    FakeCard,
    FakeField,
    answer,
    command,
    frame,
    listed,
    started,
)

GOOD = VERSION_ANSWER[len(ACK) :]


def one(**knobs):
    """A host whose next command meets these knobs."""
    return started(FakeCard(), faults=Faults({0: Fault(**knobs)}))


SPOILT = [
    (dict(drop_ack=True), GOOD),
    (dict(drop_answer=True), ACK),
    (dict(mute=True), b""),
    (dict(error_frame=True), ACK + ERROR),
    (dict(extra_preamble=3), ACK + bytes(3) + GOOD),
    (dict(bare=True), ACK + GOOD[1:-1]),
    (dict(noise=b"\x55\xff\x00"), ACK + b"\x55\xff\x00" + GOOD),
    (dict(wrong_lcs=True), ACK + GOOD[:4] + bytes((GOOD[4] ^ 1,)) + GOOD[5:]),
    (dict(wrong_dcs=True), ACK + GOOD[:-2] + bytes((GOOD[-2] ^ 1, 0))),
    (dict(wrong_tfi=True), ACK + frame(bytes.fromhex("d40332010607"))),
    (dict(wrong_code=True), ACK + frame(bytes.fromhex("d54332010607"))),
    (dict(cut_at=7), ACK + GOOD[:7]),
    (dict(gap_at=4, gap_ms=30), VERSION_ANSWER),
    (dict(byte_gap_ms=2), VERSION_ANSWER),
    (dict(cut_at=7, then_whole=True), ACK + GOOD[:7] + GOOD),
    (dict(noise_behind=b"\x00\xff"), VERSION_ANSWER + b"\x00\xff"),
]


@pytest.mark.parametrize("knobs, wanted", SPOILT, ids=lambda value: str(value)[:30])
def test_knob_should_change_one_answer_and_no_other(knobs, wanted):
    """PS-19: each knob of the host link, byte for byte; the command behind it is answered."""
    host = one(**knobs)
    assert host.ask(VERSION) == wanted
    assert host.ask(VERSION) == VERSION_ANSWER


def test_nack_should_get_the_undamaged_answer():
    host = one(wrong_dcs=True)
    host.ask(VERSION)
    assert host.ask(NACK) == GOOD


def test_long_answer_should_be_spoilt_at_its_own_places():
    data = bytes(range(256))
    host = one(wrong_dcs=True)
    right = answer("0100", data)
    assert host.ask(command("0000", data)) == right[:-2] + bytes((right[-2] ^ 1, 0))
    host = one(wrong_lcs=True)
    assert host.ask(command("0000", data)) == right[:13] + bytes((right[13] ^ 1,)) + right[14:]


@pytest.mark.parametrize(
    "knobs, ack_ms, answer_ms",
    [
        (dict(ack_delay_ms=16), 16, 16),
        (dict(answer_delay_ms=200), 0, 200),
        (dict(gap_at=4, gap_ms=30), 0, 30),
        (dict(byte_gap_ms=2), 0, 26),
    ],
)
def test_delays_should_be_kept(knobs, ack_ms, answer_ms):
    """PS-19: by the chip's clock, to the microsecond."""
    host = one(**knobs)
    assert host.ask(VERSION) == VERSION_ANSWER
    first_us, first = host.arrivals[0]
    last_us, _ = host.arrivals[-1]
    assert first.startswith(ACK)
    assert (first_us, last_us) == (ack_ms * 1000, answer_ms * 1000)


def test_late_answer_should_come_behind_the_abort():
    """PS-19: the answer to an aborted command comes behind that to the next one."""
    host = one(late_answer_ms=50)
    assert host.ask(VERSION, 20) == ACK
    assert host.ask(ACK, 10) == b""
    assert host.ask(command("0c")) == answer("0d3f0601") + GOOD


@pytest.mark.parametrize("stuck, cure", [("wake", WAKE), ("power", b"")])
def test_stuck_chip_should_be_deaf_until_cured(stuck, cure):
    """PS-19: until woken, or until its power was off."""
    host = one(stuck=stuck)
    assert host.ask(VERSION) == b""
    if stuck == "power":
        assert host.ask(WAKE + VERSION) == b""
        host.chip.reset("awake")
    assert host.ask(cure + VERSION) == VERSION_ANSWER


@pytest.mark.parametrize("count", range(16))
def test_reset_in_mid_answer_should_forget_everything(count):
    """PS-19: behind each byte of an answer."""
    host = one(reset_at=count)
    assert host.ask(VERSION) == ACK + GOOD[:count]
    assert host.ask(WAKE + VERSION) == b"", "back in LowVbat"
    assert host.ask(WAKE + command("1401")) == answer("15")
    assert host.ask(VERSION) == VERSION_ANSWER


TAP = ("4a0100", "40010102", "40010064", "0006")


@pytest.mark.parametrize("stop", ["reset", "wake", "power"])
def test_chip_should_stop_behind_each_byte_of_a_session(stop):
    """PS-19: at byte n of both ways, in commands, ACKs and answers alike; once."""
    whole = started(FakeCard())
    for text in TAP:
        whole.ask(command(text))
    for count in range(0, whole.chip.passed, 7):
        host = started(FakeCard(), faults=Faults(stop_at=count, stop=stop))
        said = heard = 0
        for text in TAP:
            said += len(command(text))
            heard += len(host.ask(command(text)))
            if host.chip.power != "awake":
                break
        assert heard <= count <= said + heard
        assert host.chip.power == {"reset": "low_vbat", "wake": "asleep", "power": "dead"}[stop]
        if stop == "power":
            assert host.ask(WAKE + VERSION) == b""
            host.chip.reset("asleep")
        host.rest(20)
        if stop == "reset":
            assert host.ask(WAKE + VERSION) == b""
            assert host.ask(command("1401")) == answer("15")
        assert host.ask(WAKE + VERSION) == VERSION_ANSWER, "it stops once"


@pytest.mark.parametrize("code", [0x01, 0x02, 0x0B, 0x13, 0x27, 0x29, 0x2B])
def test_status_should_replace_the_answer_after_the_card_acted(code):
    """PS-19: each status of the chapter's table, and once."""
    card = FakeCard()
    host = listed(card, faults=Faults({(0x40, 1): Fault(status=code)}))
    assert host.ask(command("40010001")) == answer("410000")
    assert host.ask(command("40010005")) == answer("41", bytes((code,)))
    assert len(card.seen) == 2
    assert host.ask(command("40010001")) == answer("410000")


def test_answer_should_be_split_when_mi_is_asked_for():
    """PS-13, PS-19: MI in the status, the rest on request."""
    host = listed(FakeCard(), faults=Faults({(0x40, 0): Fault(mi_split=100)}))
    data = bytes(at & 0xFF for at in range(300))
    assert host.ask(command("4001012c")) == answer("4140", data[:100])
    assert host.ask(command("4001")) == answer("4100", data[100:])


def test_speed_knobs_should_refuse_keep_or_garble():
    """PS-19: per code of SetSerialBaudRate."""
    host = started(faults=Faults(refuse_speed=(7,)))
    assert host.ask(command("1007")) == ACK + ERROR
    host.say(ACK)
    assert host.chip.baud == 115200

    host = started(faults=Faults(keep_speed=(7,)))
    assert host.ask(command("1007")) == answer("11")
    host.say(ACK)
    assert host.chip.baud == 115200

    host = started(faults=Faults(garble_speed=(7,)))
    host.ask(command("1007"))
    host.say(ACK)
    host.baud = 921600
    heard = host.ask(VERSION)
    assert len(heard) == len(VERSION_ANSWER)
    assert b"\x00\xff" not in heard
    host.ask(command("1004"))  # the chip does hear: the way back
    host.say(ACK)
    host.baud = 115200
    assert host.ask(VERSION) == VERSION_ANSWER


def test_the_same_seed_should_give_the_same_run():
    """PS-19: byte for byte; another seed, another run."""

    def run(seed):
        host = started(FakeCard(), faults=scatter(seed, 200))
        heard = []
        for number in range(200):
            host.say(WAKE + command("0000", bytes((number,))))
            heard.append(host.hear(300))
        return heard

    first = run(1)
    assert first == run(1)
    assert first != run(2)
    assert len(set(map(len, first))) > 5


def test_random_knobs_should_leave_a_chip_that_answers():
    for seed in range(100):
        host = started(FakeCard(), faults=scatter(seed, 40, share=0.5))
        for code in ("02", "4a0100", "40010040", "0006", "16f0", "1007") * 7:
            host.ask(WAKE + command(code), 250)
        host.chip.faults = Faults()
        host.chip.reset("asleep")
        host.rest(300)
        assert host.ask(WAKE + VERSION) == VERSION_ANSWER, seed


def test_cut_card_should_be_a_knob_of_the_field():
    card = FakeCard()
    host = listed(field=FakeField(card, cut=(0, "after")))
    assert host.ask(command("40010001")) == answer("4101")
    assert card.seen == [b"\x00\x01"]
