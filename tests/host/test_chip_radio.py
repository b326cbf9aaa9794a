# SPDX-License-Identifier: Apache-2.0
"""The chip's own ISO-DEP behind InDataExchange, block by block, and the knobs of the air."""

import pytest

from sim.chip import Chip
from sim.faults import Fault, Faults
from sim.iso_dep import Picc
from sim.timing import Timing, rf_blocks
from tests.host.virtual_host import ATS, FakeCard, VirtualHost, answer, command, listed, started

AIR = Timing(link=False)


def ats_of(fsci):
    return bytes((0x03, 0x20 | fsci, 0x80))


def exchange(host, c_apdu):
    return host.ask(command("4001", c_apdu), 20_000)


def watched(host):
    """The frames between the chip and its first target, from now on: [(out, back or None)]."""
    picc, seen = host.chip.radio.targets[0].picc, []
    answer_of = picc.answer

    def note(frame, wtx=(0, 1)):
        back = answer_of(frame, wtx)
        seen.append((frame, back))
        return back

    picc.answer = note
    return seen


@pytest.mark.parametrize("fsci, fsc", [(0, 16), (2, 32), (5, 64), (7, 128), (8, 256)])
@pytest.mark.parametrize("count", [5, 13, 61, 62, 100, 261])
def test_blocks_should_be_those_of_the_model(fsci, fsc, count):
    """PS-13: the card sees whole APDUs; blocks of FSC and 64 bytes, in the model's time."""
    card = FakeCard(ats=ats_of(fsci))
    host = listed(card, timing=AIR)
    seen = watched(host)
    c_apdu = (258).to_bytes(2, "big") + bytes(count - 2)
    begin_us = host.now_us
    assert exchange(host, c_apdu) == answer("4100", card.exchange(c_apdu))
    assert card.seen[0] == c_apdu
    assert max(len(out) + 2 for out, _ in seen) <= fsc
    assert max(len(back) + 2 for _, back in seen) == 64
    i_blocks = [one for pair in seen for one in pair if one[0] & 0xE2 == 0x02]
    assert len(i_blocks) == rf_blocks(count, 258, fsc=fsc)
    formula_ms = AIR.rf_ms(count, 258, fsc=fsc)
    assert (host.now_us - begin_us) / 1000 == pytest.approx(formula_ms, abs=0.01)


@pytest.mark.parametrize("knob", ["rf_lost", "rf_damaged"])
@pytest.mark.parametrize("way", ["out", "in"])
@pytest.mark.parametrize("block", range(7))
def test_each_block_lost_or_damaged_once_or_twice_should_be_made_good(knob, way, block):
    """PS-13, PS-19: 3 blocks out and 5 back, each lost either way; executed once."""
    for times in (1, 2):
        card = FakeCard(ats=ats_of(0))  # FSC 16
        knobs = {knob: way, "rf_block": block, "rf_times": times}
        host = listed(card, timing=AIR, faults=Faults({(0x40, 0): Fault(**knobs)}))
        c_apdu = (258).to_bytes(2, "big") + bytes(30)
        begin_us = host.now_us
        assert exchange(host, c_apdu) == answer("4100", bytes(at & 0xFF for at in range(258)))
        assert card.seen == [c_apdu]
        assert host.now_us - begin_us > AIR.rf_ms(32, 258, fsc=16) * 1000
        assert exchange(host, b"\x00\x01") == answer("410000"), "the next one is not touched"


@pytest.mark.parametrize(
    "knobs, status",
    [
        (dict(rf_lost="out"), 0x01),
        (dict(rf_lost="in"), 0x01),
        (dict(rf_damaged=True), 0x02),
        (dict(rf_damaged="out"), 0x01),
    ],
)
def test_a_block_that_fails_three_times_should_end_in_a_status(knobs, status):
    """PS-13: three frame waiting times, then status 01; 02 when damage was heard."""
    card = FakeCard()
    fault = Fault(rf_block=1, rf_times=3, **knobs)
    host = listed(card, timing=AIR, faults=Faults({(0x40, 0): fault}))
    begin_us = host.now_us
    assert exchange(host, b"\x00\x64") == answer("41", bytes((status,)))
    assert len(card.seen) == 1
    if status == 0x01:
        waited_ms = (host.now_us - begin_us) / 1000
        assert waited_ms == pytest.approx(3 * 0.302 * 2**8 + AIR.rf_ms(2, 61), rel=0.01)


@pytest.mark.parametrize("count, factor", [(1, 1), (5, 3), (2, 59), (2, 63)])
def test_waiting_time_extensions_should_be_granted_by_the_chip(count, factor):
    """PS-19: the host sees one long wait; the card's time is spread over the extensions."""
    card = FakeCard(busy_ms=600)
    host = listed(card, timing=AIR, faults=Faults({(0x40, 0): Fault(wtx=(count, factor))}))
    seen = watched(host)
    begin_us = host.now_us
    assert exchange(host, b"\x00\x05") == answer("4100", bytes(range(5)))
    assert [out for out, _ in seen[1:]] == [bytes((0xF2, factor))] * count
    spent_ms = 600 + AIR.rf_ms(2, 5) + count * AIR.raw_ms(2, 2)
    assert (host.now_us - begin_us) / 1000 == pytest.approx(spent_ms, abs=0.01)
    assert len(card.seen) == 1


@pytest.mark.parametrize(
    "fwi, busy_ms, factors",
    [(8, 77, []), (8, 78, [1]), (8, 600, [7]), (0, 40, [59, 59, 59]), (4, 2000, [59] * 7)],
)
def test_card_that_works_longer_than_its_fwt_should_ask_for_more(fwi, busy_ms, factors):
    """PS-13, PS-14, PS-18: by S(WTX), without a knob; its work lasts what it lasts in both styles,
    also when the host's time limit is far too short.
    """
    ats, air_ms = bytes((0x03, 0x28, fwi << 4)), AIR.rf_ms(2, 5) + len(factors) * AIR.raw_ms(2, 2)
    host = listed(FakeCard(ats=ats, busy_ms=busy_ms), timing=AIR)
    seen = watched(host)
    begin_us = host.now_us
    assert exchange(host, b"\x00\x05") == answer("4100", bytes(range(5)))
    assert [out[1] for out, _ in seen[1:]] == factors
    assert (host.now_us - begin_us) / 1000 == pytest.approx(busy_ms + air_ms, abs=0.01)

    host = listed(FakeCard(ats=ats, busy_ms=busy_ms), timing=AIR)
    for index, least_ms in ((16, busy_ms), (7, busy_ms)):  # 3.3 s, and 6.4 ms
        host.ask(command("3202000b", bytes((index,))))
        host.ask(command("4a0100"))
        begin_us, sent = host.now_us, command("42020005")
        for _ in range(600):
            heard = host.ask(sent, 4000)
            if heard == answer("4301"):
                sent = command("42b2")
            elif heard[6 + 7 : 6 + 9] == b"\x00\xf2":
                sent = command("42f2", heard[15:16])
            else:
                break
        assert heard == answer("430002", bytes(range(5)))
        assert (host.now_us - begin_us) / 1000 >= least_ms


@pytest.mark.parametrize("when, acted", [("before", 0), ("after", 1)])
def test_lost_card_should_have_acted_or_not_as_the_knob_says(when, acted):
    """PS-19: status 01 either way, in both styles, until the card is listed again."""
    card = FakeCard()
    host = listed(card, faults=Faults({1: Fault(card_lost=when)}))
    assert exchange(host, b"\x00\x05") == answer("4101")
    assert len(card.seen) == acted
    assert exchange(host, b"\x00\x05") == answer("4101")
    host.ask(command("4a0100"))
    assert exchange(host, b"\x00\x01") == answer("410000")
    raw = listed(FakeCard(), faults=Faults({1: Fault(card_lost=when)}))
    assert raw.ask(command("42020005")) == answer("4301")


def test_card_should_be_missed_in_a_look_that_was_bent():
    """PS-19: one look of so many; finite retries see nothing, two looks find it."""
    for knob in (dict(rf_lost="in"), dict(rf_damaged="out")):
        for retries, found in ((0, 0), (1, 1)):
            host = started(FakeCard(), faults=Faults({1: Fault(**knob)}))
            host.ask(command("3205ff01", bytes((retries,))))
            assert host.ask(command("4a0100"))[13] == found
            assert host.ask(command("4a0100"))[13] == 1


@pytest.mark.parametrize("length", [2, 5, 250, 252, 253, 256, 258, 262])
def test_answer_should_have_the_length_the_knob_says(length):
    """PS-19: for limits of a client at 253 and more; the card's last two bytes stay."""
    for asked, sw in ((b"\x01\x02", b"\x00\x01"), (b"\x00\x05", b"\x03\x04")):
        host = listed(FakeCard(), faults=Faults({1: Fault(answer_length=length)}))
        heard = exchange(host, asked)
        body = heard[6 + 10 : -2] if length > 252 else heard[6 + 7 : -2]
        assert heard == answer("41", body)
        assert len(body) == 1 + length
        assert body[-2:] == sw


def test_reader_deaf_to_cards_should_hear_again_after_its_field_was_off():
    """PS-19: no card is found, none answers; the host link works."""
    host = listed(FakeCard(), faults=Faults({1: Fault(stuck="field")}))
    assert exchange(host, b"\x00\x05") == answer("4101")
    host.ask(command("3205ff0100"))
    assert host.ask(command("4a0100")) == answer("4b00")
    assert host.ask(command("02")) == answer("0332010607")
    host.ask(command("320100"))
    host.ask(command("320101"))
    assert host.ask(command("4a0100"))[13] == 1
    assert exchange(host, b"\x00\x01") == answer("410000")


def test_terms_of_the_time_model_should_be_knobs():
    """PS-19: firmware time, card time, speed of the air and FSD."""

    def spent_ms(timing, fsdi=5):
        host = VirtualHost(Chip(started(FakeCard(busy_ms=40)).chip.radio.field, timing, fsdi=fsdi))
        host.chip.power = "awake"
        host.ask(command("4a0100"))
        begin_us = host.now_us
        exchange(host, b"\x01\x02")
        return (host.now_us - begin_us) / 1000

    usual = spent_ms(Timing(link=False))
    assert usual == pytest.approx(40 + AIR.rf_ms(2, 258), abs=0.01)
    assert spent_ms(Timing(link=False, firmware_ms=2)) == pytest.approx(usual + 2, abs=0.01)
    assert spent_ms(Timing(link=False, card_ms=70)) == pytest.approx(usual + 30, abs=0.01)
    assert spent_ms(Timing(link=False, divisor=4)) == pytest.approx(
        40 + AIR.rf_ms(2, 258, divisor=4), abs=0.01
    )
    assert spent_ms(Timing(link=False), fsdi=8) == pytest.approx(
        40 + AIR.rf_ms(2, 258, fsd=256), abs=0.01
    )


def test_presence_check_should_ask_the_card():
    """PS-11: Diagnose 06 is an R(NAK) on the air: it takes time and can be lost."""
    host = listed(FakeCard(), timing=AIR, faults=Faults({2: Fault(rf_lost="in")}))
    begin_us = host.now_us
    assert host.ask(command("0006")) == answer("0100")
    assert (host.now_us - begin_us) / 1000 == pytest.approx(AIR.raw_ms(1, 1), abs=0.01)
    assert host.ask(command("0006")) == answer("0101")
    assert host.ask(command("0006")) == answer("0100")


def test_deselected_card_should_be_silent_on_the_air():
    card = FakeCard()
    host = listed(card)
    host.ask(command("4401"))
    picc = host.chip.radio.targets[0].picc
    assert isinstance(picc, Picc) and not picc.active
    assert host.ask(command("42020001")) == answer("4301")
    assert exchange(host, b"\x00\x01") == answer("410000"), "InDataExchange selects it again"
    assert card.ats == ATS
