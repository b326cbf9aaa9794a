# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""A PN532 behind somebody else's driver: pn532pi, adafruit-circuitpython-pn532. CPython.

    chip = BorrowedChip(Pn532pi(nfc), clock)       # nfc: pn532pi.Pn532, begun
    chip = BorrowedChip(Adafruit(pn532), clock)    # pn532: adafruit_pn532.uart.PN532_UART

Same calls as Pn532. Neither library takes an answer over 252 bytes (pn532.md, 5.1), and no one can
know how long the last record is before the card has debited for it. So no card is asked for more
than such a driver can carry: cards of type A speak by our own ISO-DEP in blocks of 128 bytes, a
long record comes in several. Type B, for which there is only the chip's ISO-DEP, is polled, so
that two technologies are a collision, and not served.
"""

import sys

from firmware.errors import FormatError, LinkLost
from firmware.reader import opening
from firmware.reader.iso_dep import IN_COMMUNICATE_THRU, READ_REGISTER, IsoDepCard
from firmware.reader.pn532 import GET_FIRMWARE_VERSION, IN_LIST_PASSIVE_TARGET, Pn532
from firmware.reader.status import silence

BLOCK = 128  # FSD, and the longest block to a card
LIMITS = (
    "115200 baud, cards of type A alone, blocks of %d bytes, own ISO-DEP, no speed above"
    " 106 kbit/s, no trace of frames" % BLOCK
)
TWO_CARDS = 1 + 2 * 26  # type B: Tg, ATQB, ATTRIB_RES; type A without ATS is shorter
# Longest answers behind TFI and code: a library may have to be told how many bytes to wait for
LENGTHS = {
    GET_FIRMWARE_VERSION: 4,
    READ_REGISTER: 2,
    IN_LIST_PASSIVE_TARGET: TWO_CARDS,
    IN_COMMUNICATE_THRU: 1 + BLOCK - 2,  # status; the chip keeps the CRC
}
ACK_MS = 50


def open_reader(kind, where, hal, clock, report):
    """BorrowedChip on the port at `where`; its limits are reported. LinkLost without a chip,
    FormatError without the library.
    """
    if not hasattr(hal, "open_library"):
        raise FormatError("reader: %s needs CPython" % kind)
    library = (Pn532pi if kind == "pn532pi" else Adafruit)(hal.open_library(kind, where))
    chip = BorrowedChip(library, clock)
    chip.open()
    report({"event": "reader_limits", "driver": library.name, "text": LIMITS})
    return chip


class ShortBlocks(IsoDepCard):
    """A card that is asked for blocks of 128 bytes: FSDI 7 in place of the 8 of QT-057."""

    rats = b"\xe0\x70"
    most_sent = BLOCK


class BorrowedChip(Pn532):
    """The chip behind `library`: an Adafruit or a Pn532pi, or what gives the same."""

    def __init__(self, library, clock):
        super().__init__(library, clock, own_card=ShortBlocks)
        self._library = library

    def open(self):
        """Set the chip up at the library's speed; return `version`, ChipError if it is silent."""
        self._set_up()
        return self.version

    def _set_up(self, slowest=0):
        self.command(opening.SAM_CONFIGURATION, opening.SAM_NORMAL, opening.SHORT_MS)
        self.version = self.command(GET_FIRMWARE_VERSION, b"", opening.SHORT_MS)
        opening.configure(self)
        self.power(False)  # QT-034

    def recover(self):
        """True when the chip could be set up again; the library's line is opened anew."""
        try:
            self._library.reopen()
            self._set_up()
            self.reset_field()
        except LinkLost:
            return False
        return True

    def _activated(self, card):
        """[] for a card that this reader cannot serve: no APDU goes to it."""
        return super()._activated(card) if card.kind == "A" else []

    def _ask(self, code, data, timeout_ms, spare):
        library = self._library
        try:
            library.send(code, data)
            while spare and not library.waiting() and spare():  # PD-28
                pass
            answer = library.receive(code, LENGTHS.get(code, 0), timeout_ms)
        except library.failures as error:
            library.drain()
            raise silence(code, "%s: %s" % (library.name, error))
        if answer is None:
            library.drain()  # a late answer must not be taken for that of the next command
            return None
        return bytes(answer)


# What the libraries raise for a damaged or a missing answer; AssertionError and ValueError for a
# command that is too long, IndexError for an error frame.
FAILURES = (LinkLost, OSError, RuntimeError, IndexError, ValueError, TypeError, AssertionError)


class Adafruit:
    """The calls of an adafruit_pn532 object. Of `call_function` the two halves are used."""

    name = "adafruit-circuitpython-pn532"
    baud = 115200

    def __init__(self, pn532):
        self._pn532 = pn532
        self._port = getattr(pn532, "_uart", None)  # I2C and SPI have none
        own = sys.modules.get("adafruit_pn532.adafruit_pn532")
        self.failures = FAILURES + ((own.BusyError,) if own else ())

    def send(self, code, data):
        """Write a command and take its ACK; one of `failures` when there is none."""
        if not self._pn532.send_command(code, data, ACK_MS / 1000):
            raise LinkLost("no ACK")

    def waiting(self):
        """Whether the answer has begun to arrive, as far as one can know."""
        return self._port is None or self._port.in_waiting > 0

    def receive(self, code, count, timeout_ms):
        """The answer behind TFI and code, at most `count` bytes; None: none in time."""
        return self._pn532.process_response(code, count, timeout_ms / 1000)

    def rest(self, duration_ms):
        """Let time pass, throwing away what arrives."""
        listen(self._port, duration_ms)

    def drain(self):
        """Throw away what arrives until the line is quiet."""
        quiet(self._port)

    def reopen(self):
        """Open the line anew, as far as it can be; LinkLost when it is gone."""
        reopened(self._port)
        self._pn532.low_power = True  # it wakes the chip before its next command


class Pn532pi:
    """The calls of a pn532pi object: its interface is used, without the layers above."""

    name = "pn532pi"
    baud = 115200
    failures = FAILURES

    def __init__(self, nfc):
        self._interface = nfc._interface
        self._port = getattr(self._interface, "_serial", None)

    def send(self, code, data):
        """As Adafruit's; the library waits 10 ms for the ACK, which may take 15."""
        if self._interface.writeCommand(bytearray((code,)), bytearray(data)):
            raise LinkLost("no ACK in 10 ms")

    def waiting(self):
        """As Adafruit's."""
        return self._port is None or self._port.in_waiting > 0

    def receive(self, code, count, timeout_ms):
        """As Adafruit's; the library tells no silence from a frame it cannot read."""
        length, answer = self._interface.readResponse(timeout_ms)
        return None if length < 0 else answer

    def rest(self, duration_ms):
        """As Adafruit's."""
        listen(self._port, duration_ms)

    def drain(self):
        """As Adafruit's: the library itself would take one byte a command out of what is left of
        a frame, and fail for good.
        """
        quiet(self._port)

    def reopen(self):
        """As Adafruit's."""
        reopened(self._port)
        self._interface.wakeup()


QUIET_MS, QUIET_LIMIT_MS = 5, 60  # the longest frame takes 25 ms at 115200 baud
HOST_ACK = b"\x00\x00\xff\x00\xff\x00"


def listen(port, duration_ms):
    """Wait `duration_ms` on the port; whatever comes is thrown away. Returns the bytes that came.

    A port-less interface (I2C, SPI) sends nothing by itself: time is let pass by the selector.
    """
    if port is None:
        import select  # of CPython, where these libraries live

        select.select((), (), (), duration_ms / 1000)
        return b""
    before, port.timeout = port.timeout, duration_ms / 1000
    try:
        return port.read(512)
    finally:
        port.timeout = before


def quiet(port):
    """Stop the running command and read until nothing has come for 5 ms, 60 ms at the most."""
    if port is None:
        return
    try:
        port.write(HOST_ACK)
        for _ in range(QUIET_LIMIT_MS // QUIET_MS):
            if not listen(port, QUIET_MS):
                return
    except OSError:
        pass  # the line has gone: the next command says so


def reopened(port):
    """Close and open a port; LinkLost when it is not there any more."""
    if port is None:
        return
    try:
        port.close()
        port.open()
    except OSError as error:
        raise LinkLost(str(error))
