# SPDX-License-Identifier: Apache-2.0
"""pn532pi over a path. Its constructor knows two names of a Raspberry Pi and is passed by."""

from importlib.metadata import version

from dialogue import converse
from pn532pi import Pn532, Pn532Hsu
from serial import Serial


def over(path):
    """A Pn532Hsu as its constructor leaves it, on another line."""
    hsu = Pn532Hsu.__new__(Pn532Hsu)
    hsu._serial = Serial(path, baudrate=115200, timeout=100)
    hsu._serial.close()
    hsu.command = 0
    return hsu


def connect(path):
    hsu = over(path)
    reader = Pn532(hsu)
    reader.begin()
    if not reader.getFirmwareVersion():
        raise LookupError("getFirmwareVersion gave nothing")
    if not reader.SAMConfig():
        raise LookupError("SAMConfig gave False")
    found, uid = reader.readPassiveTargetID(cardbaudrate=0, inlist=True)
    if not found:
        raise LookupError("readPassiveTargetID gave False")

    def exchange(c_apdu):
        done, r_apdu = reader.inDataExchange(bytearray(c_apdu))
        if not done:
            raise LookupError("inDataExchange gave False, %d bytes" % len(r_apdu))
        return r_apdu

    return "pn532pi " + version("pn532pi"), uid, None, exchange, hsu._serial.close


converse(connect)
