# SPDX-License-Identifier: Apache-2.0
"""Commands the kernel sends and the status words it meets (JR/T 0025.5 annex B, .12 annex A)."""

from firmware.errors import FormatError

INS_SELECT = 0xA4
INS_READ_RECORD = 0xB2
INS_GPO = 0xA8
INS_GET_DATA = 0xCA

SW_OK = 0x9000

MAX_ANSWER = 258  # of a short command: 256 bytes and the status word

PPSE = b"2PAY.SYS.DDF01"


def select(name):
    """SELECT by name, first occurrence, with Le (QT-076, QT-086)."""
    return b"\x00\xa4\x04\x00" + bytes((len(name),)) + name + b"\x00"


def get_data(tag):
    """GET DATA of a primitive object of the application (JR/T 0025.5 B.7)."""
    return b"\x80\xca" + tag.to_bytes(2, "big") + b"\x00"


def get_trans_prove(atc):
    """GET TRANS PROVE: the TC of the transaction with this ATC, 2 bytes (JR/T 0025.14 A.4)."""
    return b"\x80\x5a\x00\x00\x02" + atc + b"\x08"


def get_processing_options(pdol_data):
    """GPO with the PDOL values in template 83 (QT-101)."""
    count = len(pdol_data)
    head = bytes((0x83, count)) if count < 0x80 else bytes((0x83, 0x81, count))
    body = head + pdol_data
    return b"\x80\xa8\x00\x00" + bytes((len(body),)) + body + b"\x00"


def read_record(sfi, record):
    """READ RECORD `record` (1..255) of file `sfi` (1..30) (QT-123)."""
    return bytes((0x00, INS_READ_RECORD, record, sfi << 3 | 4, 0x00))


def split(r_apdu):
    """(data, status word) of an answer. FormatError when there is no status word, or more than
    was asked for: a reader may join what a hostile card never ends.
    """
    if len(r_apdu) > MAX_ANSWER:
        raise FormatError("answer of %d bytes to a short command" % len(r_apdu))
    if len(r_apdu) < 2:
        raise FormatError("answer of %d bytes has no status word" % len(r_apdu))
    return r_apdu[:-2], r_apdu[-2] << 8 | r_apdu[-1]
