# SPDX-License-Identifier: Apache-2.0
"""A second opinion on one transaction, from the bytes on the air alone: may it be committed, and
may it be approved?

Written apart from firmware/kernel: reference.py for TLV, chains.py for certificates. It is a judge
of approvals only: `Wrong` says why one is not due. What it does not object to may still be refused
by the terminal.
"""

from collections import namedtuple

from tests.fuzz import chains, reference
from tests.fuzz.chains import Wrong, require

# un, amount (6 bytes), currency, ttq: as they are due; today: (year, month, day)
# cas: [(rid, index, exponent or 0, modulus or point)]; denied: PANs
# edition: 9F08 that has to sign version 01
Terms = namedtuple(
    "Terms", ("un", "amount", "currency", "ttq", "today", "cas", "denied", "edition")
)


class Transaction:
    """What one presentation says of its transaction; `log` is [(command, answer or None)].

    `sent`, `data` (tag -> value), `records` [(sfi, number, body)] without the last, `last`
    (sfi, number). Wrong where the wire does not even hold these.
    """

    def __init__(self, log):
        try:
            self._read(log)
        except reference.Broken as broken:
            raise Wrong(str(broken)) from None

    def _read(self, log):
        command, answer = [(c, a) for c, a in log if c[1] == 0xA4][-1]
        self.aid = command[5 : 5 + command[4]]
        require(answer and answer[-2:] == b"\x90\x00", "SELECT")
        self.pdol = reference.dol(reference.find(answer[:-2], 0x6F, 0xA5, 0x9F38) or b"")
        at = [place for place, (c, _) in enumerate(log) if c[1] == 0xA8]
        require(len(at) == 1, "not one GPO")
        command, answer = log[at[0]]
        (tag, self.sent), *more = reference.objects(command[5:-1])
        require(tag == b"\x83" and not more and command[4] == len(command) - 6, "GPO command")
        require(answer and answer[-2:] == b"\x90\x00", "GPO")
        self.gpo = answer[:-2]
        self.data = {}
        self._take(self.gpo, b"\x77")
        self.afl = self._afl()
        self.last = self.afl[-1][:2]
        self.records = []
        for (sfi, number, _), (command, answer) in zip(
            self.afl[:-1], log[at[0] + 1 :], strict=False
        ):
            require(command == bytes([0, 0xB2, number, sfi << 3 | 4, 0]), "records out of order")
            require(answer and answer[-2:] == b"\x90\x00", "a record is missing")
            self._take(answer[:-2], b"\x70")
            self.records.append((sfi, number, answer[:-2]))
        require(len(self.records) == len(self.afl) - 1, "records are missing")

    def _take(self, body, template):
        (tag, value), *more = reference.objects(body)
        require(tag == template and not more, "template")
        for name, inner in reference.objects(value):
            number = int.from_bytes(name, "big")
            require(number not in self.data, "an object twice")
            self.data[number] = inner

    def take_last(self, answer):
        """The last record, read now or at a second tap."""
        try:
            require(answer[-2:] == b"\x90\x00", "the last record")
            self._take(answer[:-2], b"\x70")
        except (reference.Broken, ValueError):
            raise Wrong("the last record") from None

    def _afl(self):
        """[(sfi, number, signed)]."""
        value = self.data.get(0x94, b"")
        require(value and len(value) % 4 == 0, "AFL")
        named = []
        for at in range(0, len(value), 4):
            head, first, last, signed = value[at : at + 4]
            require(head % 8 == 0 and 1 <= head >> 3 <= 30 and 1 <= first <= last, "AFL entry")
            require(signed <= last - first + 1, "AFL entry")
            named += [(head >> 3, n, n < first + signed) for n in range(first, last + 1)]
        require(named[-1][:2] not in [one[:2] for one in named[:-1]], "last record named twice")
        return named

    def value(self, tag):
        require(self.data.get(tag), "%X is missing" % tag)
        return self.data[tag]

    def as_sent(self, tag):
        at = 0
        for one, length in self.pdol:
            if one == tag:
                return self.sent[at : at + length]
            at += length
        return None

    def is_signed(self, tag):
        return any(
            tag in [int.from_bytes(one, "big") for one, _ in reference.objects(value)]
            for value in self._signed_values()
        )

    def _signed_values(self):
        names = [one[:2] for one in self.afl if one[2]]
        return [
            reference.objects(body)[0][1]
            for sfi, number, body in self.records
            if (sfi, number) in names
        ]

    def static(self):
        """Static data to be authenticated (JR/T 0025.7 5)."""
        names, data = [one[:2] for one in self.afl if one[2]], b""
        for sfi, number, body in self.records:
            if (sfi, number) in names:
                data += reference.objects(body)[0][1] if sfi <= 10 else body
        if 0x9F4A in self.data:
            require(self.data[0x9F4A] == b"\x82", "9F4A")
            data += self.value(0x82)
        return data

    def pan(self):
        """Digits; 57 and 5A agree where both are there."""
        found = set()
        if 0x5A in self.data:
            found.add(self.data[0x5A].hex().rstrip("f"))
        if 0x57 in self.data:
            pan, mark, rest = self.data[0x57].hex().partition("d")
            require(mark and rest[:4].isdecimal(), "57")
            require(rest[:4] == self.value(0x5F24).hex()[:4], "57 and 5F24")
            found.add(pan)
        require(len(found) == 1, "card number")
        pan = found.pop()
        require(11 <= len(pan) <= 19 and pan.isdecimal(), "card number")
        return pan


def commit_is_due(transaction, terms):
    """What must hold before the last READ RECORD (qpboc.md G): a function that tells whether the
    card signed these terminal dynamic data. Wrong otherwise.
    """
    one = transaction
    iad = one.value(0x9F10)
    require(8 <= len(iad) <= 32 and iad[0] == 7 and iad[3] == 3 and iad[4] & 0x30 == 0x10, "no TC")
    require(len(one.value(0x9F26)) == 8 and len(one.value(0x9F36)) == 2, "cryptogram, ATC")
    require(len(one.value(0x82)) == 2 and one.value(0x82)[0] & 0x20, "AIP without DDA")
    due = [(0x9F37, terms.un), (0x9F02, terms.amount), (0x9F66, terms.ttq)]
    if terms.ttq[3] & 0x80:
        due.append((0x5F2A, terms.currency))
    for tag, value in due:
        require(one.as_sent(tag) == value, "%X was not sent whole" % tag)
    require(one.pan() not in terms.denied, "deny list")
    require(_date(one.value(0x5F24)) >= terms.today, "expired")
    if 0x5F25 in one.data:
        require(_date(one.data[0x5F25]) <= terms.today, "not yet valid")
    signed_by_card = chains.opened(one, terms)
    if not terms.ttq[3] & 0x80 or _is_older(one, terms):
        require(signed_by_card(terms.un), "version 00")
    return signed_by_card


def approval_is_due(transaction, terms):
    """What must hold for an approval, the last record taken. Wrong otherwise."""
    one = transaction
    signed_by_card = commit_is_due(one, terms)
    related, signed = one.data.get(0x9F69), terms.un
    if related is None:
        require(not terms.ttq[3] & 0x80 or _is_older(one, terms), "downgrade to version 00")
    else:
        require(8 <= len(related) <= 16 and related[0] == 1, "9F69")
        copy = related[5:7]
        require(copy in (b"\x00\x00", one.data.get(0x9F6C) or b"\x00\x00"), "9F69 and 9F6C")
        signed += terms.amount + terms.currency + related
        require(one.as_sent(0x5F2A) == terms.currency, "currency")
    require(signed_by_card(signed), "hash of the signature")


def _is_older(one, terms):
    version = one.data.get(0x9F08)
    return bool(version) and version != terms.edition and one.is_signed(0x9F08)


def _date(value):
    require(len(value) == 3 and value.hex().isdecimal(), "date")
    year, month, day = [int(one) for one in value.hex(" ").split()]
    require(1 <= month <= 12 and 1 <= day <= 31, "date")
    return (year + (2000 if year < 50 else 1900), month, day)
