# SPDX-License-Identifier: Apache-2.0
"""Single pins: wiring texts, the simulator's pty on both interpreters, gpiod and machine."""

import os
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import hal
from firmware.errors import FormatError, LinkLost
from firmware.hal.wiring import read_pin, read_simulated_pin
from sim.pins import PinBench
from tests.host.test_hal_buses import MACHINE
from tests.host.unix_port import run_micropython


def test_wiring_of_a_pin_should_name_number_chip_and_level():
    assert read_pin("17") == (17, 0, 0)
    assert read_pin("17,low=1,chip=4") == (17, 4, 1)
    assert read_simulated_pin("pty:/dev/pts/7,relay_a") == ("/dev/pts/7", "relay_a")


@pytest.mark.parametrize("text", ["", "x", "17,low=2", "17,up=1", "17,low=1,low=1", "-1"])
def test_wrong_wiring_of_a_pin_should_be_a_format_error(text):
    with pytest.raises(FormatError, match=":"):
        read_pin(text)


@pytest.mark.parametrize("text", ["pty:", "pty:/dev/x", "pty:,a", "pty:/x,A", "pty:/x,a-b", "17"])
def test_wrong_simulated_pin_should_be_a_format_error(text):
    with pytest.raises(FormatError, match="pty:PATH,NAME"):
        read_simulated_pin(text)


@given(st.text(alphabet="0123456789,=lowchipty:/ab_", max_size=30))
def test_any_text_should_be_a_pin_or_refused(text):
    for read in (read_pin, read_simulated_pin):
        try:
            read(text)
        except FormatError:
            pass


def until(true, limit_s=3.0):
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_simulator_should_see_outputs_and_set_inputs():
    with PinBench() as bench:
        bench.set("fire", 1)
        relay = hal.open_output("pty:%s,relay" % bench.path)
        fire = hal.open_input("pty:%s,fire" % bench.path)
        assert bench.wait("relay", 0, 3)
        until(lambda: fire.get() == 1)
        relay.set(1)
        assert bench.wait("relay", 1, 3)
        bench.set("fire", 0)
        until(lambda: fire.get() == 0)
        relay.close()
        relay.close()
        assert bench.wait("relay", 0, 3) and len(bench.pulses("relay")) == 1
        fire.close()
        again = hal.open_input("pty:%s,fire" % bench.path)  # the line was given back
        assert again.get() == 0
        again.close()


def test_noise_of_a_simulator_should_be_passed_over():
    with PinBench() as bench:
        bench.set("fire", 1)
        fire = hal.open_input("pty:%s,fire" % bench.path)
        until(lambda: fire.get() == 1)
        os.write(bench.master, b"=1\nfire=2\n\xff\xfe=1\nother=1\nfire\n" + b"x" * 900)
        os.write(bench.master, b"fire=1\nfire=0\n")  # the first ends the long line
        until(lambda: fire.get() == 0)
        assert len(fire.bench.rest) <= 32 and fire.bench.levels == {"fire": 0}
        fire.close()


def test_pin_without_its_simulator_should_be_a_lost_link(tmp_path):
    with pytest.raises(LinkLost):
        hal.open_output("pty:%s,relay" % (tmp_path / "absent"))
    with pytest.raises(FormatError):
        hal.open_input("fire")


def test_unix_port_should_drive_the_same_bench():
    with PinBench() as bench:
        bench.set("fire", 1)
        printed = run_micropython(
            "path = %r\n" % bench.path + "relay = hal.open_output('pty:' + path + ',relay')\n"
            "fire = hal.open_input('pty:' + path + ',fire')\n"
            "begin = hal.ticks_ms()\n"
            "while not fire.get() and hal.ticks_diff(hal.ticks_ms(), begin) < 3000: pass\n"
            "relay.set(1)\nrelay.set(0)\nrelay.set(1)\nshow(fire.get())\n"
            "relay.close()\nfire.close()\n"
            "try: hal.open_input('17')\nexcept FormatError as error: show(str(error))\n"
        )
        assert printed[0] == 1 and "pty:PATH,NAME" in printed[1]
        assert bench.wait("relay", 0, 3) and len(bench.pulses("relay")) == 2


class FakeRequest:
    """gpiod.LineRequest of one line; `levels` is the pin, by what is active."""

    def __init__(self, config, log):
        self.config, self.log = config, log

    def set_value(self, number, value):
        self.log.append((number, value))

    def get_value(self, number):
        return self.log[-1][1]

    def release(self):
        self.log.append("released")


def gpiod(log):
    """As far as pins_gpiod.py uses it; names held against gpiod 2.5."""

    def request_lines(path, config, consumer):
        if path != "/dev/gpiochip0":
            raise FileNotFoundError(2, path)
        log.append((path, dict(config)))
        return FakeRequest(config, log)

    line = SimpleNamespace(
        Direction=SimpleNamespace(INPUT="in", OUTPUT="out"),
        Bias=SimpleNamespace(PULL_UP="up", PULL_DOWN="down"),
        Value=SimpleNamespace(ACTIVE="active", INACTIVE="inactive"),
    )
    return SimpleNamespace(line=line, LineSettings=dict, request_lines=request_lines)


def test_linux_pins_should_go_by_gpiod(monkeypatch):
    log: list = []
    monkeypatch.setitem(sys.modules, "gpiod", gpiod(log))
    relay = hal.open_output("17,low=1")
    assert log.pop() == (
        "/dev/gpiochip0",
        {17: {"direction": "out", "active_low": True, "output_value": "inactive"}},
    )
    relay.set(1)
    relay.close()
    relay.close()
    assert log == [(17, "active"), (17, "inactive"), "released"]
    log.clear()
    fire = hal.open_input("5")
    assert log[0][1] == {5: {"direction": "in", "active_low": False, "bias": "down"}}
    log.append((5, "active"))
    assert fire.get() == 1
    with pytest.raises(LinkLost, match="gpiochip4"):
        hal.open_output("17,chip=4")
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(FormatError, match=r"faretap\[buses\]"):
        hal.open_output("17")


def test_board_pins_should_go_by_machine():
    """machine.Pin as a stand-in has it; no board was used."""
    printed = run_micropython(
        MACHINE.replace("PULL_UP = 1, 2, 3", "PULL_UP, PULL_DOWN = 1, 2, 3, 4")
        + "relay = pins_board.open_output('15,low=1')\nrelay.set(1)\nrelay.close()\n"
        "fire = pins_board.open_input('14,low=1')\n"
        "got = [fire.get() for _ in range(3)]\nshow(log)\nshow(got)\n"
        "try: pins_board.open_input('14,chip=1')\nexcept FormatError as error: show(str(error))\n"
    )
    assert printed[0] == [["pin", 15], ["set", 15, 0], ["set", 15, 1], ["pin", 14]]
    assert printed[1] == [0, 0, 1] and "no chip=" in printed[2]
