# SPDX-License-Identifier: Apache-2.0
"""A SmallCard with an extended application, and a security module: for the shared tests, on both
interpreters (JR/T 0025.14).

`HashModule` stands for keys that only card and module hold: its MAC is a hash, so that these tests
need no cipher. What 3DES makes of the same bytes is tested with sim/ and published data.
"""

import hashlib

from firmware.errors import LinkLost
from firmware.kernel import apdu, bcd, dol, tags, tlv
from tests.small_card import AID, SmallCard, values

METRO, BUS = 0x15, 0x16
PDOL = bytes.fromhex("9F66049F02065F2A029A039F3704DF6001")
READ_CAPP, UPDATE_CAPP, TRANS_PROVE = 0xB4, 0xDE, 0x5A
TRIP_ID = b"\x02\x21"


def record_of(area_id=TRIP_ID, body=bytes(10), kind=1, valid=1, locked=0):
    """A variable record: ID, length, valid, kind, locked, trade data."""
    return area_id + bytes((len(body) + 3, valid, kind, locked)) + body


def mac_of(key, initial, data):
    """Four bytes."""
    return hashlib.sha1(key + initial + data).digest()[:4]


class HashSession:
    """A derived key; `fails`: how many MACs from now on it answers, None: all."""

    def __init__(self, key, module):
        self.key = key
        self.module = module

    def mac(self, initial, data):
        """Four bytes, None from a module that has failed."""
        self.module.asked.append((initial, data))
        if self.module.left is not None:
            self.module.left -= 1
            if self.module.left < 0:
                return None
        return mac_of(self.key, initial, data)

    def ahead(self, initial, data):
        """It answers at once."""


class HashModule:
    """`left`: MACs it still makes, None: no end; `present` False: derives nothing."""

    def __init__(self):
        self.left = None
        self.present = True
        self.asked = []
        self.derived = []

    def session(self, use, version, factor):
        """HashSession of a key."""
        self.derived.append((use, version, factor))
        return HashSession(key_of(factor), self) if self.present else None

    def ahead(self, use, version, factor):
        """Likewise."""

    def state(self):
        """Word of firmware/module."""
        return "ready" if self.present else "absent"

    def idle(self):
        """Between customers."""


def key_of(factor):
    """The record key of a card by its factor."""
    return b"master" + factor


class CappCard(SmallCard):
    """Change what stands in it before it is used.

    `pages`: dict (sfi, following) -> record; `newest`: records of the cyclic file; `df61`; `key`;
    `header`: bytes of the command under its MAC; `frozen`: dict (sfi, following) -> fen.
    """

    def __init__(self, pan="6228000100000010", df61=0x01, **how):
        super().__init__(pan, **how)
        self.df61 = df61
        self.offer = bytes((df61,))
        self.fci = tlv.build(tags.PDOL, PDOL)
        self.key = key_of(b"12345678")
        self.header = 5
        self.pages = {(METRO, 0): record_of()}
        self.newest = []
        self.frozen = {}
        self.offset_limit_fen = self.offset_used_fen = 0
        self.proof = None  # (ATC, TC) of the extended transaction completed last
        self.kind = 0
        self.last_read = None
        self.cached = []
        self.updating = False

    def _select(self, name):
        self.cached, self.last_read, self.updating = [], None, False
        answer = super()._select(name)
        if name != AID:
            return answer
        inner = tlv.build(tags.EXTENDED_APPLICATION, bytes((self.df61,)))
        body = tlv.build(0xA5, self.fci + tlv.build(tags.FCI_DISCRETIONARY, inner))
        return tlv.build(0x6F, tlv.build(0x84, name) + body) + b"\x90\x00"

    def _answer(self, command):
        instruction = command[1]
        if instruction == apdu.INS_SELECT or not self.selected:
            return super()._answer(command)
        if instruction == UPDATE_CAPP:
            return self._update(command)
        self.updating = False
        if instruction == READ_CAPP:
            return self._read_capp(command)
        if instruction == TRANS_PROVE:
            return self._prove(command[5:7])
        if instruction == apdu.INS_READ_RECORD and command[3] == 0xF4:
            newest = self.newest[command[2] - 1 : command[2]]
            return newest[0] + b"\x90\x00" if newest else b"\x6a\x83"
        return super()._answer(command)

    def _read_capp(self, command):
        place, area_id = (command[3] >> 3, command[3] & 7), command[5:7]
        if place[0] == 0x1E:
            return b"\x69\x81"
        if command[4] != (10 if self.df61 & 0x80 else 2):
            return b"\x67\x00"
        record = self.pages.get(place)
        if record is None or record[:2] != area_id:
            return b"\x6a\x83"
        self.last_read = place
        mac = mac_of(self.key, command[7:15], record) if self.df61 & 0x80 else b""
        return record + mac + b"\x90\x00"

    def _gpo(self, command):
        entries = dol.parse(tlv.find(tlv.parse(self.fci), tags.PDOL).value)
        sent = tlv.parse(command[5:-1])[0].value
        self.use = (dol.taken(entries, sent, tags.CAPP_INDICATOR) or b"\x00")[0]
        amount_fen = bcd.to_int(dol.taken(entries, sent, tags.AMOUNT))
        if self.use == 2 and len(self.frozen) == 3:
            return b"\x69\x71"
        if self.use == 2 and self.last_read in self.frozen:
            return b"\x69\x72"
        if self.use == 3 and self.last_read not in self.frozen:
            return b"\x69\x73"
        before_fen = self.balance_fen
        offset_fen = 0
        if self.use == 1 and amount_fen > before_fen:
            offset_fen = amount_fen - before_fen
            if self.offset_used_fen + offset_fen < self.offset_limit_fen:
                self.balance_fen = amount_fen
        if self.use == 3:
            self.balance_fen += self.frozen[self.last_read]
        answer = super()._gpo(command)
        if self.restore is not None:
            self.restore = before_fen
        self.amount_fen, self.offset_fen = amount_fen, offset_fen
        self.updating = self.opened
        if self.use == 2:
            pairs = [(one.tag, one.value) for one in tlv.parse(tlv.parse(answer[:-2])[0].value)]
            body = b"".join([tlv.build(t, v) for t, v in pairs if t != tags.CRYPTOGRAM])
            answer = tlv.build(0x77, body) + b"\x90\x00"
        return answer

    def _update(self, command):
        if not self.updating:
            return b"\x69\x85"
        place, record, mac = (command[3] >> 3, command[3] & 7), command[5:-5], command[-5:-1]
        initial = bytes(6) + self.atc.to_bytes(2, "big")
        if mac != mac_of(self.key, initial, command[: self.header] + record):
            return b"\x69\x88"
        if place[0] != 0x1E:
            old = self.pages.get(place)
            if old is None or old[:2] != record[:2]:
                return b"\x6a\x83"
            if len(record) != len(old):
                return b"\x6a\x84" if len(record) > len(old) else b"\x6a\x80"
        self.cached.append((place, record))
        answer = mac_of(self.key, bytes(4) + mac, b"\x90\x00") if self.df61 & 0x80 else b""
        return answer + b"\x90\x00"

    def _read(self, sfi, number):
        last = self.opened and (sfi, number) == (self.afl[-4] >> 3, self.afl[-2])
        if last and self.restore is not None and self.use:
            written = [place for place, _ in self.cached if place[0] != 0x1E]
            if self.use > 1 and written != [self.last_read]:
                self.balance_fen, self.restore = self.restore, None
                return b"\x69\x74"
            self._commit()
        return super()._read(sfi, number)

    def _commit(self):
        for place, record in self.cached:
            if place[0] == 0x1E:
                self.newest.insert(0, record)
            else:
                self.pages[place] = record
        if self.use == 2:
            self.frozen[self.last_read] = self.amount_fen
        elif self.use == 3:
            self.frozen.pop(self.last_read)
        self.offset_used_fen += self.offset_fen
        counter = self.atc.to_bytes(2, "big")
        self.proof = counter, bytes(8) if self.use == 2 else bytes(6) + counter

    def _prove(self, counter):
        if self.proof and self.proof[0] == counter:
            return self.proof[1] + b"\x90\x00"
        return b"\x94\x06"

    def _get_data(self, tag):
        for known, fen in (
            (tags.OFFSET_LIMIT, self.offset_limit_fen),
            (tags.OFFSET_USED, self.offset_used_fen),
        ):
            if tag == known:
                return tlv.build(tag, bcd.from_int(fen, 6)) + b"\x90\x00"
        return super()._get_data(tag)


def extended_values(kind, amount_fen):
    """What a terminal sends: dict tag -> bytes, DF60 among them."""
    sent = values(amount_fen)
    sent[tags.CAPP_INDICATOR] = bytes((kind,))
    return sent


class Tearing:
    """exchange() of a card that is lost at exchange `at` (from 0), before or after it acted."""

    def __init__(self, card, at=None, acted=False):
        self.card = card
        self.at = at
        self.acted = acted
        self.count = 0

    def exchange(self, command, spare=None):
        """The answer; LinkLost from the exchange `at` on."""
        count, self.count = self.count, self.count + 1
        if self.at is not None and count > self.at:
            raise LinkLost("gone")
        if count == self.at and not self.acted:
            raise LinkLost("before")
        answer = self.card.exchange(command)
        if count == self.at:
            raise LinkLost("after")
        return answer
