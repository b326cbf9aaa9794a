# SPDX-License-Identifier: Apache-2.0
"""Which port and which pins, as text. A UART of a board: "1:tx=4,rx=5" is UART 1 with two pins;
"0" is UART 0 on its own pins. SPI and I2C: "0.0,irq=25,reset=24",
"1,sck=10,mosi=11,miso=12,cs=13", "1"; ":" does for the first comma.

Pure, so that it can be tested without a board.
"""

from firmware.errors import FormatError

# ACK and the longest answer are 281 bytes (pn532.md, 1) and the port's own ring holds 256
# (pn532.md, 2): PD-29
RECEIVE_RING = 512
PIN_NAMES = ("tx", "rx", "cts", "rts", "reset")
I2C_ADDRESS = 0x24
# What may stand behind a bus, with its default; None: not wired, or the port's own pin.
# hz: of the clock, PN532 6.2.4 and 6.2.5; free_us: between two transactions (pn532.md, 2: the
# data sheet's 1.3 is read as microseconds by some and as milliseconds by others); chip: of gpio
PINS = (("irq", None), ("reset", None), ("chip", 0))
BUSES = {
    "spi": PINS + (("sck", None), ("mosi", None), ("miso", None), ("cs", None), ("hz", 1000000)),
    "i2c": PINS + (("scl", None), ("sda", None), ("hz", None), ("free_us", 1300)),
}
MOST_HZ = {"spi": 5000000, "i2c": 400000}
SIMULATED = "pty:"  # pins of a simulator (pins_pty.py)


def read_wiring(where):
    """Return (UART number, [(pin name, pin number), ..]); FormatError when the text is neither."""
    number, _, pins = where.partition(":")
    return _whole(number, where), read_pins(pins, where, PIN_NAMES)


def read_bus(kind, where):
    """Return (bus number, device number or None, {name: number or None}) of "spi" or "i2c".

    FormatError when the text is none such, or asks for more than the PN532 can do.
    """
    number, _, pins = where.replace(":", ",", 1).partition(",")
    number, dot, device = number.partition(".")
    if dot and kind != "spi":
        raise FormatError("%s: %s has no devices" % (where, kind))
    wired = dict(BUSES[kind])
    wired.update(dict(read_pins(pins, where, tuple(wired))))
    if wired["hz"] is not None and not 0 < wired["hz"] <= MOST_HZ[kind]:
        raise FormatError("%s: hz is 1..%d" % (where, MOST_HZ[kind]))
    return _whole(number, where), _whole(device, where) if dot else None, wired


def read_pins(text, where, names):
    """[(name, number), ..] of "tx=4,rx=5"; FormatError for other names than `names`."""
    pins = []
    for pin in text.split(",") if text else ():
        name, _, value = pin.partition("=")
        if name not in names or name in [known for known, _ in pins]:
            raise FormatError("%s: no pin %s, or it stands twice" % (where, name))
        pins.append((name, _whole(value, where)))
    return pins


def read_pin(where):
    """(pin number, chip, low) of a single pin: "17", "17,low=1", "17,chip=4".

    low 1: active is the low level, as with a relay board or a contact to ground. FormatError.
    """
    number, _, rest = where.partition(",")
    wired = dict(read_pins(rest, where, ("chip", "low")))
    if wired.get("low", 0) > 1:
        raise FormatError("%s: low is 0 or 1" % where)
    return _whole(number, where), wired.get("chip", 0), wired.get("low", 0)


def read_simulated_pin(where):
    """(path, name) of "pty:PATH,NAME"; FormatError when it is not that."""
    path, comma, name = where[len(SIMULATED) :].rpartition(",")
    if not where.startswith(SIMULATED) or not path or not is_pin_name(name):
        raise FormatError("%s: not a pin number here, and not pty:PATH,NAME" % where)
    return path, name


# What may stand behind a display, with its default; bus: the number in front
DISPLAYS = {
    "ssd1306": (("columns", 16), ("rows", 4), ("address", None), ("scl", None), ("sda", None)),
    "hd44780": (("columns", 16), ("rows", 2), ("address", None), ("scl", None), ("sda", None)),
}


def read_display(where):
    """(kind, {name: number or None}, font path or "") of "ssd1306:1,address=60,font=/PATH".

    FormatError when it is not that.
    """
    text, _, font = where.partition(",font=")
    kind, _, text = text.partition(":")
    number, _, rest = text.partition(",")
    if kind not in DISPLAYS:
        raise FormatError("display: `%s` is not %s:BUS" % (where, "|".join(sorted(DISPLAYS))))
    wired: dict = dict(DISPLAYS[kind])
    wired.update(dict(read_pins(rest, where, tuple(wired))))
    if not 8 <= wired["columns"] <= 40 or not 1 <= wired["rows"] <= 4:
        raise FormatError("%s: columns are 8..40, rows 1..4" % where)
    wired["bus"] = _whole(number, where)
    return kind, wired, font


def is_pin_name(name):
    """1 to 16 of a..z, 0..9 and _."""
    odd = [c for c in name if not ("a" <= c <= "z" or "0" <= c <= "9" or c == "_")]
    return 0 < len(name) <= 16 and not odd


def uart_settings(baud, ring=0):
    """Keywords of machine.UART beside the pins: reads never wait, the ring holds an answer.

    ring: bytes, where an answer is longer than a chip's.
    """
    return {"baudrate": baud, "rxbuf": max(ring, RECEIVE_RING), "timeout": 0, "timeout_char": 0}


def _whole(text, where):
    if not text or [c for c in text if not "0" <= c <= "9"]:
        raise FormatError("%s: not a number: %s" % (where, text))
    return int(text)
