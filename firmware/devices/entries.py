# SPDX-License-Identifier: Apache-2.0
"""A Tap as bytes that last: pending entry before the commit, fare record after (QT-157, QT-258).

Nothing is rebuilt from meanings: values go in as they were sent to the card or came from it.
"""

from firmware.errors import FormatError
from firmware.formats import pending, record
from firmware.kernel import bcd, outcome, tags, tlv
from firmware.kernel.tap import rebuilt

# What both formats carry under one name, copied when a pending entry becomes a record.
SHARED = (
    "amount_fen", "full_fare_fen", "fare_class", "aid", "pan", "psn", "uid", "atc", "time_utc_s",
    "date", "time", "device", "line", "stop", "vehicle", "driver", "shift", "parameters_version",
    "deny_list_version", "clock_trusted", "trade", "direction", "riders", "rule", "fares_version",
    "reference", "trade_data",
)  # fmt: skip

# The longest value of a chip tag; a card that sends more breaks its format and cannot blow up a
# record
# whose money has moved. Tags not named here have 8 bytes at most.
LONGEST = {tags.IAD: 32, tags.DF_NAME: 16, tags.CARD_AUTHENTICATION_DATA: 16, tags.PRODUCT_ID: 16}


# What the acquirer asks of a terminal, kept also where a card's PDOL does not (QT-258)
OF_TERMINAL = (
    tags.CAPABILITIES,
    tags.TERMINAL_TYPE,
    tags.IFD_SERIAL,
    tags.COUNTRY,
    tags.DATE,
    tags.TRANSACTION_TYPE,
    tags.SEQUENCE_COUNTER,
)


def pan_text(data):
    """Digits of 5A bytes."""
    return bcd.digits_of(data)


def _identity(values, tap):
    values["aid"] = tap.selected.aid
    values["pan"] = record.pan_bytes(tap.known_pan())
    values["psn"] = tap.known_psn()
    values["atc"] = tap.atc()


def _price(values, charge):
    values["full_fare_fen"] = charge.full_fare_fen
    values["fare_class"] = charge.fare_class
    values["rule"], values["riders"] = charge.rule, charge.riders


def pack_pending(stamp, tap, uid, charge, terminal):
    """Bytes of the pending entry of `tap` (QT-167); charge: of trade.py; terminal: dict tag ->
    bytes of its own.
    """
    values = stamp.onto(pending.blank())
    _identity(values, tap)
    values["uid"] = uid
    values["amount_fen"] = tap.amount_fen()
    _price(values, charge)
    values["currency"] = bcd.to_int(tap.as_sent(tags.CURRENCY) or b"\x01\x56")
    values["afl"] = tap.value(tags.AFL)
    values["pdol"] = tap.selected.pdol_value
    values["gpo_command_data"] = tlv.build(tags.COMMAND_TEMPLATE, tap.sent)
    values["gpo_answer"] = tap.gpo_answer
    values["records"] = tap.records
    values["un"] = tap.as_sent(tags.UN)
    if tap.before_fen is not None and tap.before_fen < record.UNKNOWN_FEN:
        values["pre_balance_fen"] = tap.before_fen
    own = [tlv.build(tag, terminal[tag]) for tag in OF_TERMINAL if tap.as_sent(tag) is None]
    values["terminal_data"] = b"".join(own)
    return pending.pack(values)


def unpack_pending(data):
    """Values of a pending entry. FormatError when it was damaged."""
    return pending.unpack(data)


def tap_of(values):
    """The Tap of an entry's values, byte for byte. FormatError when they contradict each other."""
    sent = tlv.parse(values["gpo_command_data"])
    if len(sent) != 1:
        raise FormatError("pending entry without template 83")
    tap = rebuilt(
        values["aid"], values["pdol"], sent[0].value, values["gpo_answer"], values["records"]
    )
    if values["pre_balance_fen"] != record.UNKNOWN_FEN:
        tap.before_fen = values["pre_balance_fen"]
    return tap


def pack_settled(values, kind, result, reason):
    """Bytes of the record that closes a pending entry (QT-184).

    values: the entry's; kind: of formats.record; result: the Outcome, None when the card never
    came back; reason: one word.
    """
    settled = record.blank(kind)
    for name in SHARED:
        settled[name] = values[name]
    settled["reason"] = reason
    settled["recovered"] = 1 if result and result.outcome == outcome.RECOVERED else 0
    settled["gpo_command_data"] = values["gpo_command_data"]  # QT-121
    settled["gpo_answer"] = values["gpo_answer"]
    terminal = tlv.parse(values["terminal_data"])
    _cryptogram(settled, result.tap if result else tap_of(values), terminal)
    if result:
        settled["oda"] = result.oda
        known = result.taken and result.balance_fen is not None
        if known and result.balance_fen < record.UNKNOWN_FEN:  # n12 holds more than a record
            settled["balance_fen"] = result.balance_fen
    return record.pack(settled)


def pack_refused(stamp, result, uid, charge, reason):
    """Bytes of the record of a refusal after the card had told its number; nothing was charged.

    reason: what the record says of it.
    """
    values = stamp.onto(record.blank(record.REFUSED))
    _identity(values, result.tap)  # known_pan() was not empty
    values["reason"] = reason
    values["uid"] = uid
    values["amount_fen"] = charge.amount_fen
    _price(values, charge)
    values["oda"] = result.oda
    return record.pack(values)


def _cryptogram(values, tap, terminal):
    """TC and the chip data the acquirer needs, in the order of clearing.md 3 (QT-258).

    9F10 goes whole and unread (QT-259), the currency is the one that was sent (QT-264).
    """
    values["tc"] = tap.value(tags.CRYPTOGRAM)
    parts = []
    for tag in record.CHIP_TAGS:
        value = tap.as_sent(tag) or tap.value(tag)
        if tag == tags.DF_NAME:
            value = tap.selected.aid  # the ADF name that was selected
        own = tlv.find(terminal, tag)
        value = own.value if own else value
        if value and len(value) <= LONGEST.get(tag, 8):
            parts.append(tlv.build(tag, value))
    values["chip_data"] = b"".join(parts)
