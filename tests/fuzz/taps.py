# SPDX-License-Identifier: Apache-2.0
"""The target in which the fuzzer is the card: a whole terminal, journal and all, and up to four
presentations of cards whose answers are bent (bends.py).

Beside what watch.py looks after: nothing is raised, a stranger's CA key gets no approval, what a
card has made final is written down somewhere, no entry outlives its window, and the outcome does
not depend on how much background work was done while the card answered.
"""

import binascii
import json

from firmware.devices import entries, panel
from firmware.kernel import apdu, bcd
from tests.fuzz import bends, verifier
from tests.fuzz.cards import BentCard, Profile
from tests.fuzz.choices import Choices
from tests.fuzz.watch import Watch
from tests.sm_card import CAPK as SM_CAPK
from tests.small_card import CA, CAPK
from tests.stand import Stand

FARE_FEN = 200
VERSION_00 = b"\x28\x00\x00\x00"  # a TTQ that does not ask for version 01
PAUSES_S = (0, 5, 61, 0)  # between two presentations; a window is 60 s
HEAD_BYTES = 8
MOST_PRESENTATIONS = 4
OPTIONS = (
    (2, "class: student 6228 50"),
    (32, "trans_prove: always"),
    (64, "balance_before: yes"),
    (128, "sda: yes"),
)


class Scene:
    """Terminal, cards and the order of things, read off the head of the fuzzer's bytes."""

    def __init__(self, data, slices=None):
        choices = Choices(data)
        terminal, card, other, count, pauses, restarts, who, pace = choices.take(HEAD_BYTES)
        plan = bends.read(choices)
        self.version_00 = bool(terminal & 1)
        self.classes = bool(terminal & 2)
        torn_count = 3 if terminal & 8 else 1
        self.cards = [BentCard(plan, Profile(card, restarts))]
        if who:
            self.cards.append(BentCard([], Profile(other, restarts), 1))
        self.denied = [self.cards[0].pan] if terminal & 4 else []
        self.watch = Watch(torn_count)
        self.stand = Stand(self._fleet(terminal, torn_count))
        self.count = 1 + count % MOST_PRESENTATIONS
        self.pauses, self.restarts, self.who = pauses, restarts, who
        for one in self.cards:
            one.ask = self._asked
            one.slices = pace % 3 if slices is None else slices
        self.numbers = []  # 9F37 as they were drawn; one may wait for its GPO
        self.drawn = {}  # presentation, counted from 0 -> 9F37 of its GPO
        self.events = []

    def _fleet(self, terminal, torn_count):
        text = "same_card_s: %d\ntorn_count: %d" % (60 if terminal & 16 else 0, torn_count)
        text += "\nca: SM2 %s %02X %s" % (SM_CAPK.rid.hex(), SM_CAPK.index, SM_CAPK.key.hex())
        for bit, line in OPTIONS:
            text += "\n" + line if terminal & bit else ""
        return text + "".join(["\ndeny: " + pan for pan in self.denied])

    def play(self):
        """Every presentation in its turn, and the end of the day."""
        self._started()
        for place in range(self.count):
            if place:
                self._between(place)
            card = self.cards[self.who >> place & 1]
            card.present(place, self.watch.present(lambda place=place: self._terms(place)))
            self._check(card, self.stand.tap(card))
        self.stand.clock.advance(PAUSES_S[2])
        self.stand.restart()
        self.watch.journal = self.stand.journal
        assert self.stand.journal.pending() == [], "an entry outlived its window"
        self.watch.check_journal()
        return self

    def _between(self, place):
        self.stand.clock.advance(PAUSES_S[self.pauses >> 2 * (place - 1) & 3])
        if self.restarts >> place & 1:
            self.stand.restart()
            self._started()
        self.stand.terminal.turn()

    def _started(self):
        self.watch.journal = self.stand.journal
        sale = self.stand.terminal.sale
        if self.version_00:  # no parameter file may say so, a replay may (sim/desk.py)
            sale.qualify = lambda amount_fen, aid=None: (VERSION_00, "")
        draw = sale.draw_un

        def heard():
            self.numbers.append(draw())
            return self.numbers[-1]

        sale.draw_un = heard
        if self.version_00:  # no parameter file may say so (QT-006); the kernel can do it
            sale.qualify = lambda amount_fen, aid=None: (bytes.fromhex("28000000"), "")

    def _asked(self, command):
        if command[1] == apdu.INS_GPO:  # each number goes to one GPO alone (QT-097)
            assert self.numbers[-1] not in self.drawn.values()
            self.drawn[len(self.watch.logs) - 1] = self.numbers[-1]
        self.watch.asked(command)

    def _terms(self, place):
        """What is due in the transaction of one presentation."""
        fare_fen = FARE_FEN // 2 if self.classes else FARE_FEN  # all cards here are 6228..
        return verifier.Terms(
            un=self.drawn.get(place),
            amount=bcd.from_int(fare_fen, 6),
            currency=b"\x01\x56",
            ttq=VERSION_00 if self.version_00 else b"\x28\x00\x00\x80",
            today=self.stand.clock.now[:3],
            cas=[
                (CAPK.rid, CAPK.index, CA.e, CA.modulus),
                (SM_CAPK.rid, SM_CAPK.index, 0, SM_CAPK.key),
            ],
            denied=self.denied,
            edition=b"\x00\x30",
        )

    def _check(self, card, event):
        self.events.append(event)
        if event is None:
            # the terminal sells nothing: its journal is full
            assert not card.log and self.stand.journal.room() < 1
            return
        json.dumps(event)
        assert event["message"] in panel.names()
        if event["outcome"] in ("approved", "recovered"):
            assert event["taken"] is True and not card.profile.stranger
            self.watch.approved(event["sequence"], event["outcome"] == "recovered")
        self.watch.check_journal()
        if not card.lies:
            self._check_money(card)

    def _check_money(self, card):
        """What the card has made final is known here: a record that is not void, or open."""
        known = [values for kind, values in self.watch.records() if kind != "void"]
        known += [entries.unpack_pending(data) for _, data in self.stand.journal.pending()]
        atcs = [values["atc"] for values in known if entries.pan_text(values["pan"]) == card.pan]
        assert [atc for atc in card.debits if atc not in atcs] == [], "a debit nobody knows of"


def present(data):
    """The whole terminal; some inputs once more with other slices of background work."""
    scene = Scene(data).play()
    if binascii.crc32(data) & 3 == 0:
        again = Scene(data, (scene.cards[0].slices + 1) % 3).play()
        assert _told(again) == _told(scene), "the outcome depends on the slices"


def _told(scene):
    """Events without times."""
    return [
        event and {name: value for name, value in event.items() if name[-2:] != "us"}
        for event in scene.events
    ]
