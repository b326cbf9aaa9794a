# SPDX-License-Identifier: Apache-2.0
"""Card services without money: balances, what was paid, what was loaded (qpboc.md N, QT-267..278).

Generators that read what a card gives freely; none sends a GPO, so nothing changes on it. What a
card gives in no usable form is a FormatError: card not accepted. LinkLost goes up.
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.kernel import apdu, bcd, dol, get_data, selection, tags
from firmware.kernel.card_number import read_card_number

# currency: number of ISO 4217, 0 when the card does not tell it
Balance = namedtuple("Balance", ("currency", "fen"))
# date: (year, month, day), None when the card wrote none; fen: what was paid, or what was added
Entry = namedtuple("Entry", ("date", "currency", "fen"))
# tag: of the amount that changed, 9F79 or DF79, from P1 P2; rest: what follows it, bytes
Load = namedtuple("Load", ("tag", "old_fen", "new_fen", "rest"))
# pan: digits, "" when not readable; blocked: the application is; payments, loads: list of Entry,
# newest first, None where the card keeps no such log; more: what further steps have returned
Enquiry = namedtuple("Enquiry", ("pan", "blocked", "balances", "payments", "loads", "more"))

LOG_FILES = (11, 30)  # short file identifiers that may be a log's (qpboc.md 3, point 10)
MOST = 10  # records read of a log; those of the book hold ten
LOAD_HEAD = 14  # P1 P2, old and new value (JR/T 0025.13 §5.8)
PROOF_ROW = 22  # bytes of a load when all are read at once (JR/T 0025.13 tables 12, 13)
SW_BLOCKED, SW_NO_RECORD = 0x6283, 0x6A83
MONEY = (tags.EC_BALANCE, tags.SECOND_BALANCE)  # in the order of Enquiry.balances


def enquire(aids, further=None):
    """Generator: Enquiry of the card in the field. aids: the selection.ListedAid of the device;
    further(selected): steps behind all others, a generator, None for none.
    """
    selected, blocked = yield from select(aids)
    pan = yield from read_card_number()
    try:
        balances = yield from read_balances()
    except FormatError:
        if not blocked:
            raise
        balances = []
    payments = yield from read_payments(selected.fci)
    loads = yield from read_loads(selected.fci)
    more = yield from further(selected) if further else ()
    return Enquiry(pan, blocked, balances, payments, _added(loads, balances), more)


def select(aids):
    """Generator: (selection.Selected, True when the application is blocked), by the PPSE.

    Unlike a sale it goes on with a blocked application: its logs may be read (QT-278).
    """
    data, sw = apdu.split((yield apdu.select(apdu.PPSE)))
    if sw != apdu.SW_OK:
        raise FormatError("PPSE: SW %04X" % sw)
    candidates = selection.build_candidate_list(selection.directory_entries(data), aids)
    if not candidates:
        raise FormatError("no application is known here")
    aid = candidates[0].aid
    data, sw = apdu.split((yield apdu.select(aid)))
    if sw not in (apdu.SW_OK, SW_BLOCKED):
        raise FormatError("SELECT: SW %04X" % sw)
    return selection.parse_fci(aid, data), sw == SW_BLOCKED


def read_balances():
    """Generator: list of Balance, that of the second currency last (QT-267, QT-268).

    FormatError without the first; what is wrong with the second one is passed over.
    """
    fen = yield from get_data.decimal(tags.EC_BALANCE, 6)
    if fen is None:
        raise FormatError("no balance")
    currency = yield from get_data.decimal(tags.CARD_CURRENCY, 2)
    found = [Balance(currency or 0, fen)]
    second = yield from get_data.decimal(tags.SECOND_CURRENCY, 2)
    if second is not None:
        fen = yield from get_data.decimal(tags.SECOND_BALANCE, 6)
        if fen is not None:
            found.append(Balance(second, fen))
    return found


def read_payments(fci):
    """Generator: list of Entry of the transaction log, None without 9F4D (QT-270, QT-271).

    fci: Selected.fci. The records have neither template nor tags: they are cut by 9F4F (QT-272).
    """
    place = fci.get(tags.LOG_ENTRY)
    if place is None:
        return None
    layout = yield from get_data.value(tags.LOG_FORMAT)
    layout = dol.parse(layout or b"")
    names = [tag for tag, _ in layout]
    for needed in (tags.DATE, tags.AMOUNT, tags.CURRENCY):
        if needed not in names:
            raise FormatError("log format without %X" % needed)
    found = []
    for record in (yield from _records(place, _size(layout))):
        currency = dol.taken(layout, record, tags.CURRENCY)
        amount = dol.taken(layout, record, tags.AMOUNT)
        found.append(Entry(_date(layout, record), bcd.to_int(currency), bcd.to_int(amount)))
    return found


def read_loads(fci):
    """Generator: list of (Load, date) of the load log, None without DF4D (QT-273).

    Its format DF4F says what follows old and new value; it may be empty.
    """
    place = fci.get(tags.LOAD_LOG_ENTRY)
    if place is None:
        return None
    layout = yield from get_data.value(tags.LOAD_LOG_FORMAT)
    layout = dol.parse(layout or b"")
    found = []
    for record in (yield from _records(place, LOAD_HEAD + _size(layout))):
        load = _load(record)
        found.append((load, _date(layout, load.rest)))
    return found


def read_load_proof(fci):
    """Generator: (ATC, list of Load, MAC of 4 bytes) of the whole load log at once (QT-274).

    The MAC is for the issuer, nobody else can check it.
    """
    sfi, _ = _file(fci.get(tags.LOAD_LOG_ENTRY, b""))
    data, sw = apdu.split((yield apdu.read_record(sfi, 0)))
    if sw != apdu.SW_OK:
        raise FormatError("load log: SW %04X" % sw)
    return parse_load_proof(data)


def parse_load_proof(data):
    """The same of the bytes of the answer."""
    if len(data) < 7 or len(data) != 7 + PROOF_ROW * data[2]:
        raise FormatError("load log of %d bytes" % len(data))
    rows = [data[at : at + PROOF_ROW] for at in range(3, len(data) - 4, PROOF_ROW)]
    return int.from_bytes(data[:2], "big"), [_load(row) for row in rows], data[-4:]


def _records(place, size):
    """Generator: the records of a log, 1 the newest, each of `size` bytes."""
    sfi, count = _file(place)
    found = []
    for number in range(1, min(count, MOST) + 1):
        record, sw = apdu.split((yield apdu.read_record(sfi, number)))
        if sw == SW_NO_RECORD:
            break
        if sw != apdu.SW_OK or len(record) != size:
            raise FormatError("log record %d: %d bytes, SW %04X" % (number, len(record), sw))
        found.append(record)
    return found


def _file(place):
    """(SFI, number of records) of 9F4D or DF4D."""
    if len(place) != 2 or not LOG_FILES[0] <= place[0] <= LOG_FILES[1]:
        raise FormatError("log entry " + bcd.half_bytes(place))
    return place[0], place[1]


def _size(layout):
    return sum([length for _, length in layout])


def _date(layout, record):
    """(year, month, day), or None: a card writes zeros for what it was not told."""
    try:
        return bcd.to_date(dol.taken(layout, record, tags.DATE) or b"")
    except FormatError:
        return None


def _load(record):
    tag = int.from_bytes(record[:2], "big")
    return Load(tag, bcd.to_int(record[2:8]), bcd.to_int(record[8:14]), record[14:])


def _added(loads, balances):
    """Entries of what was added to a balance; other values that were changed are no money."""
    if loads is None:
        return None
    currencies = [one.currency for one in balances] + [0, 0]
    return [
        Entry(date, currencies[MONEY.index(load.tag)], load.new_fen - load.old_fen)
        for load, date in loads
        if load.tag in MONEY
    ]
