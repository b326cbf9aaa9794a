# SPDX-License-Identifier: Apache-2.0
"""What our driver is measured against, exchange by exchange: the bare system calls, a minimal
pyserial client, other people's drivers. CPython; as bench_exchange.py, whose rows come too.
"""

import os
import sys

import serial

from sim import bench_exchange, bench_peer
from sim.bench_exchange import SIZES, apdu

LIST = b"\x00\x00\xff\x04\xfc\xd4\x4a\x01\x00\xe1\x00"  # one card of type A
LISTED = 6 + 9 + 5 + 7 + 5  # ACK, frame, Tg to UID length, UID, ATS


def framed(count):
    """InDataExchange of a READ RECORD, as a frame by hand."""
    body = b"\xd4\x40\x01" + apdu(count)
    head = bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF))
    return head + body + bytes((-sum(body) & 0xFF, 0))


def raw(path):
    """The bare system calls, for a caller that knows how many bytes will come."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def ask(frame, count):
        os.write(line, frame)
        got = b""
        while len(got) < count:
            piece = os.read(line, 512)
            if not piece:
                raise OSError("the line has ended behind %d of %d bytes" % (len(got), count))
            got += piece
        return got

    ask(LIST, LISTED)
    frames = {count: framed(count) for count in SIZES}
    return lambda count: ask(frames[count], 6 + 10 + count)[-2 - count : -2]


def minimal(path):
    """pyserial with three reads: ACK, head, rest."""
    port = serial.Serial(path, 115200, timeout=1)

    def ask(frame):
        port.write(frame)
        port.read(6)
        return port.read(port.read(5)[3] + 2)

    ask(LIST)
    return lambda count: ask(framed(count))[3:-2]


def nfcpy(path):
    """One InDataExchange of nfcpy's chipset."""
    chipset = bench_peer.Nfcpy(path).chipset
    chipset.set_parameters(0x14)  # it turns automatic RATS off
    chipset.rf_configuration(0x01, b"\x01")
    chipset.in_list_passive_target(1, 0, b"")
    return lambda count: chipset.in_data_exchange(apdu(count), 1.0)[0]


def nfcpy_tag(path):
    """nfcpy as a reader of cards uses it: transceive, four commands."""
    _, talk = bench_peer.Nfcpy(path).look()
    return lambda count: talk(apdu(count))


def pn532pi(path):
    _, talk = bench_peer.Pn532pi(path).look()
    return lambda count: talk(apdu(count))


def adafruit(path):
    """With the exact length, which no reader of cards knows."""
    reader = bench_peer.Adafruit(path)
    reader.look()

    def ask(count):
        params = b"\x01" + apdu(count)
        return reader.device.call_function(0x40, response_length=count + 1, params=params)[1:]

    return ask


ALWAYS = {"raw os.read, os.write": raw, "minimal pyserial": minimal, **bench_exchange.CANDIDATES}
CANDIDATES = {
    **ALWAYS,
    "nfcpy in_data_exchange": nfcpy,
    "nfcpy transceive": nfcpy_tag,
    "pn532pi": pn532pi,
    "adafruit, exact length": adafruit,
}

if __name__ == "__main__":
    bench_exchange.main(sys.argv[1:], CANDIDATES)
