# SPDX-License-Identifier: Apache-2.0
"""Where the card lies: a PN532 at a serial line, or a contactless reader of PC/SC. A root.

    with opened("serial:/dev/ttyUSB0") as field: card = field.found(30)

`found(seconds)` gives the card that lies there, activated anew: an object with exchange(command,
spare=None); None where nobody came, and `why` says what the reader said last, or nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from firmware.errors import FormatError, LinkLost
from firmware.hal import cpython as hal
from firmware.reader.bus import Hsu
from firmware.reader.pn532 import Pn532

LOOK_MS = 200
PAUSE_S = 0.2


def ciphers():
    """Block ciphers of a module file, by word."""
    return hal.open_ciphers().CIPHERS


@contextmanager
def opened(text: str) -> Iterator["Pn532Field | PcscField"]:
    """A field by its name; FormatError for one that is none, LinkLost without a reader."""
    kind, colon, where = text.partition(":")
    if kind == "serial" and where:
        field: Pn532Field | PcscField = Pn532Field(where)
    elif kind == "pcsc":
        field = PcscField(where)
    else:
        raise FormatError(f"--reader: {text!r} is not serial:PATH or pcsc:NAME")
    try:
        yield field
    finally:
        field.close()


class Pn532Field:
    """A PN532 at a serial line."""

    why = ""

    def __init__(self, path: str):
        line = hal.open_serial(path, 115200)
        self._chip = Pn532(Hsu(line, hal), hal)
        self._chip.open()
        self._chip.power(True)

    def found(self, seconds: float):
        """The one card that is laid on; two are nobody's."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                cards = self._chip.find(LOOK_MS)
            except LinkLost:
                self._chip.recover()
                continue
            if len(cards) == 1:
                return cards[0]
        return None

    def close(self) -> None:
        """The field goes off."""
        with suppress(LinkLost):
            self._chip.power(False)


class PcscField:
    """A contactless reader that pcscd knows. LinkLost where it knows none of that name: a card may
    come later, a reader that is not there is a slip of the pen.
    """

    why = ""

    def __init__(self, name: str):
        self._slot = hal.open_pcsc(name)
        try:
            names = self._slot.names()
        except LinkLost as gone:
            raise LinkLost(f"no reader of PC/SC, or pcscd does not run: {gone}") from gone
        if not any(name in one for one in names):
            self._slot.close()
            raise LinkLost(f"--reader: none is called {name!r}; there are: {'; '.join(names)}")

    def found(self, seconds: float):
        """The card in the reader, powered anew."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._slot.reset()
                return self._slot
            except LinkLost as gone:  # no card yet; or somebody else has it
                self.why = str(gone)
                time.sleep(PAUSE_S)
        return None

    def close(self) -> None:
        """The card loses its power."""
        self._slot.close()
