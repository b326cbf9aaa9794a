# SPDX-License-Identifier: Apache-2.0
"""A card with electronic cash: it answers APDUs, keeps its money, and may be torn at any of them.

Image (personalise.py, or the published test card) and state (card_money.py) are one JSON file a
card (card_file.py), replaced whole at every change. JR/T 0025.12 7.4.1, 7.7.19: a GPO answered
with TC adds one to the ATC, saves the old balance, sets the tear flag and takes the money; READ
RECORD of the last record of the AFL clears the flag just before it answers: only then is the debit
final. A card found with the flag set puts the old values back: at SELECT of the application, or,
with rollback="gpo", at the next GPO (qpboc.md 3, point 1). Records may be read without a GPO; the
last one then repeats the 9F69 of the last transaction, which is what settles a torn one.
"""

import os

from sim import capp_card, card_answer, card_data, card_file, card_money, coding
from sim.card_command import expect_le, parsed
from sim.card_face import faces_of
from sim.card_gpo import processing_options
from sim.card_log import Logs
from sim.coding import tlv
from sim.status import Refused

# Card times of the timing model, pn532.md section 6; READ RECORD 10..12
BUSY_MS = (
    ("PPSE", 8),
    ("SELECT", 12),
    ("GPO", 120),
    ("READ RECORD", 11),
    ("GET DATA", 7),
    ("GET TRANS PROVE", 7),
    *capp_card.BUSY_MS,
)
ERROR_MS = 2
PPSE = b"2PAY.SYS.DDF01"
CLASSES = (0x00, 0x80)


class Card:
    """`uid`, `ats`, `kind`, `busy_ms`, power_up(), exchange(): what a Field wants of a card.

    `path` is the file that holds it, None for a card in memory. `random(count)` gives the card's
    unpredictable bytes. `rollback` is "select" or "gpo".
    """

    def __init__(self, image, state=None, path=None, rollback="select", random=os.urandom):
        if rollback not in ("select", "gpo"):
            raise ValueError("rollback is 'select' or 'gpo'")
        self.image, self.path, self.rollback = image, path, rollback
        self.uid, self.ats = bytes.fromhex(image["uid"]), bytes.fromhex(image["ats"])
        self.kind = image.get("kind", "A")
        self.busy_ms = 0
        self.random = random
        self._records = {name: bytes.fromhex(body) for name, body in image["records"].items()}
        self._faces = faces_of(image, self._records)
        fci = bytes.fromhex(image["fci_contactless"])
        self.pdol = coding.dol(coding.find(fci, 0x6F, 0xA5, 0x9F38))
        self.logs = Logs(image)
        self.state = state or card_money.first_state(image["internal_data"])
        self.capp = capp_card.of_card(self)
        self.power_up()

    @classmethod
    def from_test_card(cls, source, image="0031", balance_fen=10000, atc=0, **options):
        """Make a card of the published test card; `source` is its JSON, or the path of it.

        FormatError when the file is not one or has no such image.
        """
        return card_file.published(cls, source, image, balance_fen, atc, options)

    @classmethod
    def load(cls, path, random=os.urandom):
        """Read a card back; FormatError when the file is not one."""
        return card_file.load(cls, path, random)

    def save(self):
        """Replace the card's file by a new one, durable before the name changes (MP-6)."""
        if self.path is not None:
            card_file.save(self.path, self.rollback, self.state, self.image)

    # --- what it is -------------------------------------------------------------------------

    @property
    def face(self):
        """The Face of the suite in use; before the first GPO that of RSA if the card has it."""
        return self._faces.get(self.state["suite"]) or next(iter(self._faces.values()))

    @property
    def faces(self):
        """The Face of each suite, RSA first."""
        return tuple(self._faces.values())

    @property
    def suites(self):
        """Names of the suites it has, RSA first."""
        return tuple(self._faces)

    @property
    def key(self):
        return self.face.key

    @property
    def afl(self):
        return self.face.afl

    @property
    def pan(self):
        return self.image["pan"]

    @property
    def balance_fen(self):
        return self.state["balance_fen"]

    @property
    def settled_fen(self):
        """The balance without a debit that the card would take back at its next SELECT or GPO."""
        before = (self.state["torn"] or {"before": self.state})["before"]
        return before.get("balance_fen", self.state["balance_fen"])

    @property
    def held_fen(self):
        """settled_fen with what is frozen on it, less the deposit offset in use: only sales and
        loads move it.
        """
        return self.settled_fen + (self.capp.held_fen if self.capp else 0)

    @property
    def second_fen(self):
        """The balance in the second currency, DF79."""
        return self.state["second_fen"]

    @property
    def atc(self):
        return self.state["atc"]

    @property
    def torn(self):
        """The tear flag."""
        return self.state["torn"] is not None

    @property
    def debits(self):
        """[(atc, amount_fen, final)]; one that is not final was taken back or is still open.

        The amount is that of the sale: it may come off an allowance, or be in another currency. A
        pre-authorisation is none (JR/T 0025.14 6.2.2).
        """
        return [tuple(debit[:3]) for debit in self.state["debits"] if len(debit) == 5]

    def top_up(self, amount_fen, purse=0, terminal=None):
        """The issuer adds money (card_money.top_up); ValueError when that may not be."""
        own = self.image["internal_data"]
        load = self.capp.top_up if self.capp and not purse else card_money.top_up
        load(self.state, own, amount_fen, purse, terminal or {})
        self.save()

    @property
    def blocked(self):
        """What of it is blocked: "application", "card" or nothing."""
        return self._oddity("blocked")

    def _oddity(self, name):
        return self.image.get("oddities", {}).get(name)

    # --- the wire ---------------------------------------------------------------------------

    def power_up(self):
        """A new activation: nothing is selected. `purse` is that of the last GPO since then."""
        self.selected = self.opened = False
        self.purse = 0
        if self.capp:
            self.capp.reset()

    def exchange(self, c_apdu, spare=None):
        """Answer one command; `busy_ms` then says how long a real card would have taken."""
        name, answer = "", b""
        if self.capp:
            self.capp.note(c_apdu)
        try:
            name, act, command = self._command(bytes(c_apdu))
            answer = act(command) + b"\x90\x00"
        except Refused as refused:
            answer = refused.answer
        self.busy_ms = self.image.get("busy_ms", {}).get(name, dict(BUSY_MS).get(name, ERROR_MS))
        return answer

    def _command(self, c_apdu):
        """Return (name for its time, what answers it, Command)."""
        if len(c_apdu) < 4:
            raise Refused("6700")
        if c_apdu[0] not in (self.capp.classes if self.capp else CLASSES):
            raise Refused("6E00")
        acts = {
            (0x00, 0xA4): ("SELECT", self._select),
            (0x80, 0xA8): ("GPO", self._get_processing_options),
            (0x00, 0xB2): ("READ RECORD", self._read_record),
            (0x80, 0xCA): ("GET DATA", self._get_data),
        }
        if self.image.get("trans_prove"):
            acts[0x80, 0x5A] = ("GET TRANS PROVE", self._get_trans_prove)
        if self.capp:
            acts.update(self.capp.acts)
        if tuple(c_apdu[:2]) not in acts:
            raise Refused("6D00")
        name, act = acts[tuple(c_apdu[:2])]
        command = parsed(c_apdu)
        return ("PPSE" if name == "SELECT" and command.data == PPSE else name), act, command

    def _select(self, command):
        blocked = self._oddity("blocked")
        if (command.p1, command.p2) != (0x04, 0x00) or blocked == "card":
            raise Refused("6A81")
        expect_le(command, 0)
        if command.data == PPSE:
            self.power_up()
            return bytes.fromhex(self.image["ppse"])
        aid = bytes.fromhex(self.image["aid"])
        if len(command.data) < 5 or not aid.startswith(command.data):
            raise Refused("6A82")
        self.power_up()
        self.selected = True
        if self.rollback == "select" and card_money.roll_back(self.state):
            self.save()
        fci = bytes.fromhex(self.image["fci_contactless"])
        if blocked:
            raise Refused("6283", fci)
        return fci

    def _get_processing_options(self, command):
        if (command.p1, command.p2) != (0, 0):
            raise Refused("6A86")
        expect_le(command, 0)
        if not self.selected or self.opened or self._oddity("blocked"):
            raise Refused("6985")
        answer = processing_options(self, command.data)
        self.opened = True
        return answer

    def _get_data(self, command):
        if command.data or command.le is None:
            raise Refused("6700")
        if not self.selected:
            raise Refused("6985")
        tag = command.p1 << 8 | command.p2
        value = card_data.get_data(self, tag)
        if value is None:
            raise Refused("6A88")
        answer = tlv(tag, value)
        expect_le(command, len(answer))
        return answer

    def _get_trans_prove(self, command):
        """TC of the last transaction if it is the asked one and final (JR/T 0025.14 A.4)."""
        if (command.p1, command.p2) != (0, 0):
            raise Refused("6A86")
        if len(command.data) != 2:
            raise Refused("6700")
        expect_le(command, 8)
        if not self.selected:
            raise Refused("6985")
        atc, proof = int.from_bytes(command.data, "big"), self.state["proof"]
        if proof is None or proof[0] != atc:
            raise Refused("9406")
        return bytes.fromhex(proof[1])

    def _read_record(self, command):
        if command.data or command.le is None:
            raise Refused("6700")
        if not self.selected:
            raise Refused("6985")
        if command.p2 & 7 != 4:
            raise Refused("6A81")
        sfi, number = command.p2 >> 3, command.p1
        if self.logs.holds(sfi):
            answer = self.logs.read(self.state, sfi, number, self._seal)
            if answer is None:
                raise Refused("6A83")
            expect_le(command, len(answer))
            return answer
        if self.capp and self.capp.holds(sfi):
            answer = self.capp.ring_record(sfi, number)
            expect_le(command, len(answer))
            return answer
        if self._oddity("records_need_gpo") and not self.opened:
            raise Refused("6985")
        name = f"{sfi:02X}{number:02X}"
        if name not in self._records:
            raise Refused("6A83" if any(n[:2] == name[:2] for n in self._records) else "6A82")
        answer = self._record(name)
        expect_le(command, len(answer))
        if name == self.face.last and self.torn:
            if self.capp:
                self.capp.commit()
            card_money.settle(self.state)  # JR/T 0025.12 7.7.19: final before the answer leaves
            self.save()
        return answer

    def _seal(self, data):
        """The MAC under a log that is read whole: 4 bytes by a key of this ATC."""
        cipher = self.face.cipher
        key = cipher.session_key(self.face.udk_mac, self.atc.to_bytes(2, "big"))
        return cipher.mac(key, data + bytes(-len(data) % cipher.block))[:4]

    def _record(self, name):
        """Return a record as it reads now: 9F69 in the last, 9F4B of a long key in its own."""
        extra, face, signed = b"", self.face, self.state["sdad"]
        if name == face.last and self.state["card_auth"]:
            extra = tlv(0x9F69, bytes.fromhex(self.state["card_auth"]))
        elif signed and name in (face.sdad_record, face.available_record):
            extra = tlv(0x9F4B, bytes.fromhex(signed)) if name == face.sdad_record else b""
            extra += card_answer.available(self) if name == face.available_record else b""
        elif name != face.last:
            return self._records[name]
        body = coding.objects(coding.find(self._records[name], 0x70))
        kept = b"".join(tlv(tag, value) for tag, value in body if tag != 0x9F69)
        return tlv(0x70, kept + extra)
