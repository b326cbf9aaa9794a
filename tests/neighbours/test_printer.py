# SPDX-License-Identifier: Apache-2.0
"""A receipt printer: what is sent, and what is known of each slip."""

from firmware.neighbours.printer import CHUNK, PRINT_MS, SILENT_MS, Printer

THERE, NO_PAPER = b"\x12", b"\x72"
DONE, RAN_OUT = b"\x00", b"\x0c"


def ready():
    """A Printer that has answered at 0 ms."""
    printer = Printer()
    assert printer.outgoing(0) == b"\x10\x04\x04" and printer.fault == "printer_fault"
    assert printer.feed(THERE, 0) == [] and printer.fault == ""
    return printer


def sent(printer, now_ms):
    """All that it sends at a moment."""
    data = b""
    while True:
        more = printer.outgoing(now_ms)
        assert len(more) <= CHUNK
        if not more:
            return data
        data += more


def test_slip_should_be_sent_whole_and_answered():
    """GS ( k: store the text, print it; then the cut and the question that is answered last."""
    printer = ready()
    assert printer.print(7, ("TICKET 7",), "FT1:" + "A" * 300)
    data = sent(printer, 10)
    assert data.startswith(b"\x1b\x40\x1b\x61\x01TICKET 7\n\x1d(k")
    assert b"\x1d(k\x33\x011P0FT1:AAA" in data  # 304 bytes and 3
    assert data.endswith(b"\x1dVB\x00\x1dr\x01")
    assert printer.feed(THERE, 20) == []  # of an earlier question
    assert printer.feed(DONE, 900) == [("printed", 7)]
    assert printer.outgoing(2000) == b"\x10\x04\x04"


def test_question_should_not_fall_into_a_slip():
    printer = ready()
    printer.print(7, (), "FT1:" + "A" * 300)
    first = printer.outgoing(5000)
    assert b"\x10\x04" not in first + sent(printer, 9000)


def test_end_of_paper_should_be_known():
    """Before a slip, in it, and it ends when there is some."""
    printer = ready()
    printer.feed(NO_PAPER, 100)
    assert printer.fault == "no_paper"
    printer.print(7, (), "A")
    assert printer.feed(b"", 200) == [("failed", 7)]
    printer.feed(THERE, 1200)
    printer.print(8, (), "A")
    sent(printer, 1300)
    assert printer.feed(RAN_OUT, 2000) == [("failed", 8)] and printer.fault == "no_paper"


def test_silence_should_be_a_fault_and_fail_the_slip():
    """TD-019: never waited for without an end."""
    printer = ready()
    printer.feed(b"", SILENT_MS)
    assert printer.fault == "printer_fault"
    printer = ready()
    printer.print(7, (), "A")
    sent(printer, 10)
    assert printer.feed(b"", PRINT_MS) == [] and printer.fault == ""
    assert printer.feed(b"", 10 + PRINT_MS) == [("failed", 7)]


def test_noise_should_neither_print_nor_crash():
    printer = ready()
    for byte in range(256):
        assert printer.feed(bytes((byte,)), byte) == []
    for number in range(9):
        assert printer.print(number, (), "A") == (number < 4)
