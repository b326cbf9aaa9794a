# SPDX-License-Identifier: Apache-2.0
"""Which UART and which pins, as text: "1:tx=4,rx=5" is UART 1 with two pins; "0" is UART 0 on its
own pins.

Pure, so that it can be tested without a board.
"""

from firmware.errors import FormatError

# ACK and the longest answer are 281 bytes (pn532.md, 1) and the port's own ring holds 256
# (pn532.md, 2): PD-29
RECEIVE_RING = 512
PIN_NAMES = ("tx", "rx", "cts", "rts")


def read_wiring(where):
    """Return (UART number, [(pin name, pin number), ..]); FormatError when the text is neither."""
    number, _, pins = where.partition(":")
    wired = []
    for pin in pins.split(",") if pins else ():
        name, _, value = pin.partition("=")
        if name not in PIN_NAMES:
            raise FormatError("%s: no pin %s" % (where, name))
        wired.append((name, _whole(value, where)))
    return _whole(number, where), wired


def uart_settings(baud):
    """Keywords of machine.UART beside the pins: reads never wait, the ring holds an answer."""
    return {"baudrate": baud, "rxbuf": RECEIVE_RING, "timeout": 0, "timeout_char": 0}


def _whole(text, where):
    if not text.isdigit():
        raise FormatError("%s: not a number: %s" % (where, text))
    return int(text)
