# SPDX-License-Identifier: Apache-2.0
"""The virtual pump against the terminal's side of the line: no I/O, no clock."""

import pytest

from firmware.errors import FormatError
from firmware.neighbours import pump as line
from sim.pump import FLOW, SPOILS, Pump, PumpBusy, amount_of


class Pair:
    """A pump and a link; run() lets seconds pass."""

    def __init__(self, **how):
        self.pump, self.link, self.now_ms = Pump(**how), line.PumpLink(), 0
        self.events = []

    def run(self, seconds=1.0):
        for _ in range(int(seconds * 50)):
            self.now_ms += 20
            self.pump.feed(self.link.outgoing(self.now_ms), self.now_ms)
            self.events += self.link.feed(self.pump.outgoing(self.now_ms), self.now_ms)
        return self.link.status

    def released(self, order=5, limit_fen=10000):
        self.run()
        self.pump.do("lift")
        self.run()
        self.link.release(order, limit_fen)
        return self.run(3)


def test_sale_from_lift_to_clear():
    pair = Pair(price_fen=756)
    assert pair.released().state == line.RELEASED
    pair.pump.do("fill 12000")
    assert pair.run(1).state == line.FILLING and 0 < pair.run(1).quantity < 12000
    pair.run(12000 / FLOW + 2)
    pair.pump.do("hang")
    told = pair.run()
    assert (told.state, told.order, told.quantity) == (line.FILLED, 5, 12000)
    assert told.amount_fen == 9072
    pair.link.clear(told.sale)
    told = pair.run()
    assert (told.state, told.total_fen, told.total_quantity) == (line.IDLE, 9072, 12000)
    assert pair.pump.sales[0].cleared


@pytest.mark.parametrize("price_fen", (1, 333, 756, 999, 12345))
def test_valve_should_close_at_the_limit_to_the_fen(price_fen):
    pair = Pair(price_fen=price_fen)
    pair.released(5, 100)
    pair.pump.do("fill 1000000")
    pair.run(300 if price_fen == 1 else 4)
    sale = pair.pump.sales[0]
    assert sale.amount_fen <= 100 < amount_of(sale.quantity + 1, price_fen)


def test_overrun_should_be_counted():
    pair = Pair(price_fen=1000)
    pair.released(5, 1000)
    pair.pump.do("overrun 30")
    pair.pump.do("fill 5000")
    assert pair.run(5).amount_fen == 1030


def test_nothing_should_come_without_a_release():
    pair = Pair()
    pair.run()
    pair.pump.do("lift")
    with pytest.raises(PumpBusy):
        pair.pump.do("fill 100")
    pair.link.release(5, 1000)
    pair.pump.do("hang")
    assert pair.run(8).state == line.IDLE and not pair.pump.sales
    assert ("not_released", 5) in pair.events


def test_stop_should_take_a_release_back():
    pair = Pair()
    pair.released()
    pair.link.stop()
    assert pair.run(2).state == line.LIFTED and not pair.pump.sales


def test_cut_of_power_should_keep_the_sale_and_the_totals():
    pair = Pair(price_fen=756)
    pair.released()
    pair.pump.do("fill 6000")
    pair.run(3)
    pair.pump.do("power off")
    pair.run(5)
    assert pair.link.silent
    poured = pair.pump.sales[0].quantity
    pair.pump.do("power on")
    told = pair.run()
    assert (told.state, told.order, told.quantity) == (line.FILLED, 5, poured)
    assert told.total_quantity == poured > 1000


def test_nozzle_that_hangs_without_a_drop_should_be_a_sale_of_nothing():
    pair = Pair()
    pair.released()
    pair.pump.do("hang")
    told = pair.run()
    assert (told.state, told.order, told.amount_fen) == (line.FILLED, 5, 0)


@pytest.mark.parametrize("spoil", SPOILS)
def test_spoiled_answers_should_cost_time_alone(spoil):
    pair = Pair()
    for _ in range(3):
        pair.pump.do(f"spoil {spoil}")
    assert pair.released().state == line.RELEASED and not pair.pump.spoils


def test_fault_and_silence_should_show():
    pair = Pair()
    pair.run()
    pair.pump.do("fault on")
    assert pair.run().state == line.FAULT
    pair.pump.do("fault off")
    pair.pump.do("silent on")
    pair.run(5)
    assert pair.link.silent and ("silent", None) in pair.events


@pytest.mark.parametrize(
    "text", ("", "lift off", "fill", "fill 0", "fill x", "hang", "overrun 9999", "fault",
             "spoil x", "silent maybe", "price 0", "jump")
)  # fmt: skip
def test_commands_that_cannot_be_should_be_refused(text):
    pump = Pump()
    if text == "lift off":
        pump.do("lift")
        text = "lift"
    with pytest.raises(FormatError):
        pump.do(text)
