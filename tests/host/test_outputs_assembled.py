# SPDX-License-Identifier: Apache-2.0
"""The whole terminal with lamps, buzzer and voice module beside it, on both interpreters; displays
over stand-ins of their libraries.
"""

import os
import pty
import sys
import time
import tty
from types import SimpleNamespace

import pytest

from firmware import hal
from firmware.errors import FormatError, LinkLost
from firmware.outputs.display import Display
from firmware.outputs.voice import frame
from host_tools.cli.runtime import BOARD_HEAP_KIB, runtime_command
from sim.kinds import KINDS
from sim.pins import PinBench
from sim.rig import Rig
from sim.timing import Timing
from tests.host.unix_port import micropython, run_micropython

ADULTS = [kind for kind in KINDS if kind.name in ("adult-1", "deny-listed")]


def until(true, limit_s=10.0):
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_tap_should_be_seen_and_heard(tmp_path, runtime):
    """TD-002, TD-016: tones at power and when ready; green and one tone; red, another prompt."""
    if runtime == "micropython":
        micropython()
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    heard = bytearray()

    def voice():
        try:
            heard.extend(os.read(master, 400))
        except BlockingIOError:
            pass
        return bytes(heard)

    with PinBench() as bench:
        pins = " ".join("%s=pty:%s,%s" % (one, bench.path, one) for one in NAMES)
        more = "outputs: %s\nvoice: serial:%s volume=20\n" % (pins, os.ttyname(slave))
        rig = Rig(tmp_path, runtime_command(runtime, BOARD_HEAP_KIB)[:3], Timing.none(), ADULTS,
                  more=more)  # fmt: skip
        with rig:
            until(lambda: len(bench.pulses("buzzer")) == 3 and bench.level("blue"))
            assert bench.level("green") == bench.level("red") == 0
            until(lambda: voice().startswith(frame(6, 0, 20)))
            rig.field.place(rig.cards["adult-1"])
            assert bench.wait("green", 1, 10)
            until(lambda: voice().endswith(frame(15, 1, 1)))
            until(lambda: len(bench.pulses("buzzer")) == 4)
            rig.field.place(rig.cards["deny-listed"])
            until(lambda: voice().endswith(frame(15, 1, 14)))
            until(lambda: len(bench.pulses("red")) >= 2)  # it blinks
        assert bench.level("green") == 0
    os.close(master)
    os.close(slave)


NAMES = ("blue", "green", "amber", "red", "buzzer")


def test_a_voice_module_that_is_not_there_should_stop_no_sale(tmp_path):
    more = "voice: serial:%s\n" % (tmp_path / "absent")
    with Rig(tmp_path, runtime_command("cpython", BOARD_HEAP_KIB)[:3], Timing.none(), ADULTS,
             more=more) as rig:  # fmt: skip
        told = [one for one in rig.begun if one["event"] == "output"]
        assert [one["output"] for one in told] == ["voice"] and "absent" in told[0]["text"]
        rig.field.place(rig.cards["adult-1"])
        outcomes = []

        def approved():
            event = rig.firmware.next_event(0.1)
            outcomes.append(event and event.get("outcome"))
            return "approved" in outcomes

        until(approved)


class Lcd:
    """RPLCD.i2c.CharLCD as display_cpython.py uses it; names held against RPLCD 1.4."""

    made: list = []
    gone = False

    def __init__(self, i2c_expander, address, port, cols, rows, auto_linebreaks):
        if self.gone:
            raise OSError(121, "Remote I/O error")
        self.settings = (i2c_expander, address, port, cols, rows, auto_linebreaks)
        self.cursor_pos, self.cells = (0, 0), [" " * cols] * rows
        Lcd.made.append(self)

    def write_string(self, text):
        if self.gone:
            raise OSError(121, "Remote I/O error")
        self.cells[self.cursor_pos[0]] = text

    def close(self, clear):
        assert clear


def test_linux_should_write_to_an_hd44780_by_rplcd(monkeypatch):
    monkeypatch.setitem(sys.modules, "RPLCD", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "RPLCD.i2c", SimpleNamespace(CharLCD=Lcd))
    display = Display(lambda: hal.open_display("hd44780:1,columns=20,rows=4"))
    display.open()
    display.show("已付2.00元", "Paid 2.00, balance 98.00")
    (lcd,) = Lcd.made
    assert lcd.settings == ("PCF8574", 0x27, 1, 20, 4, False)
    assert [one.rstrip() for one in lcd.cells] == ["Paid 2.00, balance", "98.00", "", ""]
    monkeypatch.setattr(Lcd, "gone", True)
    with pytest.raises(LinkLost, match="Remote I/O"):
        display.show("", "Declined")
    with pytest.raises(LinkLost):
        display.open()


def test_displays_without_library_or_sense_should_be_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "RPLCD", None)
    for where in ("ssd1306:1", "hd44780:1"):
        with pytest.raises(FormatError, match=r'pip install "faretap\[displays\]"'):
            hal.open_display(where)
    for where in ("", "oled:1", "ssd1306", "ssd1306:x", "hd44780:1,rows=9", "hd44780:1,baud=1"):
        with pytest.raises(FormatError):
            hal.open_display(where)


BOARD = """
import sys
class Thing: pass
log = []
machine = Thing()
machine.Pin = lambda number: number
def i2c(number, **settings):
    log.append([number, sorted(settings)])
machine.I2C = i2c
class Oled:
    def __init__(self, width, height, bus, address): log.append([width, height, address])
    def fill(self, colour): log.append("fill")
    def text(self, words, x, y): log.append([words, x, y])
    def show(self): log.append("show")
ssd1306 = Thing()
ssd1306.SSD1306_I2C = Oled
sys.modules["machine"], sys.modules["ssd1306"] = machine, ssd1306
from firmware.hal import display_board
screen = display_board.open_display("ssd1306:0,sda=4,scl=5")
screen.write(["Paid 2.00,", "balance 98.00", "", ""], [0])
show(log)
try: display_board.open_display("hd44780:0")
except FormatError as error: show(str(error))
"""


def test_board_should_write_to_an_ssd1306_by_its_library():
    """Stand-ins of machine and of micropython-lib's driver; no board was used."""
    log, told = run_micropython(BOARD)
    assert log[:2] == [[0, ["freq", "scl", "sda"]], [128, 64, 0x3C]]
    assert log[3] == ["Paid 2.00,", 0, 4] and log[4] == ["balance 98.00", 0, 20]
    assert log[-1] == "show" and "install the driver" in told
