# SPDX-License-Identifier: Apache-2.0
"""The extended application: what a card offers of it, and its records read before the GPO
(JR/T 0025.14 §5.2.1, §6.2.1, A.1, B).

A card keeps a trip, a frozen sum or a pass in a record of its own; reading it is free. What is
written back goes with the debit (capp_update.py), and a torn one is settled by capp_torn.py.
A terminal that does not use records imports none of the three.
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.kernel import apdu, tags
from firmware.kernel.work import Ask

DEDUCTION, PRE_AUTHORISATION, COMPLETION = 1, 2, 3  # DF60
WITH_R_MAC = 0x80
# What DF61 may be: b1 deduction, b2 pre-authorisation as well, b8 R-MAC; never both uses at once,
# nothing reserved (QX-002, QX-004)
OFFERS = (0x01, 0x02, 0x81, 0x82)

CYCLIC_FILE = 0x1E
FILES = tuple(range(0x13, 0x1E))  # of variable records, kept ones among them (JR/T 0025.14 C)
MAX_PAGES = 16  # read of one card in a tap; a transfer rule looks three rides back
R_MAC_BYTES = 4
HEAD_BYTES = 6  # ID, length, valid, kind, locked
RECORD_KIND = {DEDUCTION: 1, PRE_AUTHORISATION: 2, COMPLETION: 2}  # byte 5, by DF60

# One record as it was read. sfi: short file identifier; following: low bits of P2, 1 for the
# second record with the same ID; data: bytes without R-MAC
Page = namedtuple("Page", ("sfi", "following", "data"))

# One record to be written. before, after: bytes of the same length, with ID and length except in
# the cyclic file; before is b"" where that is empty; session: of the security module,
# mac(initial_value, data) -> 4 bytes or None, ahead(initial_value, data) begins with it
Change = namedtuple("Change", ("sfi", "following", "before", "after", "session"))

# What a purchase does beside the debit. kind: DF60; df61: as the FCI had it (QX-006); changes:
# tuple of Change in the order they are sent; header: bytes of the command that its MAC covers, 5,
# or 4 without Lc (open in the standard)
Extension = namedtuple("Extension", ("kind", "df61", "changes", "header"))

# A Page and what its R-MAC was made of; random and mac are b"" where there is none
Read = namedtuple("Read", ("page", "random", "mac"))

MISSING = (0x6A82, 0x6A83)  # file or record not on this card (QX-010)
# Reasons for which a record that need not be there is left out
NOT_IN_USE = ("record_missing", "record_invalid")
NOT_READ = NOT_IN_USE + ("record_locked", "record_unread")


def offered(selected):
    """DF61 as a number where this card has the extended application, 0 where not
    (QX-001..004).
    """
    value = selected.fci.get(tags.EXTENDED_APPLICATION, b"")
    if (tags.CAPP_INDICATOR, 1) not in selected.pdol or len(value) != 1:
        return 0
    return value[0] if value[0] in OFFERS else 0


def permits(df61, kind):
    """True when a card with this DF61 does what DF60 = `kind` asks (QX-002, QX-017)."""
    return kind == DEDUCTION or (kind in RECORD_KIND and bool(df61 & 0x02))


def read_capp_data(sfi, following, area_id, random=b""):
    """READ CAPP DATA of the record `area_id`, 2 bytes; `random`: 8 bytes where an R-MAC is asked
    for (JR/T 0025.14 A.1; QX-008, QX-013).
    """
    data = area_id + random
    return bytes((0x80, 0xB4, 0x00, sfi << 3 | following, len(data))) + data + b"\x00"


def read_pages(df61, wants, draw, ahead=None):
    """Generator: (list of Read, reason), one of them empty or "". LinkLost goes up.

    wants: (sfi, ID of 2 bytes) in the order they are read, the same one twice for two records of
    an ID; (sfi, ID, reasons) for one that is left out for these reasons; (CYCLIC_FILE,
    count) for the newest of that file. draw(): 8 bytes, new each time, or b""
    (QX-009). ahead(): called before each; what it begins goes on while the card answers. An
    R-MAC is not judged here: forged().
    """
    reads, before = [], None
    for want in wants:
        if ahead:
            yield Ask(ahead)
        sfi, what = want[:2]
        if sfi == CYCLIC_FILE:
            found, reason = yield from _newest(what, MAX_PAGES - len(reads))
        else:
            following = 1 if (sfi, what) == before else 0
            found, reason = yield from read_variable(df61, sfi, following, what, draw)
        if reason and want[2:] and reason in want[2]:
            reason = ""
        if reason:
            return [], reason
        before = sfi, what
        reads += found
        if len(reads) >= MAX_PAGES:
            break
    return reads, ""


def read_variable(df61, sfi, following, area_id, draw):
    """Generator: ([Read], "") of one record, or ([], reason); as read_pages()."""
    random = b""
    if df61 & WITH_R_MAC:
        random = draw()
        if len(random) != 8:
            return [], "random_stuck"
    data, reason = _told((yield read_capp_data(sfi, following, area_id, random)))
    if reason:
        return [], reason
    mac = b""
    if random:
        data, mac = data[:-R_MAC_BYTES], data[-R_MAC_BYTES:]  # too short: header_fault() finds it
    reason = header_fault(data, area_id)
    return ([] if reason else [Read(Page(sfi, following, data), random, mac)]), reason


def _newest(count, room):
    """The newest records of the cyclic file, none of an empty one (QX-014)."""
    found = []
    for number in range(1, min(count, room) + 1):
        data, reason = _told((yield apdu.read_record(CYCLIC_FILE, number)))
        if reason == "record_missing" and (found or number == 1):
            break
        if reason or not data:
            return [], reason or "record_unread"
        found.append(Read(Page(CYCLIC_FILE, 0, data), b"", b""))
    return found, ""


def _told(answer):
    """(record, reason) of an answer to a read."""
    try:
        data, sw = apdu.split(answer)
    except FormatError:
        return b"", "record_unread"
    if sw in MISSING:
        return b"", "record_missing"
    return data, "" if sw == apdu.SW_OK else "record_unread"  # QX-011


def header_fault(data, area_id):
    """Reason why a variable record must not be used, "" if it may (JR/T 0025.14 B.1; QX-011,
    QX-012).
    """
    if len(data) < HEAD_BYTES or data[:2] != area_id or data[2] != len(data) - 3:
        return "record_unread"
    if data[3] not in (0, 1) or data[4] not in (1, 2) or data[5] not in (0, 1):
        return "record_unread"
    if data[3] == 0:
        return "record_invalid"
    return "record_locked" if data[5] else ""


def forged(read, mac):
    """True when the R-MAC of a Read is not that of its record (JR/T 0025.14 A.1.4; QX-009,
    QX-065).

    mac: what the security module makes of random number and record, None where it makes none:
    then nothing is proven.
    """
    if not read.random:
        return False
    return mac is None or len(mac) != R_MAC_BYTES or mac != read.mac


def page_of(reads, change):
    """The Read that a Change writes back; None when it was not read."""
    page = Page(change.sfi, change.following, change.before)
    found = [read for read in reads if read.page == page]
    return found[0] if found else None


def order_fault(kind, reads, changes):
    """True when a pre-authorisation or completion would change another record than READ CAPP DATA
    fetched last (JR/T 0025.14 §6.2.4; QX-015).
    """
    if kind == DEDUCTION:
        return False
    read = [one for one in reads if one.page.sfi != CYCLIC_FILE]
    written = [one for one in changes if one.sfi != CYCLIC_FILE]
    return len(written) != 1 or page_of(read[-1:], written[0]) is None
