# SPDX-License-Identifier: Apache-2.0
"""pyscard: a card in the PC/SC reader whose name the argument begins. An empty line takes its
power away and gives it back; the answer is then the ATR.
"""

from importlib.metadata import version

from dialogue import converse
from smartcard.CardRequest import CardRequest
from smartcard.scard import SCARD_UNPOWER_CARD
from smartcard.System import readers

WAIT_S = 60


def connect(name):
    wanted = [reader for reader in readers() if str(reader).startswith(name)]
    connection = CardRequest(timeout=WAIT_S, readers=wanted).waitforcard().connection
    connection.connect()

    def exchange(c_apdu):
        if not c_apdu:
            connection.reconnect(disposition=SCARD_UNPOWER_CARD)
            return bytes(connection.getATR())
        data, sw1, sw2 = connection.transmit(list(c_apdu))
        return bytes(data) + bytes((sw1, sw2))

    driver = "pyscard " + version("pyscard")
    return driver, b"", bytes(connection.getATR()), exchange, connection.disconnect


converse(connect)
