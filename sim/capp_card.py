# SPDX-License-Identifier: Apache-2.0
"""The extended application of a card: its commands, their order, its commit (JR/T 0025.14 A).

An approved GPO with DF60 opens a transaction; UPDATE CAPP DATA CACHE directly behind it, or
behind another one, is checked and cached beside the tear flag, so that debit and records become
final in one write of the card's file at the last READ RECORD, or are taken back together.
"""

from sim import capp_files, capp_keys, capp_money, capp_put, card_money
from sim.capp_keys import KEY_BYTES, MAC_BYTES
from sim.capp_money import COMPLETION, PRE_AUTHORISATION
from sim.capp_profile import CYCLIC_SFI
from sim.card_command import expect_le
from sim.coding import n12
from sim.status import Refused

CLASSES = (0x00, 0x04, 0x80, 0x84)
READ, UPDATE, APPEND = "READ CAPP DATA", "UPDATE CAPP DATA CACHE", "APPEND RECORD"
PUT = "PUT DATA"
BUSY_MS = (
    (READ, 11),
    (UPDATE, 11),
    (APPEND, 20),
    (PUT, 20),
)  # as READ RECORD: not measured by anyone
RANDOM_BYTES = 8
VARIABLE_SFIS = range(0x13, 0x1E)


def of_card(card):
    """The Capp of a card, None for a card without extended application."""
    made = card.image.get("extended")
    if made is None:
        return None
    card.state.setdefault("extended", capp_files.first_state(made))
    return Capp(card)


class Capp:
    """What a sim.card.Card with image["extended"] asks; `card` is that card."""

    TAGS = (0xDF61, 0xDF62, 0xDF63)  # of GET DATA
    classes = CLASSES

    def __init__(self, card):
        self.card, self.own = card, card.image["extended"]
        self.cipher = capp_keys.CIPHERS[self.own["cipher"]]
        self.r_mac = bool(int(self.own["df61"], 16) & 0x80)
        self.acts = {
            (0x80, 0xB4): (READ, self._read),
            (0x84, 0xDE): (UPDATE, self._update),
            (0x04, 0xE2): (APPEND, self._append),
            (0x04, 0xDA): (PUT, self._put_data),
        }
        self.reset()

    @property
    def more(self):
        """What of it changes: frozen sums, offset, records."""
        return self.card.state["extended"]

    @property
    def held_fen(self):
        """Frozen sums less DF63, without a transaction that the card would take back."""
        return self.frozen_fen - self._final()["offset_used_fen"]

    @property
    def frozen_fen(self):
        """Frozen sums alone, likewise."""
        return capp_money.frozen_fen(self._final())

    def _final(self):
        state = self.card.state
        return (state["torn"] or {"before": state})["before"].get("extended", state["extended"])

    def reset(self):
        """A new activation: no record was read, no UPDATE is due."""
        self.last_read = None  # place in `records`
        self.may_update = False

    def note(self, c_apdu):
        """Before a command: all but UPDATE end the time of the UPDATEs (A.2.1)."""
        if tuple(c_apdu[:2]) != (0x84, 0xDE):
            self.may_update = False

    # --- records ----------------------------------------------------------------------------

    def _file(self, command, sfis):
        """SFI of P2 after the checks that all three commands share."""
        if not self.card.selected:
            raise Refused("6986")
        if self.card.blocked:
            raise Refused("9407")
        if command.p1 or command.p2 & 6:
            raise Refused("6A81")
        if not command.data:
            raise Refused("6700")
        sfi = command.p2 >> 3
        if f"{sfi:02X}" not in self.own["files"]:
            raise Refused("6A82")
        if sfi not in sfis:
            raise Refused("6981")
        return sfi

    def _read(self, command):
        sfi = self._file(command, VARIABLE_SFIS)
        if len(command.data) != 2 + RANDOM_BYTES * self.r_mac:
            raise Refused("6700")
        name, random = command.data[:2], command.data[2:]
        place = capp_files.place_of(self.more, sfi, name, command.p2 & 1, self.last_read)
        if place is None:
            raise Refused("6A83")
        _, record, key = self.more["records"][place]
        answer = bytes.fromhex(record)
        if self.r_mac:
            answer += capp_keys.read_mac(self.cipher, bytes.fromhex(key), random, answer)
        expect_le(command, len(answer))
        self.last_read = place
        return answer

    def holds(self, sfi):
        """True when READ RECORD of this SFI is for this part of the card."""
        return f"{sfi:02X}" in self.own["files"]

    def ring_record(self, sfi, number):
        """Record `number` of the cyclic file, 1 the newest."""
        if sfi != CYCLIC_SFI:
            raise Refused("6981")
        records = (self.more["ring"] or {"records": ()})["records"]
        if not 1 <= number <= len(records):
            raise Refused("6A83")
        return bytes.fromhex(records[number - 1])

    def data_object(self, tag):
        """Value of one of TAGS, None for the offset of a card without one."""
        if tag == 0xDF61:
            return bytes.fromhex(self.own["df61"])
        if self.more["offset_limit_fen"] is None:
            return None
        name = "offset_limit_fen" if tag == 0xDF62 else "offset_used_fen"
        return n12(self.more[name])

    # --- a transaction ----------------------------------------------------------------------

    def record_named(self):
        """(SFI, ID) of the record that was read last, None before the first."""
        if self.last_read is None:
            return None
        sfi, record, _ = self.more["records"][self.last_read]
        return sfi, record[:4]

    def opened(self, mode):
        """A GPO with DF60 = `mode` was approved: UPDATEs may follow."""
        torn = self.card.state["torn"]
        torn["extended"] = {"mode": mode, "read": self.record_named(), "updates": []}
        self.may_update = True

    def keep_proof(self):
        """GET TRANS PROVE tells of extended transactions alone (A.4.1): a plain one that becomes
        final leaves what it tells as it was.
        """
        if self.card.state["torn"]:
            self.card.state["torn"]["proof"] = self.card.state["proof"]

    def top_up(self, state, own, amount_fen, purse, terminal):
        """card_money.top_up with what is frozen and what the offset owes (5.2.7 (4), 6.2.8)."""
        before = (state["torn"] or {"before": state})["before"]
        frozen = capp_money.frozen_fen(before.get("extended", state["extended"]))
        less = {"9F77": n12(max(0, int(own["9F77"]) - frozen)).hex()} if "9F77" in own else {}
        card_money.top_up(state, dict(own, **less), amount_fen, purse, terminal)
        more = state["extended"]
        used = more["offset_used_fen"]
        new = capp_money.paid_back(used, state["balance_fen"] - amount_fen, amount_fen)
        state["balance_fen"], more["offset_used_fen"] = new
        state["loads"][0][2] = n12(new.balance_fen).hex()

    def _update(self, command):
        sfi = self._file(command, (*VARIABLE_SFIS, CYCLIC_SFI))
        if not self.may_update:
            raise Refused("6985")
        expect_le(command, MAC_BYTES * self.r_mac)
        if len(command.data) <= MAC_BYTES:
            raise Refused("6700")
        if self.own["strict"] and self.last_read is None:
            raise Refused("6986")
        record, sent = command.data[:-MAC_BYTES], command.data[-MAC_BYTES:]
        updates = self.card.state["torn"]["extended"]["updates"]
        place, key, length = self._target(sfi, command, record, updates)
        if len(record) != length:
            raise Refused("6A84" if len(record) > length else "6A80")
        if place is not None and record[2] != length - 3:
            raise Refused("6A80")
        self._check_mac(key, bytes([0x84, 0xDE]), command, record, sent)
        updates.append([place, record.hex().upper()])
        self.card.save()
        return capp_keys.update_mac(self.cipher, key, sent) if self.r_mac else b""

    def _target(self, sfi, command, record, updates):
        """(place or None for the ring, key, length of a record) of an UPDATE."""
        if sfi == CYCLIC_SFI:
            ring = self.more["ring"]
            if ring is None or command.p2 & 1:
                raise Refused("6A83")
            return None, bytes.fromhex(ring["key"]), ring["length"]
        last = updates[-1][0] if updates else None
        place = capp_files.place_of(self.more, sfi, record[:2], command.p2 & 1, last)
        if place is None:
            raise Refused("6A83")
        _, old, key = self.more["records"][place]
        return place, bytes.fromhex(key), len(old) // 2

    def _check_mac(self, key, name, command, body, sent):
        header = name + bytes([command.p1, command.p2, len(body) + MAC_BYTES])
        atc = self.card.state["atc"]
        if capp_keys.command_mac(self.cipher, key, atc, header, body) != sent:
            raise Refused("6988")  # no word is given for it (capp.md 2.4)

    def commit(self):
        """The last record is read: cached records become the card's, or 6974 undoes it all.

        The caller settles the debit and saves once for both.
        """
        cached = self.card.state["torn"].get("extended")
        if cached is None:
            return
        if not self._as_read(cached):
            card_money.roll_back(self.card.state)
            self.card.save()
            raise Refused("6974")
        capp_files.write(self.more, cached["updates"])

    def _as_read(self, cached):
        """Was the record updated that was read last (6.2.4)? A deduction need not (capp.md 3)."""
        if cached["mode"] not in (PRE_AUTHORISATION, COMPLETION):
            return bool(cached["updates"]) or not self.own["strict"]
        rows = [self.more["records"][at] for at, _ in cached["updates"] if at is not None]
        return tuple(cached["read"]) in [(sfi, record[:4]) for sfi, record, _ in rows[-1:]]

    def _put_data(self, command):
        return capp_put.put_data(self.card, command)

    # --- a new trade ------------------------------------------------------------------------

    def _append(self, command):
        sfi = self._file(command, (*VARIABLE_SFIS, CYCLIC_SFI))
        file = self.own["files"][f"{sfi:02X}"]
        if len(command.data) <= KEY_BYTES + MAC_BYTES:
            raise Refused("6700")
        body, sent = command.data[:-MAC_BYTES], command.data[-MAC_BYTES:]
        hidden, record = body[:KEY_BYTES], body[KEY_BYTES:]
        if len(record) > file["most_bytes"]:
            raise Refused("6A80")
        opening = bytes.fromhex(file["opening"])
        self._check_mac(opening, bytes([0x04, 0xE2]), command, body, sent)
        key = capp_keys.unwrapped(self.cipher, opening, hidden).hex().upper()
        card_money.roll_back(
            self.card.state
        )  # what is open does not outlive a command of another kind
        if sfi == CYCLIC_SFI:
            self._open_ring(key, record, file)
        else:
            self._add_record(sfi, key, record, file)
        self.card.save()
        return b""

    def _add_record(self, sfi, key, record, file):
        if len(record) < capp_files.HEADER_BYTES or record[2] != len(record) - 3:
            raise Refused("6A80")
        if capp_files.bytes_used(self.more, sfi) + len(record) > file["space_bytes"]:
            raise Refused("6A84")
        self.more["records"].append([f"{sfi:02X}", record.hex().upper(), key])

    def _open_ring(self, key, record, file):
        """The first record of the cyclic file brings its length and its key (A.3.1)."""
        kept = file["space_bytes"] // len(record)
        ring = self.more["ring"] or {"length": len(record), "kept": kept, "records": []}
        if len(record) != ring["length"]:
            raise Refused("6A80")
        self.more["ring"] = dict(ring, key=key)
        capp_files.push(self.more["ring"], record.hex().upper())
