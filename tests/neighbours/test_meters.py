# SPDX-License-Identifier: Apache-2.0
"""Two framings of a meter, one set of events and answers (meter.py)."""

from firmware.errors import FormatError
from firmware.neighbours import jtt905, meter, meter_bf, meter_jtt905
from firmware.neighbours.jtt905 import METER, FrameReader, encode

VALUES = {
    "plate": b"AA3333",
    "licence": bytes(16),
    "driver": b"TEST00000000000001\0",
    "on": "2307261941",
    "off": "1941",
    "distance_hm": "000001",
    "empty_hm": "0567",
    "surcharge_jiao": "000000",
    "waiting": "0000",
    "amount_jiao": "000080",
    "trip": 12,
    "pay_type": 0,
}
BODY = jtt905.pack(jtt905.TRIP, VALUES)
PAYMENT = meter.Payment(jtt905.CPU_CARD, b"card data")


def said(command, data=b""):
    """A frame of the meter."""
    return encode(command, data, kind=METER)


def beat(state):
    """Its heartbeat."""
    return said(jtt905.HEARTBEAT, bytes((state,)) + bytes(16) + b"DRIVER" + bytes(13))


def answers(isu):
    """[(command, data)] that the unit sends."""
    sent = FrameReader().feed(isu.outgoing(0), 0)
    assert not [one for one in sent if one.kind != jtt905.ISU]
    return [(one.command, one.data) for one in sent]


def heard_isu(text="jtt905"):
    """An Isu whose meter was heard."""
    isu = meter_jtt905.make(text)
    isu.feed(beat(2), 0)
    isu.outgoing(0)
    return isu


def test_trip_should_have_no_answer_before_the_device_says_so():
    """TD-053: 90 behind storage and payment, FF on failure; the verified answer for cash."""
    isu = heard_isu()
    ((word, trip),) = isu.feed(said(jtt905.TRIP_END, BODY), 10)
    assert (word, trip.number, trip.amount_fen) == ("trip", 12, 800)
    assert isu.outgoing(20) == b""
    isu.settle(trip, meter.SETTLED, meter.Payment(jtt905.CASH, b""))
    assert isu.outgoing(20).hex() == "55aa0005000000e8907d55aa"
    isu.settle(trip, meter.SETTLED, None)
    assert isu.outgoing(30) == b"", "nobody has asked again"
    for command, word in ((jtt905.TRIP_END, "trip"), (jtt905.TRIP_AGAIN, "trip_again")):
        assert isu.feed(said(command, BODY), 40) == [(word, trip)]
        isu.settle(trip, meter.FAILED, None)
        assert answers(isu) == [(command, b"\xff")]


def test_payment_should_go_back_to_the_meter():
    """TD-050: pay type and card data behind the 90; or the 90 alone for a meter that takes no
    more.
    """
    for text, tail in (("jtt905", b"\x03card data"), ("jtt905 result=plain", b"")):
        isu = heard_isu(text)
        ((_, trip),) = isu.feed(said(jtt905.TRIP_END, BODY), 10)
        isu.settle(trip, meter.SETTLED, PAYMENT)
        assert answers(isu) == [(jtt905.TRIP_END, b"\x90" + tail)]


def test_trip_that_cannot_be_read_should_be_refused():
    """TD-053"""
    isu = heard_isu()
    assert isu.feed(said(jtt905.TRIP_END, BODY[:-1]), 10) == [("bad_trip", None)]
    assert answers(isu) == [(jtt905.TRIP_END, b"\xff")]


def test_silent_meter_should_be_told_of():
    """TD-055: more than three heartbeats; an answer that is late by then is not sent."""
    isu = meter_jtt905.make("jtt905")
    assert isu.silent and isu.feed(b"", 60000) == []
    words = [word for word, _ in isu.feed(beat(2), 60000)]
    assert words == ["heard", "state"] and not isu.silent
    assert [one for one, _ in answers(isu)] == [jtt905.STATUS, jtt905.TARIFF, jtt905.HEARTBEAT]
    ((_, trip),) = isu.feed(said(jtt905.TRIP_END, BODY), 61000)
    assert isu.feed(b"", 76000) == [] and not isu.silent
    assert isu.feed(b"", 76001) == [("silent", None)] and isu.silent
    isu.settle(trip, meter.SETTLED, PAYMENT)
    assert isu.outgoing(76001) == b""
    words = [word for word, _ in isu.feed(said(jtt905.TRIP_END, BODY), 80000)]
    assert words == ["heard", "trip"]


def test_limits_should_not_reach_a_hired_meter():
    """TD-057: time and count limit are zeros, which is none, while a rider is in the car."""
    isu = heard_isu("jtt905 time_limit=2026112223 times_limit=50")
    for state, time, times in (
        (2, "2026112223", "0050"),
        (3, "0000000000", "0000"),
        (2, "2026112223", "0050"),
    ):
        isu.feed(beat(state), 10)
        (answer,) = answers(isu)
        assert answer == (jtt905.HEARTBEAT, bytes(2) + bytes.fromhex(time + times))
    isu = heard_isu("jtt905 times_bytes=1 times_limit=50")
    isu.feed(beat(2), 10)
    assert answers(isu) == [(jtt905.HEARTBEAT, bytes(7) + b"\x50")]


def test_hired_should_be_a_change():
    isu = heard_isu()
    for frame, wanted in (
        (said(jtt905.HIRED, bytes(7)), ["hired"]),
        (beat(3), ["hired", "state"]),
        (beat(3), ["state"]),
        (said(jtt905.TRIP_END, BODY), ["trip"]),
        (beat(3), ["state"]),
        (beat(2), ["vacant", "state"]),
    ):
        assert [word for word, _ in isu.feed(frame, 10)] == wanted


def test_shift_totals_should_be_read_or_unknown():
    """TD-054: an E4 in another layout is no totals, and no error."""
    values = {"licence": bytes(16), "driver": bytes(19), "plate": bytes(6), "trips": "0012"}
    values["amount_jiao"], values["card_jiao"], values["card_trips"] = "003450", "001230", "0005"
    data = jtt905.pack(jtt905.SHIFT, values)
    isu = heard_isu()
    assert isu.feed(said(jtt905.CLOSED, data), 10) == [
        ("shift", meter.Totals(12, 34500, 5, 12300))
    ]
    isu.stored("shift", True)
    assert answers(isu) == [(jtt905.CLOSED, b"\x90")]
    assert isu.feed(said(jtt905.CLOSED, data + b"x"), 20) == [("shift", None)]


def test_unit_should_send_nothing_that_alters_the_meter():
    """TD-051: whatever the meter says, every frame we send is an answer or one of two queries."""
    isu = meter_jtt905.make("jtt905")
    queries = (jtt905.STATUS, jtt905.TARIFF)
    for command in range(0x100):
        for data in (b"", bytes(35), BODY, b"\xff" * 36):
            isu.feed(said(command, data), command)
            isu.permit("sign_in", True)
            for sent, body in answers(isu):
                assert sent == command or sent in queries or sent == jtt905.OPEN
                assert sent not in queries or body == b""
                assert sent not in (jtt905.CLOCK, jtt905.TARIFF_SET, jtt905.RECORD)


def test_other_devices_should_be_passed_over():
    isu = heard_isu()
    assert isu.feed(encode(jtt905.TRIP_END, BODY, kind=0x05), 10) == []


def test_queue_should_be_bounded():
    isu = heard_isu()
    for _ in range(100):
        isu.feed(beat(2), 10)
    assert len(isu.outgoing(10)) <= meter.MAX_QUEUED


def test_options_that_cannot_be_should_be_named():
    for module, text in (
        (meter_jtt905, "jtt905 colour=red"),
        (meter_jtt905, "jtt905 result"),
        (meter_jtt905, "jtt905 result=loud"),
        (meter_jtt905, "jtt905 times_bytes=3"),
        (meter_jtt905, "jtt905 times_bytes=1 times_limit=100"),
        (meter_jtt905, "jtt905 time_limit=20261122"),
        (meter_jtt905, "jtt905 heartbeat_ms=0"),
        (meter_jtt905, "jtt905 heartbeat_ms=5s"),
        (meter_bf, "bf xor=none"),
    ):
        try:
            module.make(text)
            raise AssertionError(text)
        except FormatError as wrong:
            assert "meter_kind" in str(wrong)


# --- the older framing


def test_older_framing_should_say_the_same_events():
    """A second meter is one file: BF 02 .. BF 03 with the same words."""
    link = meter_bf.make("bf")
    for ok, answer, then in (
        (False, meter_bf.NAK, []),
        (True, meter_bf.ACK, [("signed_in", None)]),
    ):
        assert link.feed(meter_bf.encode(meter_bf.SIGN_IN), 0) == [("sign_in", None)]
        link.permit("sign_in", ok)
        assert link.outgoing(0) == answer and link.feed(b"", 0) == then
    assert link.feed(meter_bf.encode(meter_bf.HIRED, b"\xbf\x03"), 1) == [("hired", None)]
    assert link.outgoing(1) == meter_bf.ACK
    ((word, trip),) = link.feed(meter_bf.encode(meter_bf.TRIP, BODY[6:]), 2)
    assert (word, trip.number, trip.amount_fen, trip.on) == ("trip", 12, 800, BODY[41:46])
    assert link.outgoing(2) == b""
    link.settle(trip, meter.SETTLED, PAYMENT)
    assert link.outgoing(2) == meter_bf.ACK
    for result, answer in ((meter.FAILED, meter_bf.NAK), (meter.UNPAID, meter_bf.ACK)):
        link.feed(meter_bf.encode(meter_bf.TRIP, BODY[6:]), 3)
        link.settle(trip, result, None)
        assert link.outgoing(3) == answer
    assert link.details(trip)["driver"] == VALUES["driver"] and not link.silent


def test_older_frames_should_survive_cuts_and_bit_flips():
    """TD-052 for the other framing: never another frame, and NAK for what was none."""
    frame = meter_bf.encode(meter_bf.TRIP, BODY[6:])
    for cut in range(1, len(frame)):
        link = meter_bf.make("bf")
        assert link.feed(frame[:cut], 0) == []
        assert [word for word, _ in link.feed(frame, 2000)] == ["trip"], cut
        assert link.outgoing(0) == (meter_bf.NAK if cut > 1 else b"")
    for bit in range(8 * len(frame)):
        bent = bytearray(frame)
        bent[bit >> 3] ^= 1 << (bit & 7)
        link = meter_bf.make("bf")
        assert link.feed(bytes(bent), 0) + link.feed(b"", 2000) == [], bit
        assert [word for word, _ in link.feed(frame, 4000)] == ["trip"]


def test_older_check_may_begin_at_stx():
    frame = meter_bf.encode(meter_bf.VACANT, b"", from_stx=True)
    assert meter_bf.make("bf xor=stx").feed(frame, 0) == [("vacant", None)]
    assert meter_bf.make("bf").feed(frame, 0) == []
