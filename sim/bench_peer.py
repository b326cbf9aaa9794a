# SPDX-License-Identifier: Apache-2.0
"""The terminal with somebody else's PN532 driver in place of ours: same kernel, device, journal.

    FARETAP_PEER=nfcpy python -m sim.bench_peer SETTINGS     (environment of tools/clients.sh)

Each driver is used as its own examples do: nfcpy by sense, activate and transceive, pn532pi by
readPassiveTargetID and inDataExchange, adafruit by read_passive_target and call_function. A tap
begins with the call that finds the card. What fails is a lost link; nobody heals it.
"""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module

import serial

from firmware import assemble, hal, main
from firmware.errors import LinkLost

PEER = os.environ.get("FARETAP_PEER", "")
LONGEST = 253  # status and 252 bytes: what pn532pi and adafruit can take
READ_S = 0.1  # time-out of the serial port in adafruit's examples


class PeerCard:
    """A card that was found; `exchange` by the driver, anything it raises is a lost link."""

    kind, sel_res, ats = "A", 0x20, b""

    def __init__(self, uid, talk, look_us):
        self.uid = bytes(uid)
        self.talk = talk
        self.look_us = look_us

    def exchange(self, command, spare=None):
        """The R-APDU. None of the drivers lets work be done while the card is busy."""
        try:
            answer = self.talk(command)
        except FAILURES as error:
            raise LinkLost(str(error)) from error
        if not answer:
            raise LinkLost("no answer")
        return bytes(answer)


class Peer(ABC):
    """The calls of a reader that the terminal needs; type A alone."""

    @abstractmethod
    def look(self):
        """(uid, talk(command) -> answer) of a card, None without one."""

    @abstractmethod
    def field(self, on):
        """Switch the field."""

    def find(self, timeout_ms):
        """[PeerCard] or []."""
        began = hal.ticks_ms()
        while True:
            look_us = hal.ticks_us()
            try:
                found = self.look()
            except FAILURES as error:
                raise LinkLost(str(error)) from error
            if found:
                uid, talk = found
                return [PeerCard(uid, talk, look_us)]
            if hal.ticks_diff(hal.ticks_ms(), began) >= timeout_ms:
                return []

    def power(self, on):
        """Switch the field."""
        try:
            self.field(on)
        except FAILURES as error:
            raise LinkLost(str(error)) from error

    def reset_field(self):
        """Off and on."""
        self.power(False)
        self.power(True)

    def recover(self):
        """Nothing is tried but the field."""
        try:
            self.reset_field()
        except LinkLost:
            return False
        return True


class Nfcpy(Peer):
    """nfcpy: 921600 baud and FSD 256 by itself, four commands a block."""

    def __init__(self, path):
        self.clf, self.tag = import_module("nfc.clf"), import_module("nfc.tag")
        self.frontend = self.clf.ContactlessFrontend()
        line = import_module("nfc.clf.transport").TTY(path)
        self.frontend.device = import_module("nfc.clf.pn532").init(line)
        self.chipset = self.frontend.device.chipset

    def look(self):
        target = self.frontend.sense(self.clf.RemoteTarget("106A"))
        tag = target and self.tag.activate(self.frontend, target)
        return (target.sdd_res, tag.transceive) if tag else None

    def field(self, on):
        self.chipset.rf_configuration(0x01, b"\x01" if on else b"\x00")


class Pn532pi(Peer):
    """pn532pi over its Hsu interface: 115200 baud, InDataExchange."""

    def __init__(self, path):
        self.device = hal.open_library("pn532pi", path)
        self.baud = import_module("pn532pi").pn532.PN532_MIFARE_ISO14443A_106KBPS
        self.device.setPassiveActivationRetries(0x01)

    def look(self):
        found, uid = self.device.readPassiveTargetID(cardbaudrate=self.baud, inlist=True)
        return (uid, self.talk) if found else None

    def talk(self, command):
        good, answer = self.device.inDataExchange(bytearray(command))
        return answer if good else b""

    def field(self, on):
        self.device.setRFField(0, int(on))


class Adafruit(Peer):
    """adafruit-circuitpython-pn532 over its UART class: 115200 baud, InDataExchange as a raw call,
    whose length the caller does not know.
    """

    def __init__(self, path):
        port = serial.Serial(path, 115200, timeout=READ_S)
        self.device = import_module("adafruit_pn532.uart").PN532_UART(port)
        self.device.call_function(0x32, params=b"\x05\x00\x01\x01")

    def look(self):
        try:
            uid = self.device.read_passive_target(timeout=0.5)
        except RuntimeError:  # its word for "not one card"
            return None
        return (uid, self.talk) if uid else None

    def talk(self, command):
        params = b"\x01" + command
        answer = self.device.call_function(0x40, response_length=LONGEST, params=params)
        return answer[1:] if answer and answer[0] == 0 else b""

    def field(self, on):
        self.device.call_function(0x32, params=b"\x01\x01" if on else b"\x01\x00")


PEERS: dict[str, Callable[[str], Peer]] = {
    "nfcpy": Nfcpy,
    "pn532pi": Pn532pi,
    "adafruit": Adafruit,
}
FAILURES: tuple = (OSError, RuntimeError, IndexError, ValueError, TypeError)


def failures():
    """What the driver in use raises; nfcpy has errors of its own."""
    if PEER != "nfcpy":
        return FAILURES
    names = ("nfc.clf", "CommunicationError"), ("nfc.tag", "TagCommandError")
    own = tuple(getattr(import_module(module), name) for module, name in names)
    return FAILURES + own + (import_module("nfc.clf.pn532").Chipset.Error,)


def open_peer(settings, hal_module, clock, report):
    """In place of assemble.open_reader."""
    return PEERS[PEER](settings.reader[1])


if __name__ == "__main__":
    FAILURES = failures()
    assemble.open_reader = open_peer
    main.main(sys.argv[1])
