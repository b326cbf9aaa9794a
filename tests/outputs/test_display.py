# SPDX-License-Identifier: Apache-2.0
"""Two lines on few rows; frames of the voice module; a panel of several that may fail."""

from firmware.errors import FormatError, LinkLost
from firmware.neighbours.line import Neighbour
from firmware.outputs.display import Display, broken, width
from firmware.outputs.output import Output
from firmware.outputs.together import RETRY_MS, Together
from firmware.outputs.voice import Module, Voice, frame, read_setting
from tests.hand_clock import HandClock


class Screen:
    """Rows of a size."""

    def __init__(self, columns, rows, chinese):
        self.columns, self.rows, self.chinese = columns, rows, chinese
        self.standing, self.writes, self.is_gone, self.closed = [], [], False, False

    def write(self, rows, changed):
        if self.is_gone:
            raise LinkLost("display 1: no answer")
        self.standing = list(rows)
        self.writes.append(list(changed))

    def close(self):
        self.closed = True


PAID = ("已付2.00元 余额98.00元", "Paid 2.00, balance 98.00")


def test_lines_should_break_at_blanks():
    assert width("已付2.00元") == 10 and width("Paid") == 4
    assert broken("Paid 2.00, balance 98.00", 16) == ["Paid 2.00,", "balance 98.00"]
    assert broken(PAID[0], 16) == ["已付2.00元", "余额98.00元"]
    assert broken("Donaudampfschifffahrt x", 16) == ["Donaudampfschiff", "x"]
    assert broken("", 16) == [""]


def test_oled_should_show_chinese_above_english():
    """TD-003: amount and balance stand in both languages."""
    screen = Screen(16, 4, True)
    display = Display(lambda: screen)
    display.open()
    display.show(*PAID)
    assert screen.standing == ["已付2.00元", "余额98.00元", "Paid 2.00,", "balance 98.00"]


def test_letters_should_show_english_alone():
    for columns, rows, standing in (
        (16, 2, ["Paid 2.00,", "balance 98.00"]),
        (20, 4, ["Paid 2.00, balance", "98.00", "", ""]),
        (40, 1, ["Paid 2.00, balance 98.00"]),
    ):
        screen = Screen(columns, rows, False)
        display = Display(lambda shown=screen: shown)
        display.open()
        display.show(*PAID)
        assert screen.standing == standing


def test_rows_that_stand_should_not_be_written_again():
    screen = Screen(16, 2, False)
    display = Display(lambda: screen)
    display.open()
    display.show(*PAID)
    display.show(*PAID)
    display.show("", "Paid 2.00, balance 97.00")
    assert screen.writes == [[0, 1], [1]]
    display.close()
    display.show(*PAID)
    assert screen.closed and len(screen.writes) == 2


def test_voice_frames_should_be_those_of_the_module():
    """DFRobot's library sends volume 30 as FE D7; the sum of all and SUM is zero."""
    assert frame(6, 0, 30).hex() == "7eff060600001efed7ef"
    assert frame(15, 1, 6).hex() == "7eff060f000106fee5ef"
    for number in (1, 128, 255):
        data = frame(15, 1, number)
        assert (sum(data[1:7]) + (data[7] << 8) + data[8]) & 0xFFFF == 0 and len(data) == 10


class Line:
    """A byte stream that remembers."""

    def __init__(self):
        self.sent, self.is_gone = b"", False

    def read(self, count, timeout_ms):
        if self.is_gone:
            raise LinkLost("voice line: hung up")
        return b"\x7e\xff\x06\x40\x00\x00\x00\xfe\xbb\xef\xff"

    def write(self, data):
        self.sent += data

    def close(self):
        pass


def test_voice_should_say_the_last_prompt_at_its_volume():
    clock, line = HandClock(), Line()
    module = Module(20)

    def opener():
        module.restart()
        return line

    voice = Voice(Neighbour(opener, module, clock))
    voice.voice(4)
    voice.open()  # what was asked for before the line was there is of no use any more
    assert line.sent == frame(6, 0, 20)
    line.sent = b""
    module.say(4)
    voice.voice(9)
    voice.voice(0)
    voice.voice(256)
    assert line.sent == frame(15, 1, 9)
    line.is_gone = True
    try:
        voice.refresh()
    except LinkLost as gone:
        assert "hung up" in str(gone)
    else:
        raise AssertionError("a lost line was not told")


def test_voice_setting_should_be_read_or_refused():
    assert read_setting("serial:/dev/ttyUSB1") == ("/dev/ttyUSB1", None)
    assert read_setting("serial:1:tx=8,rx=9 volume=25") == ("1:tx=8,rx=9", 25)
    for text in (
        "",
        "serial:",
        "usb:1",
        "serial:/x volume=31",
        "serial:/x volume=",
        "serial:/x a",
    ):
        try:
            read_setting(text)
        except FormatError as error:
            assert "voice" in str(error)
        else:
            raise AssertionError(text)


class Ram(Output):
    """Everything a panel is told."""

    def __init__(self, name="ram"):
        self.name, self.log, self.is_gone, self.opened = name, [], False, 0

    def _note(self, what):
        if self.is_gone:
            raise LinkLost(self.name + " is gone")
        self.log.append(what)

    def open(self):
        self.opened += 1
        self._note("open")

    def lamp(self, colour):
        self._note(colour)

    def beep(self, kind):
        self._note(kind)

    def show(self, line1, line2):
        self._note(line2)

    def voice(self, number):
        self._note(number)


def test_a_failing_output_should_be_told_once_and_stop_nothing():
    clock, events = HandClock(), []
    first, good, bad = Ram("first"), Ram("good"), Ram("display")
    panel = Together(first, [good, bad], clock, events.append)
    bad.is_gone = True
    for _ in range(3):
        panel.show("已付", "Paid")
        panel.lamp("green")
        panel.beep("ok")
        panel.voice(1)
        panel.refresh()
    assert good.log == ["open"] + ["Paid", "green", "ok", 1] * 3
    assert first.log == ["Paid", "green", "ok", 1] * 3
    assert events == [{"event": "output", "output": "display", "text": "display is gone"}]


def test_an_output_that_returns_should_show_what_stands():
    clock, events = HandClock(), []
    late = Ram("display")
    late.is_gone = True
    panel = Together(Ram(), [late], clock, events.append)
    panel.show("拒绝", "Declined")
    panel.lamp("red")
    for _ in range(4):  # tried now and then, not at each turn
        clock.ms += RETRY_MS // 2
        panel.refresh()
    assert late.opened == 3 and len(events) == 1
    late.is_gone = False
    clock.ms += RETRY_MS
    panel.refresh()
    assert late.log == ["open", "Declined", "red"] and events[-1]["text"] == ""
    panel.beep("no")
    assert late.log[-1] == "no"


def test_outputs_that_can_never_be_should_stop_the_start_alone():
    class Wrong(Ram):
        def open(self):
            raise FormatError("display: install the driver")

    try:
        Together(Ram(), [Wrong()], HandClock(), None)
    except FormatError as error:
        assert "install" in str(error)
    else:
        raise AssertionError("a display without a library was taken")
