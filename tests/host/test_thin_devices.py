# SPDX-License-Identifier: Apache-2.0
"""Door, till, coach and lane put together from a settings file: real files, pins and ptys."""

import contextlib
import os
import pty
import tty

import pytest

from firmware import hal
from firmware.assemble import open_trade
from firmware.errors import FormatError
from firmware.fares import trip
from firmware.formats import parameters
from firmware.settings import parse
from host_tools import allow_list
from host_tools.fares import build, source
from sim.pins import PinBench

FARES = """
version = 1
effective = 2026-01-01T00:00:00
ceiling_fen = 8000

[products.car]
kind = "time"
free_minutes = 15
leave_minutes = 20
lost_fen = 5000
windows = [{ step_minutes = 60, step_fen = 300 }]

[products.c1]
kind = "matrix"
stops = [1, 5]
fares = [
  [200],
  [1000, 200],
]
"""
CARDS = "version: 1\nhours: all daily 00:00-24:00\ncard: 6228000100000010 all\n"
BASE = "terminal: 1\nreader: serial:none\njournal: file:none\nparameters: none\nstop: 2\n"
FLEET = "fare_fen: 200\nca: RSA A000000333 F1 03 " + "C1" * 128 + "\n"


@pytest.fixture
def place(tmp_path):
    """Words of the settings: files that are there, a bench of pins, a line."""
    (tmp_path / "fares").write_bytes(build.build(source.parse(FARES)))
    (tmp_path / "allow").write_bytes(allow_list.build(CARDS, bytes(8)))
    master, slave = pty.openpty()
    tty.setraw(slave)
    with PinBench() as bench:
        yield {
            "fares": str(tmp_path / "fares"),
            "allow": str(tmp_path / "allow"),
            "pin": f"pty:{bench.path},door",
            "line": "serial:" + os.ttyname(slave),
            "store": "file:" + str(tmp_path / "store"),
            "bench": bench,
        }
    for fd in (master, slave):
        os.close(fd)


def opened(text):
    unit = parse(BASE + text)
    return open_trade(unit, parameters.parse(FLEET), hal, hal, lambda event: None)


UNITS = (
    ("device: access\nallow: {allow}\ndoor: {pin}", "door_ready"),
    ("device: shop\nprice_fen: 1200", "pay_amount"),
    ("device: shop\nconsole: {line}", "sign_on"),
    ("device: coach\nconsole: {line}\nfares: {fares}\nproduct: c1\npresold: 4", "sign_on"),
    (
        "device: parking\nlane: exit\nstore: {store}\nproduct: car\nfares: {fares}\n"
        "door: {pin}\nallow: {allow}",
        "lane_exit",
    ),
    (
        "device: parking\nlane: entry\nstore: {line}\nproduct: car\nfares: {fares}\ndoor: {pin}",
        "store_lost",
    ),
    (
        "device: toll\nlane: exit\nstore: {store}\ntwin: hub:none\nproduct: c1\nfares: {fares}\n"
        "door: {pin}\nloop: {pin}\nvehicle_class: 1",
        "lane_exit",
    ),
    (
        "device: toll\nlane: entry\nstore: {line}\nproduct: c1\nfares: {fares}\ndoor: {pin}\n"
        "console: {line}",
        "store_lost",
    ),
)


@pytest.mark.parametrize(("text", "message"), UNITS)
def test_unit_should_be_put_together_by_its_settings(text, message, place):
    trade = opened(text.format(**place))
    with contextlib.closing(trade):
        assert trade.offer().message == message


def test_prices_should_come_from_the_table(place):
    """A stay of an hour and a half, a trip and the way back, by the engine of firmware/fares."""
    now = (2026, 11, 21, 10, 0, 0)
    with contextlib.closing(opened(UNITS[4][0].format(**place))) as lane:
        began = (2026, 11, 21, 8, 30, 0)
        assert lane.tariff.stay("car", began, now).amount_fen == 600
        assert lane.tariff.stay("car", None, now).amount_fen == 5000
        assert lane.tariff.at(now).leave_minutes("car") == 20
    with contextlib.closing(opened(UNITS[3][0].format(**place))) as coach:
        for stops in ((1, 5), (5, 1)):
            asked = trip.new("c1", now, origin=stops[0], destination=stops[1])
            assert coach.tariff.price(asked).amount_fen == 1000


def test_strike_should_move_the_pin(place):
    trade = opened(UNITS[0][0].format(**place))
    with contextlib.closing(trade):
        assert trade.relay.pulse() and place["bench"].wait("door", 1, 2)
    assert place["bench"].wait("door", 0, 2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("device: access\nallow: {allow}\ndoor: {pin}\nlane: up", "lane"),
        ("device: access\nallow: {fares}\ndoor: {pin}", "allow list"),
        ("device: access\nallow: {allow}", "door"),
        ("device: shop", "console"),
        ("device: shop\nprice_fen: 0", "price_fen"),
        ("device: shop\nprice_fen: 10001", "price_fen"),
        ("device: shop\nconsole: tty", "console"),
        ("device: shop\nprice_fen: 5\nmeals: noon", "meals"),
        ("device: coach\nconsole: {line}\nfares: {allow}\nproduct: c1", "no signed file"),
        (
            "device: parking\nlane: exit\nstore: here\nproduct: car\nfares: {fares}\ndoor: {pin}",
            "store",
        ),
    ],
)
def test_settings_that_cannot_be_used_should_be_named(text, fault, place):
    with pytest.raises(FormatError, match=fault):
        opened(text.format(**place))
