# SPDX-License-Identifier: Apache-2.0
"""Records the dialogue of the real device with a simulated card as a session (formats/session.py).

    told = Told(name="pboc-...", note="...", amount_fen=200, cas=[ca_key(authority)])
    session, taps = record(told, card, losses=(Loss(INS_READ_RECORD, LAST, True), None))

One entry of `losses` is one presentation: None, or where the link is lost. After the SELECT of the
application the recorder asks for the data that tell a debit (9F36, 9F79, 9F51, 9F5D); a terminal
would not, but a file that holds them answers who asks. `taps` are the devices.sale.Sold.
"""

from collections import namedtuple

from firmware.devices.rules import SameCard
from firmware.devices.sale import Sale
from firmware.devices.stamp import Stamp
from firmware.devices.terminal import Parts
from firmware.devices.torn_taps import TornTaps
from firmware.devices.trade import Trade
from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats.parameters import parse as parse_parameters
from firmware.formats.session import CaKey, Exchange, Session
from firmware.journal import Journal
from firmware.kernel import apdu
from firmware.settings import parse as parse_settings
from sim.desk import RecordedClock
from sim.flash import Flash
from sim.replay import last_record
from sim.replaying import parameter_text

LAST = -1
PROBES = (0x9F36, 0x9F79, 0x9F51, 0x9F5D)
SETTINGS = "terminal: 1\nreader: serial:none\njournal: file:none\nparameters: none"

# ins: instruction byte; at: which command of it counts, from 0, or LAST for the READ RECORD of the
# last record of the AFL; acted: the card has done the command, only its answer is lost
Loss = namedtuple("Loss", ("ins", "at", "acted"))


class Told(Session):
    """The headers of a session to be recorded, with values for what seldom matters."""

    def __init__(self, name, note, **headers):
        values = {
            "source": "computed by this project's simulator with test keys",
            "uid": bytes(4),
            "ats": bytes(1),
            "amount_fen": 200,
            "date": bytes.fromhex("261121"),
            "time": bytes.fromhex("101500"),
            "currency": b"\x01\x56",
            "country": b"\x01\x56",
            "un": bytes.fromhex("A1B2C3D4"),
        }
        super().__init__(name=name, note=note, **{**values, **headers})


def ca_key(authority):
    """The `ca` header of a sim.issuer.Authority."""
    key, rid = authority.key, bytes.fromhex(authority.rid)
    if key.suite == "sm2":
        return CaKey("SM2", rid, authority.index, 0, key.point)
    return CaKey("RSA", rid, authority.index, key.e, key.modulus)


class Recorder:
    """An exchange around a card: one list of Exchange for each presentation."""

    def __init__(self, card):
        self.card = card
        self.presentations = []
        self._loss = self._last = None
        self._seen = {}

    def present(self, loss=None):
        """The card comes into the field."""
        self.card.power_up()
        self.presentations.append([])
        self._loss, self._last, self._seen = loss, None, {}

    def exchange(self, command, spare=None):
        """Ask the card and note it; LinkLost where this presentation is to be torn."""
        loss = self._loss if self._is_lost(command) else None
        lost = loss is not None
        if loss and not loss.acted:
            self._note(command, None)
            raise LinkLost("the card left before the command")
        answer = self.card.exchange(command)
        if command[1] == apdu.INS_GPO:
            self._last = last_record(answer)
        self._note(command, None if lost else answer)
        if lost:
            raise LinkLost("the card left before the answer")
        if command[1] == apdu.INS_SELECT and apdu.PPSE not in command:
            self._probe()
        return answer

    def _is_lost(self, command):
        if self._loss is None or command[1] != self._loss.ins:
            return False
        turn = self._seen.get(command[1], 0)
        self._seen[command[1]] = turn + 1
        if self._loss.at == LAST:
            return self._last is not None and tuple(command[2:4]) == self._last
        return turn == self._loss.at

    def _probe(self):
        for tag in PROBES:
            command = apdu.get_data(tag)
            self._note(command, self.card.exchange(command))

    def _note(self, command, answer):
        """Keep it, unless it only repeats a GET DATA."""
        took = Exchange(bytes(command), answer, None if answer is None else self.card.busy_ms)
        repeated = command[1] == apdu.INS_GET_DATA and any(
            one[:2] == took[:2] for one in self.presentations[-1]
        )
        if not repeated:
            self.presentations[-1].append(took)


def record(told, card, losses=(None,), between=None):
    """Return (Session, [Sold]) of `card` presented len(losses) times to a device of `told`.

    between(card) is called before each presentation but the first. The expect lines are those of
    `told`: what was meant to happen, not what happened.
    """
    told.uid, told.ats = card.uid, card.ats
    recorder, sale, taps = Recorder(card), sale_of(told), []
    for number, loss in enumerate(losses):
        if number and between:
            between(card)
        recorder.present(loss)
        taps.append(drive(sale.steps(told.uid), recorder.exchange))
    told.presentations = recorder.presentations
    return told, taps


def sale_of(told, block_count=16):
    """A devices.sale.Sale with the parameters of a session and an empty journal in memory."""
    clock = RecordedClock(told.date, told.time)
    parameters = parse_parameters(parameter_text(told), told.name)
    parts = Parts(
        reader=None,
        clock=clock,
        draw_un=lambda: told.un,
        qualify=lambda amount_fen, aid=None: (told.ttq, ""),
        journal=Journal(Flash(block_count)),
        uploader=None,
        panel=None,
        report=None,
        module=None,
    )
    stamp = Stamp(parse_settings(SETTINGS), parameters, clock)
    torn_taps = TornTaps(parts.journal, parameters, stamp)
    trade = Trade(stamp.settings, parameters)
    return Sale(parts, parameters, stamp, torn_taps, SameCard(0, clock), trade)
