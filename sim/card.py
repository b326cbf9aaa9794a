# SPDX-License-Identifier: Apache-2.0
"""A card with electronic cash: it answers APDUs, keeps its money, and may be torn at any of them.

Image (issuer.py, or the published test card) and state are one JSON file a card, replaced whole at
every change. JR/T 0025.12 7.4.1, 7.7.19: a GPO answered with TC adds one to the ATC, saves the old
balance, sets the tear flag and takes the money; READ RECORD of the last record of the AFL clears
the flag just before it answers: only then is the debit final. A card found with the flag set puts
the old values back: at SELECT of the application, or, with rollback="gpo", at the next GPO
(qpboc.md 3, point 1). Records may be read without a GPO; the last one then repeats the 9F69 of the
last transaction, which is what settles a torn one. One currency; no log file.
"""

import json
import os
from pathlib import Path

from firmware.errors import FormatError
from sim import card_answer, card_risk, coding
from sim.card_face import faces_of
from sim.card_risk import REFUSED, TC
from sim.coding import n12, tlv

FORMAT = 1
# Card times of the timing model, pn532.md section 6; READ RECORD 10..12
BUSY_MS = (
    ("PPSE", 8),
    ("SELECT", 12),
    ("GPO", 120),
    ("READ RECORD", 11),
    ("GET DATA", 7),
)
ERROR_MS = 2
FREE_DATA = (0x9F36, 0x9F79, 0x9F6D, 0x9F51, 0x9F5D, 0x9F13, 0x9F17, 0x9F4F)  # qpboc.md 2.12
MOST_ATC = 0xFFFF


class Refused(Exception):
    """The card answers with this status word, and perhaps data."""

    def __init__(self, sw, data=b""):
        super().__init__(sw)
        self.answer = data + bytes.fromhex(sw)


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
        self._pdol = coding.dol(
            coding.find(bytes.fromhex(image["fci_contactless"]), 0x6F, 0xA5, 0x9F38)
        )
        self.state = state or self._first_state()
        self._selected = self._opened = False

    # --- making and keeping -----------------------------------------------------------------

    @classmethod
    def from_test_card(cls, source, image="0031", balance_fen=10000, atc=0, **options):
        """Make a card of the published test card; `source` is its JSON, or the path of it.

        FormatError when the file is not one or has no such image.
        """
        try:
            if not isinstance(source, dict):
                source = json.loads(Path(source).read_text(encoding="utf-8"))
            chosen = dict(source["images"][image], ppse=source["ppse"], ats="0578807002")
            chosen["uid"] = "04" + os.urandom(6).hex()
            chosen["internal_data"] = dict(
                chosen["internal_data"], **{"9F79": n12(balance_fen).hex(), "9F36": f"{atc:04X}"}
            )
            return cls(chosen, **options)
        except (KeyError, TypeError, json.JSONDecodeError) as wrong:
            raise FormatError(f"no published test card with image {image}: {wrong!r}") from wrong

    @classmethod
    def load(cls, path, random=os.urandom):
        """Read a card back; FormatError when the file is not one."""
        try:
            stored = json.loads(Path(path).read_text(encoding="utf-8"))
            if stored["format"] != FORMAT:
                raise FormatError(f"{path}: card format {stored['format']} is not known")
            return cls(stored["image"], stored["state"], Path(path), stored["rollback"], random)
        except (ValueError, KeyError, TypeError) as wrong:
            raise FormatError(f"{path}: not a card: {wrong!r}") from wrong

    def save(self):
        """Replace the card's file by a new one, durable before the name changes (MP-6)."""
        if self.path is None:
            return
        stored = {"format": FORMAT, "rollback": self.rollback}
        stored.update(state=self.state, image=self.image)
        path = Path(self.path)
        new = path.with_suffix(".new")
        with open(new, "w", encoding="utf-8") as file:
            json.dump(stored, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _first_state(self):
        own = self.image["internal_data"]
        return {
            "atc": int(own["9F36"], 16),
            "balance_fen": int(own["9F79"]),
            "total_fen": 0,  # CTTA
            "foreign_count": 0,
            "torn": None,  # the tear flag: None, or the values to put back
            "card_auth": "",  # 9F69 of the last TC, empty for version 00
            "sdad": "",
            "debits": [],
            "suite": "",  # that the last GPO asked for
        }

    @property
    def face(self):
        """The Face of the suite in use; before the first GPO that of RSA if the card has it."""
        return self._faces.get(self.state.get("suite")) or next(iter(self._faces.values()))

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
    def atc(self):
        return self.state["atc"]

    @property
    def torn(self):
        """The tear flag."""
        return self.state["torn"] is not None

    @property
    def debits(self):
        """[(atc, amount_fen, final)]; one that is not final was taken back or is still open."""
        return [tuple(debit) for debit in self.state["debits"]]

    # --- the wire ---------------------------------------------------------------------------

    def power_up(self):
        self._selected = self._opened = False

    def exchange(self, c_apdu, spare=None):
        """Answer one command; `busy_ms` then says how long a real card would have taken."""
        name, answer = "", b""
        try:
            name, act = self._command(bytes(c_apdu))
            answer = act() + b"\x90\x00"
        except Refused as refused:
            answer = refused.answer
        self.busy_ms = self.image.get("busy_ms", {}).get(name, dict(BUSY_MS).get(name, ERROR_MS))
        return answer

    def _command(self, command):
        """Return (name for its time, what answers it)."""
        if len(command) < 4:
            raise Refused("6700")
        cla, ins, p1, p2 = command[:4]
        if cla not in (0x00, 0x80):
            raise Refused("6E00")
        data = _command_data(command)
        if (cla, ins) == (0x00, 0xA4):
            ppse = data == b"2PAY.SYS.DDF01"
            return ("PPSE" if ppse else "SELECT"), lambda: self._select(p1, p2, data, ppse)
        if (cla, ins) == (0x80, 0xA8):
            return "GPO", lambda: self._get_processing_options(p1, p2, data)
        if (cla, ins) == (0x00, 0xB2):
            return "READ RECORD", lambda: self._read_record(p1, p2)
        if (cla, ins) == (0x80, 0xCA):
            return "GET DATA", lambda: self._get_data(p1 << 8 | p2)
        raise Refused("6D00")

    def _oddity(self, name):
        return self.image.get("oddities", {}).get(name)

    def _select(self, p1, p2, data, ppse):
        blocked = self._oddity("blocked")
        if (p1, p2) != (0x04, 0x00) or blocked == "card":
            raise Refused("6A81")
        if ppse:
            self._selected = self._opened = False
            return bytes.fromhex(self.image["ppse"])
        if len(data) < 5 or not bytes.fromhex(self.image["aid"]).startswith(data):
            raise Refused("6A82")
        self._selected, self._opened = True, False
        if self.rollback == "select":
            self._roll_back()
        fci = bytes.fromhex(self.image["fci_contactless"])
        if blocked:
            raise Refused("6283", fci)
        return fci

    def _get_data(self, tag):
        if not self._selected:
            raise Refused("6985")
        value = card_answer.data_object(self, tag) if tag in FREE_DATA else None
        if value is None:
            raise Refused("6A88")
        return tlv(tag, value)

    def _read_record(self, number, p2):
        if not self._selected:
            raise Refused("6985")
        name = f"{p2 >> 3:02X}{number:02X}"
        if p2 & 7 != 4:
            raise Refused("6A81")
        if self._oddity("records_need_gpo") and not self._opened:
            raise Refused("6985")
        if name not in self._records:
            raise Refused("6A83" if any(n[:2] == name[:2] for n in self._records) else "6A82")
        if name == self.face.last and self.torn:
            self.state["torn"] = None  # JR/T 0025.12 7.7.19: final before the answer leaves
            self.state["debits"][-1][2] = True
            self.save()
        return self._record(name)

    def _record(self, name):
        """Return a record as it reads now: 9F69 in the last, 9F4B of a long key in its own."""
        extra = b""
        if name == self.face.last and self.state["card_auth"]:
            extra = tlv(0x9F69, bytes.fromhex(self.state["card_auth"]))
        elif name == self.face.sdad_record and self.state["sdad"]:
            extra = tlv(0x9F4B, bytes.fromhex(self.state["sdad"])) + card_answer.available(self)
        elif name != self.face.last:
            return self._records[name]
        body = coding.objects(coding.find(self._records[name], 0x70))
        kept = b"".join(tlv(tag, value) for tag, value in body if tag != 0x9F69)
        return tlv(0x70, kept + extra)

    # --- GET PROCESSING OPTIONS -------------------------------------------------------------

    def _get_processing_options(self, p1, p2, data):
        if (p1, p2) != (0, 0):
            raise Refused("6A86")
        if not self._selected or self._opened or self._oddity("blocked"):
            raise Refused("6985")
        terminal = self._terminal_data(data)
        if not card_risk.has(terminal[0x9F66], card_risk.TTQ_QPBOC):
            raise Refused("6985")
        suite, sale = self._suite(terminal), self._sale(terminal)
        self._roll_back()
        if self.atc >= MOST_ATC:  # used up for ever
            raise Refused("6985")
        self.state.update(atc=self.atc + 1, card_auth="", sdad="", suite=suite)
        own = card_risk.card_data(self.image["internal_data"], self.state)
        verdict = card_risk.decide(own, sale)
        if verdict.kind == REFUSED:
            self.save()
            raise Refused("6985")
        self._opened = True
        self._take(verdict)
        answer = card_answer.gpo_answer(self, verdict, terminal)
        self.save()
        return tlv(0x77, answer)

    def _terminal_data(self, data):
        """Return {tag: value} of the GPO data, cut by the card's own PDOL."""
        if data[:1] != b"\x83":
            raise Refused("6A80")
        if len(data) < 2 or data[1] != len(data) - 2:
            raise Refused("6700")
        if data[1] != sum(length for _, length in self._pdol):
            raise Refused("6700")
        values, at = {}, 2
        for tag, length in self._pdol:
            values[tag] = data[at : at + length]
            at += length
        if len(values.get(0x9F66, b"")) != 4:
            raise Refused("6985")
        return values

    def _suite(self, terminal):
        """Return the suite to answer with; 6985 when the reader lacks it (JR/T 0025.12 7.5)."""
        wanted = "sm2" if terminal.get(0xDF69) == b"\x01" else "rsa"
        if wanted not in self._faces:
            if wanted == "rsa":
                raise Refused("6985")
            wanted = "rsa"
        return wanted

    def _sale(self, terminal):
        try:
            amount_fen = coding.number(terminal.get(0x9F02, bytes(6)))
        except FormatError:
            raise Refused("6A80") from None
        return card_risk.Terminal(
            terminal[0x9F66], amount_fen, terminal.get(0x5F2A, bytes(2)).hex().upper()
        )

    def _take(self, verdict):
        """Change the money as `verdict` says; a TC can still be taken back."""
        state = self.state
        before = {name: state[name] for name in ("balance_fen", "total_fen", "foreign_count")}
        state["balance_fen"] -= verdict.charge_fen
        state["total_fen"] += verdict.total_fen
        state["foreign_count"] += verdict.foreign
        if verdict.kind == TC:
            state["torn"] = before
        if verdict.kind == TC or verdict.charge_fen:
            state["debits"].append([state["atc"], verdict.charge_fen, verdict.kind != TC])

    def _roll_back(self):
        """Put the old values back if the last debit was not made final (JR/T 0025.12 7.4.1)."""
        if self.torn:
            self.state.update(self.state["torn"], torn=None, card_auth="", sdad="")
            self.save()


def _command_data(command):
    """Return the data of a short C-APDU; 6700 when Lc does not fit."""
    if len(command) <= 5:
        return b""
    data = command[5 : 5 + command[4]]
    if not command[4] or len(data) != command[4] or len(command) > 6 + command[4]:
        raise Refused("6700")
    return data
