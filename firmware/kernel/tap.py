# SPDX-License-Identifier: Apache-2.0
"""Tap: the bytes of one transaction as sent and received, and what was read from them (QT-121,
QT-167).

A Tap is made from the wire while a card answers, or again from a pending journal entry; nothing
in it is rebuilt.
"""

from firmware.errors import FormatError
from firmware.kernel import bcd, bits, dol, oda, outcome, selection, tags, tlv

DECISIONS = {
    0x00: outcome.AAC,
    0x10: outcome.TC,
    0x20: outcome.ARQC,
}  # 9F10 byte 5, bits 6-5 (QT-112)
CID = {outcome.AAC: 0x00, outcome.TC: 0x40, outcome.ARQC: 0x80}
LENGTHS = (  # of what the GPO answer must hold (JR/T 0025.12 tables 11, 12; QT-109)
    (tags.AIP, 2, 2),
    (tags.ATC, 2, 2),
    (tags.CRYPTOGRAM, 8, 8),
    (tags.IAD, 8, 32),
)
# 9F10 byte 10, what the issuer data tell (qpboc.md 2.4)
BALANCE_IDS = (0x01, 0x03, 0x05)  # a balance, first of all
AFTER_IDS = (0x01, 0x05)  # nothing but a balance
ALLOWANCE_IDS = (0x02, 0x03, 0x04)
OF_PAN = (tags.PAN, tags.TRACK_2, tags.EXPIRY)  # what tells the card number, or contradicts it
MAX_RECORDS = 32  # more than any AFL of the book; a bound for hostile cards


class Tap:
    """One transaction with one card.

    `data`: dict tag -> value of all objects returned, each once (QT-108, QT-127).
    """

    def __init__(self, selected, sent):
        """selected: selection.Selected; sent: the PDOL values as they were joined for the GPO."""
        self.selected = selected
        self.sent = sent
        self.told = dol.values(selected.pdol, sent)
        self.gpo_answer = b""
        self.records = []  # (sfi, record number, bytes with template 70)
        self.data = {}
        self.decision = ""
        self.afl = ()
        self._pan = None  # the card number, None where it has to be read anew
        self.before_fen = None  # balance read before the GPO, where parameters ask for it
        self.extension = None  # capp.Extension, None for a plain purchase

    def value(self, tag):
        """Value of a returned object, b"" if absent."""
        return self.data.get(tag, b"")

    def as_sent(self, tag):
        """The bytes that went to the card for `tag` (QT-209); None if its PDOL did not ask."""
        return self.told.get(tag)

    def take(self, objects):
        """Add returned objects, unknown ones too (QT-128). FormatError when one came before."""
        for one in objects:
            if one.tag in OF_PAN:
                self._pan = None
            if one.tag in self.data:
                raise FormatError("object %X returned twice" % one.tag)
            self.data[one.tag] = one.value

    def take_gpo(self, answer):
        """Read the GPO answer (data without status word).

        FormatError when it is not a usable qPBOC answer.
        """
        self.gpo_answer = answer
        self.take(tlv.parse_template(answer, tags.GPO_FORMAT_2))  # QT-104
        for tag, least, most in LENGTHS:
            if not least <= len(self.value(tag)) <= most and not self._goes_without(tag):
                raise FormatError("object %X missing or of wrong length" % tag)
        self.decision = self._decide()
        if self.decision == outcome.TC:
            self.afl = parse_afl(self.value(tags.AFL))
        elif tags.TRACK_2 not in self.data:
            raise FormatError("%s without 57" % self.decision)  # JR/T 0025.12 table 12

    def _goes_without(self, tag):
        """True for the cryptogram of a pre-authorisation: there is none (QX-021)."""
        frozen = self.told.get(tags.CAPP_INDICATOR) == b"\x02"
        return frozen and tag == tags.CRYPTOGRAM and tag not in self.data

    def _decide(self):
        iad = self.value(tags.IAD)
        if iad[0] != 0x07 or iad[3] != 0x03:
            raise FormatError("9F10 is not of PBOC form")  # QT-111
        decision = DECISIONS.get(iad[4] & 0x30)
        if decision is None:
            raise FormatError("9F10 byte 5 is %02X" % iad[4])
        cid = self.data.get(tags.CID)
        if cid is not None and (len(cid) != 1 or cid[0] & 0xC0 != CID[decision]):
            raise FormatError("9F27 contradicts 9F10")  # QT-113
        return decision

    def take_record(self, sfi, number, record):
        """Read one record. FormatError when malformed or repeating an object (QT-126, 127)."""
        self.records.append((sfi, number, record))
        self.take(tlv.parse_template(record, tags.RECORD))

    def read_list(self):
        """(sfi, record, enters ODA) for each record of the AFL in order (QT-122)."""
        steps = []
        for sfi, first, last, signed in self.afl:
            for number in range(first, last + 1):
                steps.append((sfi, number, number - first < signed))
        return steps

    def pan(self):
        """Card number, "" if not seen yet. FormatError when 57 and 5A disagree (QT-137)."""
        if self._pan is None:
            self._pan = self._read_pan()
        return self._pan

    def _read_pan(self):
        pan = bcd.pan_of_5a(self.data[tags.PAN]) if tags.PAN in self.data else ""
        if tags.TRACK_2 in self.data:
            of_track, month = bcd.pan_of_57(self.data[tags.TRACK_2])
            if pan and pan != of_track:
                raise FormatError("57 and 5A hold different card numbers")
            expiry = self.data.get(tags.EXPIRY)
            if expiry is not None and expiry.hex()[:4] != month:
                raise FormatError("57 and 5F24 hold different expiry dates")
            pan = of_track
        return pan

    def known_pan(self):
        """Card number for people and refusals: "" when the card's data contradict each other."""
        try:
            return self.pan()
        except FormatError:
            return ""

    def known_psn(self):
        """PAN sequence number for a refusal: 0 when the card's value is malformed."""
        try:
            return self.psn()
        except FormatError:
            return 0

    def psn(self):
        """PAN sequence number, 0 if there is none (clearing.md, 2)."""
        value = self.value(tags.PSN)
        if len(value) > 1:
            raise FormatError("5F34 of %d bytes" % len(value))
        return bcd.to_int(value) if value else 0

    def atc(self):
        """Application transaction counter of this transaction."""
        return int.from_bytes(self.value(tags.ATC), "big")

    def amount_fen(self):
        """The amount as sent to the card."""
        return bcd.to_int(self.as_sent(tags.AMOUNT) or b"")

    def balance_fen(self):
        """Balance the card gave: 9F5D, else issuer data of 9F10 (QT-119, QT-245); None if it gave
        none.
        """
        told = self._offline_amount()
        return self._issuer_amount(BALANCE_IDS) if told is None else told

    def balance_from_before(self):
        """Where the card tells nothing: what was read before the GPO, less the amount when it was
        paid from there (QT-245); None without.
        """
        if self.decision != outcome.TC:
            return self.before_fen
        after = self.balances_after()
        return after[-1] if after and self.before_fen is not None else None

    def balances_after(self):
        """The balance after the debit by each source that told one: read before the GPO, 9F5D,
        issuer data (QT-175). Empty where a balance proves nothing: no amount, too little money, or
        issuer data that speak of an allowance, CTTA, which may have paid instead (QT-176).
        """
        iad, amount_fen = self.value(tags.IAD), self.amount_fen()
        if amount_fen == 0 or (len(iad) >= 10 and iad[9] in ALLOWANCE_IDS):
            return []
        try:
            found = [self._offline_amount(), self._issuer_amount(AFTER_IDS)]
        except FormatError:
            return []  # the gate has looked at the one of them that is shown
        if self.before_fen is not None:
            if self.before_fen < amount_fen:
                return []
            found.append(self.before_fen - amount_fen)
        return [one for one in found if one is not None]

    def cvm(self):
        """What is asked of the holder: "online_pin", "signature" or "" (QT-120).

        By 9F6C, without it by what the terminal required; never what its TTQ did not offer.
        """
        ttq, ctq = self.as_sent(tags.TTQ), self.data.get(tags.CTQ)
        signs = bits.has(ttq, bits.TTQ_SIGNATURE)
        if ctq is None:
            return "signature" if signs and bits.has(ttq, bits.TTQ_CVM_REQUIRED) else ""
        if bits.has(ctq, bits.CTQ_ONLINE_PIN) and bits.has(ttq, bits.TTQ_ONLINE_PIN):
            return "online_pin"
        return "signature" if signs and bits.has(ctq, bits.CTQ_SIGNATURE) else ""

    def _offline_amount(self):
        value = self.value(tags.AVAILABLE_OFFLINE_AMOUNT)
        return bcd.to_int(value) if len(value) == 6 else None

    def _issuer_amount(self, ids):
        iad = self.value(tags.IAD)
        if len(iad) >= 15 and iad[8] >= 0x0A and iad[9] in ids:
            return bcd.to_int(iad[10:15])  # JR/T 0025.12 annex D
        return None

    def _signed_records(self):
        signed = {(sfi, number) for sfi, number, enters in self.read_list() if enters}
        return [(sfi, record) for sfi, number, record in self.records if (sfi, number) in signed]

    def is_signed(self, tag):
        """True when `tag` came in a record that enters offline data authentication."""
        return any(
            tlv.find(tlv.parse_template(record, tags.RECORD), tag)
            for _, record in self._signed_records()
        )

    def static_data(self):
        """Static data to be authenticated of the records read so far."""
        return oda.static_data(
            self._signed_records(), self.data.get(tags.SDA_TAG_LIST), self.value(tags.AIP)
        )

    def has_dda(self):
        """True when the card says that it can sign (QT-145)."""
        return bits.has(self.value(tags.AIP), bits.AIP_DDA)


def parse_afl(value):
    """Tuple of (sfi, first, last, signed). FormatError where a rule is broken (QT-118)."""
    if not value or len(value) % 4:
        raise FormatError("AFL of %d bytes" % len(value))
    entries = []
    count = 0
    for at in range(0, len(value), 4):
        sfi, first, last, signed = value[at] >> 3, value[at + 1], value[at + 2], value[at + 3]
        if (
            value[at] & 7
            or not 1 <= sfi <= 30
            or not 1 <= first <= last
            or signed > last - first + 1
        ):
            raise FormatError("AFL entry " + value[at : at + 4].hex())
        count += last - first + 1
        entries.append((sfi, first, last, signed))
    if count > MAX_RECORDS:
        raise FormatError("AFL names %d records" % count)
    last, commits = entries[-1][0], entries[-1][2]
    for sfi, first, end, _ in entries[:-1]:
        if sfi == last and first <= commits <= end:
            # Read in its first place it would commit the debit before the gate (QT-142).
            raise FormatError("AFL names its last record twice")
    return tuple(entries)


def rebuilt(aid, pdol_value, sent, gpo_answer, records):
    """The Tap of a pending entry, byte for byte (QT-167). FormatError when the entry was damaged.

    records: list of (sfi, record number, bytes).
    """
    tap = Tap(selection.Selected(aid, {}, dol.parse(pdol_value), pdol_value), sent)
    tap.take_gpo(gpo_answer)
    for sfi, number, record in records:
        tap.take_record(sfi, number, record)
    return tap
