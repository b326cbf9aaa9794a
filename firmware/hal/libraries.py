# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904
"""Objects of other people's PN532 drivers on a serial port: pn532pi, adafruit-circuitpython-pn532.
CPython. They are optional packages: `pip install faretap[boards]`.
"""

import serial

from firmware.errors import FormatError, LinkLost

BAUD = 115200  # neither library knows another one
# adafruit waits so long for bytes that do not come; 130 of them take 12 ms
READ_S = 0.03


def open_library(name, where):
    """The library's own object, its chip found; FormatError when the package is not there,
    LinkLost when the chip is not.
    """
    make = {"pn532pi": _pn532pi, "adafruit": _adafruit}[name]
    try:
        return make(where)
    except ImportError as error:
        raise FormatError(f"reader: {name} is not installed ({error})")
    except (OSError, ValueError) as error:
        raise LinkLost(f"{where}: {name}: {error}")


def _pn532pi(where):
    from pn532pi import Pn532, Pn532Hsu  # not installed on most machines

    if Pn532Hsu is None:
        raise ImportError("its interfaces need spidev")
    # Its constructor knows /dev/serial0 and /dev/serial1 alone.
    interface = Pn532Hsu.__new__(Pn532Hsu)
    interface._serial = serial.Serial(where, BAUD, exclusive=True)
    interface.command = 0
    nfc = Pn532(interface)
    interface.wakeup()
    # A C106 chip in LowVbat hears no other command before this one; the first may only wake it.
    if not nfc.SAMConfig() and not nfc.SAMConfig():
        interface._serial.close()
        raise LinkLost(f"{where}: pn532pi finds no chip")
    return nfc


def _adafruit(where):
    from adafruit_pn532.adafruit_pn532 import BusyError  # likewise
    from adafruit_pn532.uart import PN532_UART  # likewise

    port = serial.Serial(where, BAUD, timeout=READ_S, exclusive=True)
    try:
        return PN532_UART(port)
    except (BusyError, OSError, RuntimeError, IndexError) as error:  # what it says of no chip
        port.close()
        raise LinkLost(f"{where}: adafruit: {error}")
