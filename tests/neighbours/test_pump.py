# SPDX-License-Identifier: Apache-2.0
"""The line to a pump, our end: what is asked, what is believed, what is forgotten."""

from firmware.errors import FormatError
from firmware.neighbours import pump
from firmware.neighbours.pump import FILLED, FILLING, IDLE, LIFTED, RELEASED, PumpLink


def status(state, order=0, limit_fen=0, quantity=0, sale=1, price_fen=800, **more):
    amount_fen = more.get("amount_fen", (quantity * price_fen + 500) // 1000)
    unit = more.get("unit", pump.LITRES)
    return pump.Status(
        state, unit, order, limit_fen, sale, amount_fen, quantity, price_fen, 5000, 6000
    )


class Talk:
    """A link and a pump that says what it is told to say."""

    def __init__(self):
        self.link, self.now_ms, self.asked = PumpLink(), 0, []

    def say(self, state, *words, **more):
        """One question, answered with this status: events."""
        self.now_ms += 500
        (asked,) = pump.Frames().feed(self.link.outgoing(self.now_ms))
        self.asked.append(asked)
        body = pump.status_body(status(state, *words, **more))
        return self.link.feed(pump.frame(asked[0], pump.TOLD, body), self.now_ms)

    def kinds(self):
        return [kind for _, kind, _ in self.asked]


def test_frame_should_be_as_documented():
    told = pump.frame(7, pump.LIMIT, b"\x00\x00\x00\x09\x00\x00\x27\x10")
    assert told[:12].hex() == "f5080702000000090000" + "2710" and len(told) == 16
    assert pump.Frames().feed(b"\xf5" + told) == [(7, 2, told[4:12])]
    body = pump.status_body(status(FILLED, 9, 10000, 2000))
    assert len(body) == 34 and pump.status_of(body) == status(FILLED, 9, 10000, 2000)


def test_nozzle_should_be_released_behind_its_limit_alone():
    """The pump has said limit and order before RELEASE goes out; each once it is heard."""
    talk = Talk()
    assert [word for word, _ in talk.say(LIFTED)] == ["heard", "status"]
    talk.link.release(9, 10000)
    talk.say(LIFTED)
    talk.say(LIFTED, 8, 10000)  # another order: not this one
    talk.say(LIFTED, 9, 20000)  # another limit
    talk.say(LIFTED, 9, 10000)
    talk.say(RELEASED, 9, 10000)
    talk.say(FILLING, 9, 10000, 100)
    assert talk.kinds() == [1, 2, 2, 2, 2, 3, 1]
    assert talk.asked[1][2] == b"\0\0\0\x09\0\0\x27\x10" and talk.asked[5][2] == b"\0\0\0\x09"
    assert talk.link.status.quantity == 100 and talk.link.wish is None


def test_sale_should_be_cleared_until_the_pump_has_done_it():
    talk = Talk()
    talk.say(FILLED, 9, 10000, 2000, 4)
    talk.link.clear(4)
    talk.say(FILLED, 9, 10000, 2000, 4)
    talk.say(IDLE, 0, 0, 0, 4)
    talk.say(IDLE, 0, 0, 0, 4)
    assert talk.kinds() == [1, 5, 5, 1] and talk.asked[1][2] == b"\0\0\0\4"


def test_release_should_be_forgotten_and_stopped():
    """Nobody is released minutes later: not behind a nozzle that was hung up, not behind
    silence.
    """
    talk = Talk()
    talk.say(LIFTED)
    talk.link.release(9, 10000)
    gone = []
    for _ in range(13):
        gone += talk.say(IDLE)
    assert ("not_released", 9) in gone and pump.STOP in talk.kinds()
    talk = Talk()
    talk.say(LIFTED)
    talk.link.release(9, 10000)
    events = talk.link.feed(b"", 5000)
    assert [word for word, _ in events] == ["silent", "not_released"]
    talk.now_ms = 5000
    talk.say(LIFTED)
    talk.say(LIFTED)
    assert pump.LIMIT not in talk.kinds() and pump.RELEASE not in talk.kinds()


def test_stop_should_be_said_three_times():
    talk = Talk()
    talk.say(RELEASED, 9, 10000)
    talk.link.stop()
    for _ in range(4):
        talk.say(LIFTED)
    assert talk.kinds() == [1, 4, 4, 4, 1]


def test_answer_to_another_question_should_say_nothing():
    """An old answer that comes late, or one that is played back."""
    link = PumpLink()
    first = pump.Frames().feed(link.outgoing(0))[0][0]
    second = pump.Frames().feed(link.outgoing(600))[0][0]
    body = pump.status_body(status(FILLED, 9, 10000, 2000))
    assert link.feed(pump.frame(first, pump.TOLD, body), 700) == [] and link.status is None
    assert link.feed(pump.frame(second, pump.ASK, body), 700) == []
    assert len(link.feed(pump.frame(second, pump.TOLD, body), 700)) == 2


def test_impossible_status_should_break_the_format():
    good = pump.status_body(status(FILLED, 9, 10000, 2000))
    cases = (good[:-1], good + b"\0", b"", b"\x06" + good[1:], good[:1] + b"\x02" + good[2:],
             pump.status_body(status(FILLED, 9, 10000, 2000, amount_fen=1601)),
             pump.status_body(status(FILLED, 9, 10000, 2000, 0)))  # fmt: skip
    for body in cases:
        try:
            pump.status_of(body)
        except FormatError:
            talk = Talk()
            talk.say(IDLE)
            question = pump.Frames().feed(talk.link.outgoing(1000))[0][0]
            assert talk.link.feed(pump.frame(question, pump.TOLD, body), 1000) == []
            assert talk.link.status == status(IDLE)
            continue
        raise AssertionError(body.hex())


def test_noise_should_be_bounded_and_passed_over():
    link, noise = PumpLink(), bytes([(7 * i * i + 0xF5) & 0xFF for i in range(900)])
    for at in range(0, 900, 9):
        assert link.feed(noise[at : at + 9], at) == []
        assert len(link.frames.held) <= pump.MOST_HELD
    body = pump.status_body(status(IDLE))
    question = pump.Frames().feed(link.outgoing(1000))[0][0]
    whole = pump.frame(question, pump.TOLD, body)
    events = link.feed(b"\xf5\x05\x01" + whole, 1000) + link.feed(whole + bytes(64), 1000)
    assert ("heard", None) in events and link.status == status(IDLE)


def test_silence_should_be_told_once():
    talk = Talk()
    assert talk.link.silent
    talk.say(IDLE)
    assert [talk.link.feed(b"", at) for at in (3500, 3501, 9000)] == [[], [("silent", None)], []]
    assert talk.link.silent and talk.link.status == status(IDLE)
