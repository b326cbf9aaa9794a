# SPDX-License-Identifier: Apache-2.0
"""What a card says of itself when it is found: answers of InListPassiveTarget and the ATS, pure.

    106A  NbTg, [Tg, SENS_RES 2, SEL_RES, UID length, UID, [ATS, its first byte counts itself]]
    106B  NbTg, [Tg, ATQB 12, ATTRIB_RES length, ATTRIB_RES]

UM0701-02 7.3.5; ISO 14443-3 7.9 (ATQB), ISO 14443-4 5.2 (ATS). Parsers raise FormatError.
"""

from collections import namedtuple

from firmware.errors import FormatError

Target = namedtuple("Target", ("number", "kind", "uid", "ats", "sel_res"))
# fsc: bytes the card takes in a frame; fwi, sfgi: time exponents; ta1: speed bits, 00 = 106 kbit/s
# only
Ats = namedtuple("Ats", ("fsc", "fwi", "sfgi", "ta1"))

FSC_BYTES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI; above 8 is RFU and read as 256
SEL_RES_ISO_DEP = 0x20
ATQB_LENGTH = 12
UID_LENGTHS = (4, 7, 10)  # QT-053


def read_targets(answer, kind, with_ats=True):
    """The list of Target in an answer to InListPassiveTarget; `kind` is "A" or "B".

    with_ats: automatic RATS is on; without it the next card follows a UID at once.
    Of type B, `uid` is the PUPI and `ats` the ATQB, which says the same things in another form.
    """
    if not answer:
        raise FormatError("no number of targets")
    targets = []
    at = 1
    for _ in range(answer[0]):
        target, at = (_target_a if kind == "A" else _target_b)(answer, at, with_ats)
        targets.append(target)
    if at != len(answer):
        raise FormatError("%d bytes behind %d targets" % (len(answer) - at, answer[0]))
    return targets


def read_ats(ats):
    """Ats of the bytes, the length byte first; absent ones have defaults: 32, 4, 0, 0 (PD-21)."""
    if not ats or ats[0] != len(ats):
        raise FormatError("ATS length")
    fsc, fwi, sfgi, ta1 = 32, 4, 0, 0
    if len(ats) > 1:
        t0 = ats[1]
        fsc = FSC_BYTES[min(t0 & 0x0F, 8)]
        at = 2
        if t0 & 0x10:
            ta1 = _byte(ats, at)
            at += 1
        if t0 & 0x20:
            tb1 = _byte(ats, at)
            at += 1
            fwi, sfgi = tb1 >> 4, tb1 & 0x0F
            fwi = 4 if fwi == 15 else fwi  # RFU: taken as the default, ISO 14443-4 5.2.5
            sfgi = 0 if sfgi == 15 else sfgi
        if t0 & 0x40:
            _byte(ats, at)
    return Ats(fsc, fwi, sfgi, ta1)


def _target_a(answer, at, with_ats):
    head = _take(answer, at, 5)
    if head[4] not in UID_LENGTHS:
        raise FormatError("UID of %d bytes" % head[4])
    uid = _take(answer, at + 5, head[4])
    at += 5 + head[4]
    ats = b""
    # absent when RATS was not sent, or not answered
    if with_ats and head[3] & SEL_RES_ISO_DEP and at < len(answer):
        ats = _take(answer, at, max(answer[at], 1))
        at += len(ats)
    return Target(head[0], "A", uid, ats, head[3]), at


def _target_b(answer, at, _):
    atqb = _take(answer, at + 1, ATQB_LENGTH)
    if atqb[0] != 0x50:
        raise FormatError("ATQB begins with %02X" % atqb[0])
    length = _byte(answer, at + 1 + ATQB_LENGTH)
    end = at + 2 + ATQB_LENGTH + length
    if end > len(answer):
        raise FormatError("ATTRIB_RES is cut short")
    return Target(answer[at], "B", atqb[1:5], atqb, 0), end


def _take(data, at, count):
    if at + count > len(data):
        raise FormatError("target is cut short")
    return data[at : at + count]


def _byte(data, at):
    return _take(data, at, 1)[0]
