# SPDX-License-Identifier: Apache-2.0
"""Offline data authentication: what both suites share (JR/T 0025.7 §5, .17 §5).

A suite, oda_rsa.py or oda_sm2.py, opens certificates and signatures; chain.py knows neither. What
fails raises OdaFailed with the step; transaction.py makes the outcome "ODA failed" of it.
"""

import hashlib

from firmware.errors import FormatError
from firmware.kernel import bcd, tags

CACHE_SIZE = 8
TABLES = 4


class OdaFailed(Exception):
    """A step of offline data authentication failed; the text names it."""


def require(holds, step):
    """OdaFailed that names `step`, unless `holds`."""
    if not holds:
        raise OdaFailed(step)


def month(data, name):
    """(year, month) of MMYY in a certificate."""
    try:
        return bcd.to_month(data)
    except FormatError:
        raise OdaFailed(name + " expiry format")


def owner_digits(data):
    """Digits of an issuer id or a card number that is padded with F."""
    owner = data.hex()
    while owner.endswith("f"):
        owner = owner[:-1]
    return owner


def check_issuer(key, pan, today, revoked):
    """What of an issuer certificate depends on card, day and revocation: never cached.

    key: the suite's issuer key with `owner` (digits), `expires` (year, month) and `serial`;
    today: (year, month, day); revoked: serials of 3 bytes of this CA key.
    """
    name = "issuer certificate"
    fits = 3 <= len(key.owner) <= 8 and pan.startswith(key.owner)
    require(fits, name + " issuer id")  # QT-192, QT-220
    require(key.expires >= today[:2], name + " expired")  # QT-193, QT-221
    require(key.serial not in revoked, name + " revoked")  # QT-024, QT-194, QT-222


def static_data(signed_records, sda_tag_list, aip):
    """Static data to be authenticated (JR/T 0025.7 §5, QT-138..140).

    signed_records: list of (sfi, record bytes); sda_tag_list: value of 9F4A or None.
    """
    parts = []
    for sfi, record in signed_records:
        require(record[:1] == b"\x70", "signed record is not coded 70")
        parts.append(record[_value_at(record) :] if sfi <= 10 else record)
    if sda_tag_list is not None:
        require(sda_tag_list == bytes((tags.AIP,)), "9F4A is not 82")
        parts.append(aip)
    return b"".join(parts)


def _value_at(record):
    """Where the value of a template with a one-byte tag begins; the record was parsed before."""
    return 2 if record[1] < 0x80 else 2 + (record[1] & 0x7F)


class KeyCache:
    """Opened issuer keys between taps, last used last, at most CACHE_SIZE (QT-162).

    Nothing but what a certificate says is kept: card, day and revocation are asked anew
    (check_issuer). A key with a `table`, None at first, is given one in idle time by its
    improve(); the TABLES keys that were used last keep theirs, 4,192 bytes each.
    """

    def __init__(self):
        self.entries = []
        self.chore = None
        self.crowded = False

    def find(self, seal):
        """The key kept for all the bytes it was made of, or None."""
        mark = hashlib.sha256(seal).digest()
        for entry in self.entries:
            if entry[0] == mark:
                self.entries.remove(entry)
                self._add(entry)
                return entry[1]
        return None

    def keep(self, seal, key):
        """Keep `key`; the one unused for longest goes."""
        self._add((hashlib.sha256(seal).digest(), key))
        if len(self.entries) > CACHE_SIZE:
            self.entries.pop(0)

    def _add(self, entry):
        self.entries.append(entry)
        for _, key in self.entries[:-TABLES]:
            if getattr(key, "table", None):
                key.table = None

    def idle(self):
        """Do one slice of a table in idle time; False when nothing is left."""
        if self.crowded:
            return False
        if not self.chore:
            lacking = [
                key for _, key in self.entries[-TABLES:] if getattr(key, "table", 1) is None
            ]
            if not lacking:
                return False
            self.chore = lacking[-1].improve()
        try:
            next(self.chore)
        except StopIteration:
            self.chore = None
        except MemoryError:  # a table saves time; it must not cost the terminal its life
            self.chore, self.crowded = None, True
        return True
