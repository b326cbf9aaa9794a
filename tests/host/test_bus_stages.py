# SPDX-License-Identifier: Apache-2.0
"""A bus with announcer and fare table: stages, transfers, a trip that is keyed wrong.

The same prices on both interpreters: tests/devices/test_bus_prices.py; a whole stand beside them
is more than the heap of its tests.
"""

from firmware.neighbours.announcer import ARRIVES, SILENT_MS
from tests.bus_table import TABLE
from tests.crew import a_crew


def a_bus():
    """A crew on line 12, driver signed on."""
    crew = a_crew("same_card_s: 0\n", table=TABLE, fares="fares.bin", announcer="serial:announcer")
    crew.key("on 4711")
    crew.key("line 12")
    return crew


def test_stage_should_be_priced_from_stop_to_key():
    """TD-034: the stop comes from the announcer, the stage from the driver's keys."""
    crew = a_bus()
    assert crew.announce(ARRIVES, 12, 1, 2) == []
    for line, fen, rule in (("4", 200, "stage"), ("to 6", 300, "stage"), ("9", 400, "stage")):
        assert crew.key(line)[0].startswith("ok driver 4711 shift 1, line 12 out stop 2 to")
        assert crew.tap(int(line[-1])) == "ok"
        values = crew.last()
        assert (values["amount_fen"], values["rule"], values["stop"]) == (fen, rule, 2)
        assert (values["fares_version"], values["trade_data"].hex()) == (
            1,
            "01%04x000c010002" % int(line[-1]),
        )
    assert crew.tap(1) == "ok" and crew.last()["amount_fen"] == 500  # used up: no stage keyed


def test_second_line_should_cost_less():
    """TD-034: a transfer from another line, once; not for the same way again."""
    crew = a_bus()
    crew.tap(1)
    assert crew.last()["amount_fen"] == 500
    crew.stand.clock.advance(600)
    crew.key("line 13")
    assert crew.tap(1) == "fare_changed" and crew.tap(1) == "concession"
    assert (crew.last()["amount_fen"], crew.last()["rule"]) == (150, "transfer")
    assert crew.tap(2) == "ok" and crew.last()["amount_fen"] == 250


def test_wrong_trip_should_warn_the_driver_and_cost_the_rider_nothing():
    """TD-033: the cheaper of what is keyed and what is announced; the driver is told once."""
    crew = a_bus()
    warned = crew.announce(ARRIVES, 13, 1, 4)
    warned += crew.announce(ARRIVES, 13, 1, 5)
    said = "note the announcer is on line 13 out, keyed is line 12 out: check line and direction"
    assert warned == [said]
    assert crew.tap(1) == "ok" and crew.last()["amount_fen"] == 250
    assert (crew.last()["line"], crew.last()["trade_data"].hex()) == (12, "010000000d010005")
    crew.key("line 13")
    assert crew.announce(ARRIVES, 13, 1, 6) == [] and crew.trade.trip.stop == 6
    assert crew.announce(ARRIVES, 13, 1, 3) == [
        "note the stops run against direction out: check line and direction"
    ]


def test_silent_announcer_should_leave_the_stop_to_the_keys():
    crew = a_bus()
    crew.announce(ARRIVES, 12, 1, 2)
    assert crew.key("stop 5") == ["error the announcer tells the stop"]
    crew.stand.clock.advance(SILENT_MS // 1000)
    assert crew.read(2) == ["note the announcer is silent: key the stop"]
    assert crew.key("stop 5") == ["ok driver 4711 shift 1, line 12 out stop 5"]


def test_line_without_a_fare_should_not_sell():
    """TD-034: no price is no fare, said on the panel and at the key."""
    crew = a_bus()
    crew.key("line 99")
    assert crew.tap(1) is None
    assert ("show", "No fare for this trip", 0) in crew.stand.log
    assert crew.key("group 2") == ["error no fare for 2 riders by one card: take fewer"]
    crew.key("line 12")
    assert crew.key("group 4") == ["error no fare for 4 riders by one card: take fewer"]
    assert crew.key("group 3")[0].endswith("group 3") and crew.tap(1) == "ok"
    assert crew.last()["amount_fen"] == 1500
