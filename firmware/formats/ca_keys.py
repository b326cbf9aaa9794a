# SPDX-License-Identifier: Apache-2.0
"""The CA-key lines of a parameter file: keys, withdrawals, revoked issuer certificates.

| key | value |
|---|---|
| ca | repeatable: RSA RID INDEX EXPONENT MODULUS [YYYYMMDD or -] [SHA-1] |
| ca | or: SM2 RID INDEX POINT [YYYYMMDD or -] [CHECKSUM], the point as X and Y |
| ca_expiry | `stop` at the YYYYMMDD of a key, or `ignore` it by the acquirer's order (QT-023) |
| withdrawn | repeatable: RID INDEX YYYYMMDD, the first day on which that key is not used |
| revoked | repeatable: RID INDEX SERIAL of an issuer certificate (QT-024) |
| sm2_curves | curve ids taken in SM2 certificates, 11 by default; laboratory cards: `1104` |
| sm2_checksum | `sha1` or `sm3` over RID, index, point makes the CHECKSUM of SM2; no default |

Any number of RIDs; of each at least the six keys that JR/T 0025.6 §7.5.1.2 asks for, and room for
a roll-over: MAX_PER_RID. One key more and the file is refused (QT-016); so is a key that stands
twice. A `withdrawn` or `revoked` line may name a key that is not held.
"""

import hashlib

from firmware.formats import lines
from firmware.kernel import capk, oda_rsa

SINGLE = ("ca_expiry", "sm2_curves", "sm2_checksum")
MANY = ("ca", "withdrawn", "revoked")

MAX_PER_RID = 16
RSA_FORM = "ca is RSA RID INDEX EXPONENT MODULUS [YYYYMMDD|-] [SHA-1]"
SM2_FORM = "ca is SM2 RID INDEX POINT [YYYYMMDD|-] [CHECKSUM]"
EXPONENTS = (b"\x03", b"\x01\x00\x01")  # QT-020


def read(found, name):
    """Tuple of capk.Capk from the Found of a parameter file (lines.py)."""
    stops = lines.word(found, name, "ca_expiry", "stop", ("stop", "ignore")) == "stop"
    curves = bytes.fromhex(lines.word(found, name, "sm2_curves", "11", ("11", "1104")))
    withdrawn = _table(found, name, "withdrawn", _withdrawal)
    revoked = _table(found, name, "revoked", _serial)
    rule = lines.word(found, name, "sm2_checksum", "", ("", "sha1", "sm3"))
    keys = []
    for number, value in found["ca"]:
        words = value.split()
        if words[0] == "SM2":
            rid, index, suite, key, exponent = _sm2_key(name, number, words, rule)
        else:
            rid, index, suite, key, exponent = _rsa_key(name, number, words)
        _check_room(name, number, keys, rid, index)
        days = [day for whose, day in withdrawn if whose == (rid, index)]
        expiry = _expiry(name, number, words[4 if suite.NAME == "SM2" else 5 :])
        if expiry and stops:
            days.append(expiry)
        serials = tuple([serial for whose, serial in revoked if whose == (rid, index)])
        until = min(days) if days else None
        keys.append(capk.new(rid, index, suite, key, exponent, until, serials, curves))
    return tuple(keys)


def _table(found, name, key, read_last):
    """List of ((rid, index), value) of `key: RID INDEX VALUE` lines."""
    rows = []
    for number, text in found[key]:
        words = text.split()
        if len(words) != 3:
            raise lines.wrong(name, number, "%s is RID INDEX and one value" % key)
        rows.append((_whose(name, number, words), read_last(name, number, words[2])))
    return rows


def _whose(name, number, words):
    rid = lines.octets(name, "RID", words[0], 5, number)
    return rid, lines.octets(name, "index", words[1], 1, number)[0]


def _check_room(name, number, keys, rid, index):
    of_rid = [one.index for one in keys if one.rid == rid]
    if index in of_rid:
        raise lines.wrong(name, number, "CA key %02X stands twice" % index)
    if len(of_rid) >= MAX_PER_RID:
        raise lines.wrong(name, number, "more than %d CA keys of one RID" % MAX_PER_RID)


def _rsa_key(name, number, words):
    """(rid, index, suite, key, exponent) of the words of a line."""
    if not 5 <= len(words) <= 7 or words[0] != "RSA":
        raise lines.wrong(name, number, RSA_FORM)
    rid, index = _whose(name, number, words[1:])
    exponent = lines.octets(name, "exponent", words[3], None, number)
    modulus = lines.octets(name, "modulus", words[4], None, number)
    if exponent not in EXPONENTS:
        raise lines.wrong(name, number, "exponent is neither 03 nor 010001")
    if not oda_rsa.MIN_MODULUS <= len(modulus) <= oda_rsa.MAX_MODULUS or not modulus[0]:
        raise lines.wrong(name, number, "modulus of %d bytes" % len(modulus))
    exponent = int.from_bytes(exponent, "big")
    if len(words) == 7:
        _compare(name, number, words[6], capk.checksum(rid, index, modulus, exponent))
    return rid, index, oda_rsa, modulus, exponent


def _sm2_key(name, number, words, rule):
    """The same of an SM2 line. No checksum rule of such keys is published: one that is given is
    refused unless the file says by which rule it was made (qpboc.md 3, point 15).
    """
    from firmware.kernel import oda_sm2, sm2  # 20 KB that few terminals need

    if not 4 <= len(words) <= 6:
        raise lines.wrong(name, number, SM2_FORM)
    rid, index = _whose(name, number, words[1:])
    point = lines.octets(name, "point", words[3], sm2.LENGTH, number)
    if not sm2.on_curve(point):
        raise lines.wrong(name, number, "point is not on the curve")  # QT-216
    if len(words) == 6:
        if not rule:
            raise lines.wrong(name, number, "no `sm2_checksum` says how this checksum was made")
        data = rid + bytes((index,)) + point
        made = oda_sm2.sm3(data) if rule == "sm3" else hashlib.sha1(data).digest()
        _compare(name, number, words[5], made)
    return rid, index, oda_sm2, point, 0


def _compare(name, number, word, made):
    if lines.octets(name, "checksum", word, len(made), number) != made:  # QT-019
        raise lines.wrong(name, number, "checksum of the CA key does not fit")


def _expiry(name, number, words):
    return _day(name, number, words[0]) if words and words[0] != "-" else None


def _day(name, number, text):
    """(year, month, day) of YYYYMMDD."""
    if len(text) != 8 or not lines.is_digits(text):
        raise lines.wrong(name, number, "a day is YYYYMMDD")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise lines.wrong(name, number, "no such day: " + text)
    return (year, month, day)


def _withdrawal(name, number, text):
    """The last day before a withdrawal; the day 0 of a month lies behind all of the month before,
    and nothing else is asked of it than to compare.
    """
    year, month, day = _day(name, number, text)
    return (year, month, day - 1)


def _serial(name, number, text):
    return lines.octets(name, "serial", text, 3, number)
