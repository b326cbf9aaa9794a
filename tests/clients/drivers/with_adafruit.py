# SPDX-License-Identifier: Apache-2.0
"""adafruit-circuitpython-pn532 over a path, by call_function: it has no call for APDUs."""

from importlib.metadata import version

from adafruit_pn532.uart import PN532_UART
from dialogue import converse
from serial import Serial

IN_DATA_EXCHANGE = 0x40
LONGEST = 259  # status and 258 bytes: the caller has to say how much may come


def connect(path):
    port = Serial(path, 115200, timeout=0.1)
    reader = PN532_UART(port)
    reader.SAM_configuration()
    uid = reader.read_passive_target(timeout=10)
    if uid is None:
        raise LookupError("read_passive_target gave None")

    def exchange(c_apdu):
        heard = reader.call_function(
            IN_DATA_EXCHANGE, response_length=LONGEST, params=b"\x01" + c_apdu, timeout=10
        )
        if heard is None:
            raise LookupError("call_function gave None")
        if heard[0] & 0x3F:
            raise LookupError("status %02x" % heard[0])
        return heard[1:]

    name = "adafruit-circuitpython-pn532"
    return "%s %s" % (name, version(name)), uid, None, exchange, port.close


converse(connect)
