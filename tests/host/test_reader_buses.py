# SPDX-License-Identifier: Apache-2.0
"""The driver over HSU, SPI and I2C against one virtual chip: equal results, and how each bus is
spoken (PD-31..33). The byte-level fakes for both interpreters are in tests/reader.
"""

import pytest

from firmware.errors import ChipError, LinkLost
from firmware.kernel.apdu import PPSE
from firmware.reader.iso_dep import IsoDepCard
from sim.faults import Fault, Faults
from sim.field import Field
from tests.host.bus_stand import BUSES, Host
from tests.host.chip_stand import ChipStand, RadioCard
from tests.host.virtual_host import FakeCard, FakeField

SELECT_PPSE = b"\x00\xa4\x04\x00\x0e" + PPSE + b"\x00"
LENGTHS = (2, 5, 100, 251, 252, 253, 254, 256, 258)
SPOILT = (
    Fault(wrong_dcs=True),
    Fault(wrong_lcs=True),
    Fault(ack_delay_ms=16),
    Fault(status=0x01),
    Fault(status=0x27),
    Fault(mi_split=50),
    Fault(extra_preamble=16),
    Fault(bare=True),
    Fault(wrong_tfi=True),
    Fault(wrong_code=True),
    Fault(cut_at=12),
    Fault(noise=b"\x55\xff\x00"),
    Fault(error_frame=True),
    Fault(drop_ack=True),
    Fault(drop_answer=True),
    Fault(mute=True),
    Fault(late_answer_ms=200),
    Fault(answer_delay_ms=40),
    Fault(gap_at=10, gap_ms=20),
    Fault(card_lost="after"),
)


def ask(count, more=b""):
    """A C-APDU that FakeCard answers with so many bytes."""
    return count.to_bytes(2, "big") + b"\x00" + more


def result_of(card, c_apdu):
    try:
        return card.exchange(c_apdu)
    except ChipError as error:
        return error.code
    except LinkLost:
        return "lost"


def spoilt(make_bus, fault, count):
    """(the answer of `count` bytes that a fault spoilt, the next one, what the card executed)."""
    card = FakeCard()
    faults = Faults({(0x40, 1): fault})
    host = Host(make_bus, FakeField(card), faults, answer_ms=100).opened()
    (found,) = host.pn532.find(200)
    found.exchange(ask(3))
    return result_of(found, ask(count)), result_of(found, ask(7)), card.seen


def lengths(make_bus, own_card=None):
    """One session: the card, all lengths of answers, the longest command."""
    card = FakeCard()
    host = Host(make_bus, FakeField(card), own_card=own_card).opened()
    (found,) = host.pn532.find(200)
    answers = [result_of(found, ask(count)) for count in LENGTHS]
    answers.append(result_of(found, ask(80, bytes(258))))
    return (found.kind, found.uid, found.ats, found.sel_res), answers, card.seen


@pytest.fixture(scope="module")
def over_hsu():
    """The same over HSU, what the other buses are compared with."""
    hsu = BUSES["hsu"]
    cases = [(fault, count) for fault in SPOILT for count in (9, 258)]
    return [lengths(hsu), lengths(hsu, IsoDepCard)], [spoilt(hsu, *one) for one in cases], cases


def test_session_over_hsu_should_be_whole(over_hsu):
    """What the others are compared with is right: each fault is made good or an error, once."""
    sessions, results, _ = over_hsu
    for (kind, uid, _, _), answers, seen in sessions:
        assert kind == "A" and len(uid) == 7
        assert [len(one) for one in answers] == [*LENGTHS, 80]  # PD-04
        assert seen[-1] == ask(80, bytes(258))  # PD-05
    for answer, after, seen in results:
        assert answer in (bytes(range(9)), bytes(at & 0xFF for at in range(258))) or answer < 0x80
        assert len(seen) <= 3 and after in (bytes(range(7)), -1, 1)
    made_good = [len(one[0]) for one in results if isinstance(one[0], bytes)]
    assert made_good.count(9) >= 9 and made_good.count(258) >= 9


@pytest.mark.parametrize("name", [name for name in BUSES if name != "hsu"])
def test_session_should_be_the_same_over_every_bus(name, over_hsu):
    """PD-31: find, all lengths up to 258, a C-APDU of 261, both engines; each fault, and the
    exchange after it. A long answer is read twice on I2C, and the second one is not spoilt.
    """
    make_bus = BUSES[name]
    sessions, results, cases = over_hsu
    assert [lengths(make_bus), lengths(make_bus, IsoDepCard)] == sessions
    for (fault, count), expected in zip(cases, results, strict=True):
        result = spoilt(make_bus, fault, count)
        read_twice = name.startswith("i2c") and count == 258
        if read_twice and (fault.wrong_tfi or fault.wrong_code):
            assert len(result[0]) == 258 and result[1:] == (bytes(range(7)), expected[2])
        else:
            assert result == expected, fault


@pytest.mark.parametrize("name", BUSES)
def test_ppse_should_be_read_over_every_bus(name):
    """PD-31."""
    field = Field()
    field.place(RadioCard())
    (card,) = Host(BUSES[name], field).opened().pn532.find(200)
    assert card.exchange(SELECT_PPSE)[:4] == bytes.fromhex("6f24840e")


@pytest.mark.parametrize("name", [name for name in BUSES if name != "hsu"])
@pytest.mark.parametrize("own_card", (None, IsoDepCard))
def test_tap_should_debit_over_every_bus(name, own_card):
    """PD-31: a whole tap of the terminal, with its record, as over HSU."""
    stand = ChipStand(make_bus=BUSES[name], own_card=own_card)
    card = RadioCard()
    stand.radio.place(card)
    (tap,) = stand.turn()
    assert (tap["outcome"], tap["amount_fen"]) == ("approved", 200)
    assert stand.kinds() == ["approved"] and card.debits
    stand.radio.remove()
    assert stand.turn(5) == [] and stand.pn532.bus.face.faults == []
    stand.radio.place(RadioCard("6228000100000028"))
    assert [one["outcome"] for one in stand.turn(2)] == ["approved"]


@pytest.mark.parametrize("name", [name for name in BUSES if name.startswith("spi")])
def test_spi_should_be_spoken_as_the_chip_does(name):
    """PD-32: 01, 02, 03, the chip select alone to wake, a look each 0.5 ms, none with a pin."""
    host = Host(BUSES[name], FakeField(FakeCard())).opened()
    face = host.bus.face
    (card,) = host.pn532.find(200)
    assert len(card.exchange(ask(258))) == 258
    kinds = [kind for kind, *_ in face.transactions]
    woken = [end_us - begin_us for _, begin_us, end_us, _ in face.transactions[:1]]
    assert 1900 <= woken[0] <= 2100  # PD-14
    assert {"01", "03"} <= set(kinds) <= {"", "01", "02", "03"}
    looks = [one[1] for one in face.transactions[1:] if one[0] == "02"]
    assert bool(looks) != ("IRQ" in name)
    assert all(later - earlier >= 500 for earlier, later in zip(looks, looks[1:], strict=False))
    writes = [one[3] for one in face.transactions if one[0] == "01"]
    assert all(one.count(b"\x00\x00\xff") >= 1 for one in writes)  # PD-17: a frame each
    assert face.faults == []


@pytest.mark.parametrize("name", [name for name in BUSES if name.startswith("i2c")])
def test_i2c_should_be_spoken_as_the_chip_does(name):
    """PD-33: whole frames, the state before each, and the bus as free as it is set."""
    host = Host(BUSES[name], FakeField(FakeCard())).opened()
    (card,) = host.pn532.find(200)
    assert len(card.exchange(ask(258))) == 258
    face = host.bus.face
    assert face.faults == []  # nothing read too early, the bus free long enough
    pauses = [
        later[1] - earlier[2]
        for earlier, later in zip(face.transactions, face.transactions[1:], strict=False)
    ]
    assert min(pauses) >= 0 and face.transactions[0][0] in ("nobody", "write")


@pytest.mark.parametrize("name", BUSES)
def test_sleeping_chip_should_be_opened(name):
    """PD-14: after PowerDown and in LowVbat; nothing is heard before the wake-up."""
    for power in ("asleep", "low_vbat", "awake"):
        host = Host(BUSES[name], FakeField(FakeCard()), power=power).opened()
        assert len(host.pn532.find(200)) == 1


@pytest.mark.parametrize("name", [name for name in BUSES if name != "hsu"])
def test_dead_chip_should_be_said_in_time(name):
    """PD-33, PD-34: the address is tried within its limit; no answer is an error, not a wait."""
    host = Host(BUSES[name], FakeField())
    host.chip.reset("dead")
    with pytest.raises(LinkLost):
        host.pn532.open()
    assert host.clock.us < 300_000
    host.chip.reset()
    assert host.pn532.recover() is True


@pytest.mark.parametrize("name", BUSES)
def test_field_reset_should_keep_its_times_over_every_bus(name):
    """PD-27: off 5.1..10 ms, on as long before the poll, by the chip's clock."""
    host = Host(BUSES[name], FakeField())
    events = []
    host.pn532._trace = lambda way, frame, at_us: events.append((way, frame[6:-2], at_us))
    host.pn532.open()
    host.pn532.reset_field()
    host.pn532.find(30)
    ends = {}
    for way, body, at_us in events:
        if way == ">" and body[:2] == b"\x32\x01":
            ends["off" if body[2] == 0 else "on"] = at_us
        if way == ">" and body[:1] == b"\x4a":
            ends.setdefault("poll", at_us)
    assert ends["on"] - ends["off"] >= 5100 and ends["poll"] - ends["on"] >= 5100


@pytest.mark.parametrize("name", BUSES)
def test_spare_time_should_be_used_between_sending_and_answer(name):
    """PD-28: over every bus; a slice that takes longer than the card costs no byte."""
    for slices, slice_us in ((0, 0), (5, 100), (40, 900), (3, 120_000)):
        card = FakeCard(busy_ms=20.0)
        host = Host(BUSES[name], FakeField(card)).opened()
        (found,) = host.pn532.find(200)
        left, seen = [slices], []

        def spare(left=left, seen=seen, host=host, slice_us=slice_us, card=card):
            seen.append(len(card.seen))
            host.clock.us += slice_us
            left[0] -= 1
            return left[0] > 0

        answer = found.exchange(ask(258), spare if slices else None)
        assert answer == bytes(at & 0xFF for at in range(258))
        assert len(seen) <= max(slices, 0) and (not slices or seen)
        assert len(card.seen) == 1 and found.exchange(ask(7)) == bytes(range(7))
