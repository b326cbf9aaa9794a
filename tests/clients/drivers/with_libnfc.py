# SPDX-License-Identifier: Apache-2.0
"""libnfc by its C calls, through ctypes; the structures are those of nfc-types.h, packed.

SPEED is what the card is to be selected with, an nfc_baud_rate: 1 is 106 kbit/s, 3 is 424.
"""

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint8, c_void_p

from dialogue import converse

NMT_ISO14443A = 1
SPEED = int(os.environ.get("SPEED", "1"))
LONGEST = 262
WAIT_MS = 20_000


class Iso14443A(ctypes.Structure):
    _pack_ = 1
    _fields_ = [
        ("atqa", c_uint8 * 2),
        ("sak", c_uint8),
        ("uid_length", c_size_t),
        ("uid", c_uint8 * 10),
        ("ats_length", c_size_t),
        ("ats", c_uint8 * 254),
    ]


class Modulation(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("kind", c_int), ("speed", c_int)]


class Target(ctypes.Structure):
    """The union is as long as its longest member, which is that of type A."""

    _pack_ = 1
    _fields_ = [("a", Iso14443A), ("modulation", Modulation)]


def library():
    nfc = ctypes.CDLL("libnfc.so.6")
    nfc.nfc_version.restype = c_char_p
    nfc.nfc_strerror.restype = c_char_p
    nfc.nfc_strerror.argtypes = [c_void_p]
    nfc.nfc_open.restype = c_void_p
    nfc.nfc_open.argtypes = [c_void_p, c_char_p]
    nfc.nfc_initiator_init.argtypes = [c_void_p]
    select = nfc.nfc_initiator_select_passive_target
    select.argtypes = [c_void_p, Modulation, c_char_p, c_size_t, POINTER(Target)]
    transceive = nfc.nfc_initiator_transceive_bytes
    transceive.argtypes = [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_int]
    nfc.nfc_close.argtypes = [c_void_p]
    nfc.nfc_exit.argtypes = [c_void_p]
    return nfc


def connect(path):
    nfc = library()
    context = c_void_p()
    nfc.nfc_init(byref(context))
    device = nfc.nfc_open(context, ("pn532_uart:" + path).encode())
    if not device:
        raise LookupError("nfc_open gave NULL")
    card = Target()
    if nfc.nfc_initiator_init(device) < 0:
        raise OSError(nfc.nfc_strerror(device).decode())
    wanted = Modulation(NMT_ISO14443A, SPEED)
    if nfc.nfc_initiator_select_passive_target(device, wanted, None, 0, byref(card)) < 1:
        raise LookupError("nfc_initiator_select_passive_target found no card")

    def exchange(c_apdu):
        room = ctypes.create_string_buffer(LONGEST)
        count = nfc.nfc_initiator_transceive_bytes(
            device, c_apdu, len(c_apdu), room, LONGEST, WAIT_MS
        )
        if count < 0:
            raise OSError("%d %s" % (count, nfc.nfc_strerror(device).decode()))
        return room.raw[:count]

    def close():
        nfc.nfc_close(device)
        nfc.nfc_exit(context)

    driver = "libnfc " + nfc.nfc_version().decode()
    uid, ats = card.a.uid[: card.a.uid_length], card.a.ats[: card.a.ats_length]
    return driver, uid, ats, exchange, close


converse(connect)
