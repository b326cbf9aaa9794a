# SPDX-License-Identifier: Apache-2.0
"""A SmallCard that tells more: logs, a second currency, GET TRANS PROVE, issuer data of its own.

For the shared tests of torn taps and enquiries, on both interpreters.
"""

from firmware.kernel import apdu, bcd, dol, tags, tlv
from tests.small_card import SmallCard

LOG_SFI, LOAD_SFI = 0x0B, 0x0C
# qpboc.md 2.16, recommended
LOG_FORMAT = bytes.fromhex("9A039F21039F02069F03069F1A025F2A029F4E149C019F3602")
LOAD_FORMAT = bytes.fromhex("9A039F21039F1A029F4E149F3602")
INS_GET_TRANS_PROVE = 0x5A


class FullCard(SmallCard):
    """Switch on what it shall have, before it is used:

    `logs` writes each final debit to a file of ten; `proves` answers GET TRANS PROVE with the last
    final TC; `capp` puts DF61 into the FCI; `second` is (currency, balance in fen) beside the
    first; `issuer` makes 9F10 of (ATC, balance after); `offline_amount` False leaves 9F5D out;
    `rollback` "gpo" takes an open debit back at the next GPO only; `hides` are tags it refuses to
    GET DATA.
    """

    def __init__(self, pan="6228000100000010", **how):
        super().__init__(pan, **how)
        self.logs = self.proves = self.capp = False
        self.second = None
        self.issuer = None
        self.offline_amount = True
        self.rollback = "select"
        self.hides = ()
        self.log = []  # newest first
        self.loads = []
        self.sent_to_card = b""
        self.last_tc = bytes(8)

    def _answer(self, command):
        if command[1] == INS_GET_TRANS_PROVE:
            return self._prove(command)
        count = len(self.debits)
        answer = super()._answer(command)
        if len(self.debits) > count:
            self._note_debit()
        return answer

    def _prove(self, command):
        if not self.proves:
            return b"\x6d\x00"
        if not self.debits or command[5:7] != self.debits[-1].to_bytes(2, "big"):
            return b"\x94\x06"
        return self.last_tc + b"\x90\x00"

    def _note_debit(self):
        """The last record was read: the debit is final, and logged (JR/T 0025.12 §7.7.19)."""
        self.last_tc = bytes(6) + self.atc.to_bytes(2, "big")
        if not self.logs:
            return
        pdol = dol.parse(tlv.find(tlv.parse(self.fci), tags.PDOL).value)
        values = {tags.ATC: self.atc.to_bytes(2, "big")}
        for tag in (tags.DATE, tags.AMOUNT, tags.CURRENCY):
            values[tag] = dol.taken(pdol, self.sent_to_card, tag)
        self.log.insert(0, dol.fill(dol.parse(LOG_FORMAT), values))
        self.log = self.log[:10]

    def _select(self, name):
        kept = (self.balance_fen, self.restore, self.card_auth)
        answer = super()._select(name)
        if self.rollback == "gpo":
            self.balance_fen, self.restore, self.card_auth = kept
        inner = tlv.build(tags.LOG_ENTRY, bytes((LOG_SFI, 10))) if self.logs else b""
        inner += tlv.build(tags.LOAD_LOG_ENTRY, bytes((LOAD_SFI, 10))) if self.loads else b""
        inner += tlv.build(tags.EXTENDED_APPLICATION, b"\x01") if self.capp else b""
        if not inner or name == apdu.PPSE:
            return answer
        body = tlv.build(0xA5, self.fci + tlv.build(tags.FCI_DISCRETIONARY, inner))
        return tlv.build(0x6F, tlv.build(0x84, name) + body) + b"\x90\x00"

    def _gpo(self, command):
        if self.restore is not None:
            self.balance_fen, self.restore = self.restore, None
        self.sent_to_card = tlv.parse(command[5:-1])[0].value
        answer = super()._gpo(command)
        drop = () if self.offline_amount else (tags.AVAILABLE_OFFLINE_AMOUNT,)
        pairs = []
        for one in tlv.parse_template(answer[:-2], tags.GPO_FORMAT_2):
            issuer = self.issuer and one.tag == tags.IAD
            value = self.issuer(self.atc, self.balance_fen) if issuer else one.value
            if one.tag not in drop:
                pairs.append(tlv.build(one.tag, value))
        return tlv.build(tags.GPO_FORMAT_2, b"".join(pairs)) + b"\x90\x00"

    def _get_data(self, tag):
        second = self.second or (b"", 0)
        value = {
            tags.LOG_FORMAT: LOG_FORMAT if self.logs else b"",
            tags.LOAD_LOG_FORMAT: LOAD_FORMAT if self.loads else b"",
            tags.SECOND_CURRENCY: second[0],
            tags.SECOND_BALANCE: bcd.from_int(second[1], 6) if self.second else b"",
        }.get(tag)
        if tag in self.hides or value == b"":
            return b"\x6a\x88"
        if value is None:
            return super()._get_data(tag)
        return tlv.build(tag, value) + b"\x90\x00"

    def _read(self, sfi, number):
        files = {LOG_SFI: self.log, LOAD_SFI: self.loads}
        if sfi not in files:
            return super()._read(sfi, number)
        file = files[sfi]
        return file[number - 1] + b"\x90\x00" if number <= len(file) else b"\x6a\x83"


def issuer_data(kind):
    """9F10 with issuer data `kind` (byte 10) that tell the balance (qpboc.md 2.4)."""

    def build(atc, balance_fen):
        head = bytes.fromhex("07010103900000010A") + bytes((kind,))
        return head + bcd.from_int(balance_fen, 5) + bytes(4)

    return build
