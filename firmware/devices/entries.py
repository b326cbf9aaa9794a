# SPDX-License-Identifier: Apache-2.0
"""A Tap as bytes that last: pending entry before the commit, fare record after (QT-157, QT-258).

Nothing is rebuilt from meanings: values go in as they were sent to the card or came from it.
"""

from firmware.errors import FormatError
from firmware.formats import pending, record
from firmware.kernel import bcd, outcome, tags, tlv
from firmware.kernel.tap import rebuilt

# What both formats carry under one name and in the same bytes, copied when a pending entry becomes
# a record.
SHARED = (
    "amount_fen", "full_fare_fen", "fare_class", "aid", "pan", "psn", "uid", "atc", "time_utc_s",
    "date", "time", "device", "line", "stop", "vehicle", "driver", "shift", "parameters_version",
    "deny_list_version", "clock_trusted", "trade", "direction", "riders", "rule", "fares_version",
    "reference", "trade_data", "version", "gpo_command_data", "gpo_answer",
)  # fmt: skip


def _places():
    """((place in a record, place in an entry), ..) of SHARED."""
    there = {name: place for place, (name, _) in enumerate(pending.PENDING_V3)}
    own = enumerate(record.RECORD_V3)
    return tuple([(place, there[name]) for place, (name, _) in own if name in SHARED])


COPIED = _places()
BLANK_PARTS = record.parts(record.blank(record.PENDING))

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


def pending_values(stamp, tap, uid, charge, terminal, extension=b""):
    """The pending entry of `tap` as a dict (QT-167); charge: of trade.py; terminal: dict tag ->
    bytes of its own; extension: of formats/extension.py, what is changed in the card's memory.
    """
    values = stamp.onto(pending.blank())
    if extension:  # QX-034
        values["version"], values["extension"] = record.EXTENDED, extension
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
    return values


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
    if values.get("extension"):
        tap.extension = _extension_of(values["extension"])
    return tap


def _extension_of(data):
    from firmware.formats import extension  # only where a tap changed records of the card
    from firmware.kernel import capp  # likewise

    known = extension.unpack(data)
    changes = [capp.Change(*(tuple(row[:4]) + (None,))) for row in known["changes"]]
    return capp.Extension(known["kind"], known["df61"], tuple(changes), 0)


def approved_kind(tap):
    """Kind of the record of a tap that ended well: a sale, or what is none (QX-052)."""
    if not tap.extension:
        return record.APPROVED
    from firmware.formats import extension  # as above

    return extension.approved_kind(tap.extension.kind, tap.amount_fen())


def refused_word(tap):
    """Message of what a card has made final and we refuse: of a sum that is held, or of a stamp
    that cost nothing, there is nothing to be refunded (QX-052).
    """
    if not tap or not tap.extension:
        return "debited_refused"
    from firmware.formats import extension  # as above

    if tap.extension.kind == extension.PREAUTHORISATION:
        return "frozen_refused"
    return "debited_refused" if tap.amount_fen() else "stamp_refused"


class Draft:
    """The record that closes a pending entry, but for how its sale ends (QT-184).

    All that a card or a trade can spoil is packed when it is made, so that nothing keeps us from
    writing a record when the money has moved; settled() packs words and numbers of our own, and
    chip data of the last record, which are short (LONGEST).
    """

    def __init__(self, parts, tap, terminal_data, chip=None):
        """parts: of the entry (pending.parts()); tap: its Tap; terminal_data: as in the entry;
        chip: chip_parts() of this tap, from when fewer objects had come. FormatError.
        """
        self.parts = BLANK_PARTS + parts[len(pending.PENDING_V3) :]  # the extension, if any
        for place, there in COPIED:  # with what the card was told and has said (QT-121)
            self.parts[place] = parts[there]
        self._put("tc", tap.value(tags.CRYPTOGRAM) or bytes(8))  # none of a frozen sum (QX-021)
        self.chip = chip or chip_parts(tap, terminal_data)
        if chip:
            self._complete([place for place, part in enumerate(chip) if part is None], tap)
        self.missing = [place for place, part in enumerate(self.chip) if part is None]
        self.settled(record.PENDING, None, "rehearsal", tap)

    def settled(self, kind, result, reason, tap):
        """Bytes of the record.

        kind: of formats.record; result: the Outcome, None when the card never came back; reason:
        one word; tap: as it has become.
        """
        balance_fen = record.UNKNOWN_FEN
        if result and result.taken and result.balance_fen is not None:
            balance_fen = min(result.balance_fen, balance_fen)  # n12 holds more than a record
        self._put("kind", kind)
        self._put("reason", reason)
        self._put("recovered", 1 if result and result.outcome == outcome.RECOVERED else 0)
        self._put("oda", result.oda if result else "")
        self._put("balance_fen", balance_fen)
        self._complete(self.missing, tap)  # they may have come with the last record
        self._put("chip_data", b"".join([part for part in self.chip if part]))
        return b"".join(self.parts)

    def _complete(self, places, tap):
        for place in places:
            tag = record.CHIP_TAGS[place]
            self.chip[place] = _chip_part(tag, tap.data.get(tag))

    def _put(self, name, value):
        place, field = record.ENDINGS[name]
        self.parts[place] = field.pack(name, value)


def pack_settled(values, kind, result, reason):
    """Bytes of the record that closes a pending entry (QT-184).

    values: the entry's; kind, result, reason: as Draft.settled() has them.
    """
    tap = result.tap if result else tap_of(values)
    draft = Draft(pending.parts(values), tap, values["terminal_data"])
    return draft.settled(kind, result, reason, tap)


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


def chip_parts(tap, terminal_data):
    """The chip data the acquirer needs, one for each of CHIP_TAGS in the order of clearing.md 3
    (QT-258): b"" of what does not count, None of what has not come.

    9F10 goes whole and unread (QT-259), the currency is the one that was sent (QT-264).
    """
    own = {one.tag: one.value for one in tlv.parse(terminal_data)}
    own.setdefault(tags.DF_NAME, tap.selected.aid)  # the ADF name that was selected
    told, data = tap.told, tap.data
    return [
        _chip_part(tag, own.get(tag) or told.get(tag) or data.get(tag)) for tag in record.CHIP_TAGS
    ]


def _chip_part(tag, value):
    """TLV of one value; None where there is none, b"" where it is too long."""
    if not value:
        return None
    return tlv.build(tag, value) if len(value) <= LONGEST.get(tag, 8) else b""
