# SPDX-License-Identifier: Apache-2.0
"""Who lies before the chip that `faretap pn532` serves: one card, a wallet in turn, a timeline."""

import itertools
import time
from contextlib import ExitStack
from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.formats import session as sessions
from host_tools.cli.replay import read
from sim import fault_text, timeline
from sim.card import Card
from sim.faults import Faults
from sim.replay import ReplayCard
from sim.wallet import Wallet, in_use

AWAY_S = 1.0
NAME_MOST = 200  # longer words are no file


def load_card(path, image):
    """A card of a wallet, or of a file in the shape of the published test card."""
    if '"images"' in read(path)[:100000] and '"state"' not in read(path):
        return Card.from_test_card(path, image)
    return Card.load(path)


def load_session(path):
    return ReplayCard(sessions.parse(read(path), str(path)))


def faults_of(text):
    """Knobs of --faults: a file of them, or the lines themselves."""
    if not text:
        return Faults()
    path = Path(text)
    if len(text) <= NAME_MOST and path.is_file():
        return fault_text.parse(read(path), str(path))
    if ":" not in text and " " not in text:
        raise FormatError(f"--faults: no file {text!r}; a line of knobs is like '40.0: status=01'")
    return fault_text.parse(text, "--faults")


class Cards:
    """The cards of a timeline by name: of the wallet, or files beside the timeline's."""

    def __init__(self, folder, wallet, image):
        self.folder = folder
        self.wallet = Wallet(wallet) if wallet else None
        self.image = image
        self.loaded = {}
        self.locks = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *wrong):
        return self.locks.__exit__(*wrong)

    def __call__(self, name):
        """The card; a recorded one starts anew behind its last presentation."""
        card = self.loaded.get(name)
        if card is None or getattr(card, "presentations_left", 1) <= 0:
            card = self.loaded[name] = self._load(name)
        return card

    def _load(self, name):
        path = self.folder / name
        if path.suffix == ".session":
            return load_session(path)
        if path.suffix == ".json":
            if name not in self.loaded and not (self.wallet and path.parent == self.wallet.folder):
                self.locks.enter_context(in_use(path.parent))
            return load_card(path, self.image)
        if self.wallet is None:
            raise FormatError(
                f"timeline: {name!r} is neither a .session nor a .json file; say --wallet FOLDER"
                " when it is a card of one"
            )
        names = [entry.name for entry in self.wallet.entries]
        if name not in names:
            raise FormatError(
                f"timeline: {self.wallet.folder} has no card {name!r}; it has {', '.join(names)}"
            )
        return self.wallet.card(name)


def play(field, path, card_of, over):
    """Do what a timeline says until it ends, then wait for the end; every step is a line."""
    story = timeline.parse(read(path), str(path))
    for name in story.cards():
        card_of(name)  # a card that is not there is said before anything begins
    begin_s = time.monotonic()
    while (next_s := story.next_s()) is not None:
        if over.wait(max(0.0, next_s - (time.monotonic() - begin_s))):
            return
        for event in story.play(field, card_of, time.monotonic() - begin_s):
            click.echo(f"{event.at_s:8.2f} s  {event.verb} {event.card}".rstrip())
    click.echo("the timeline is over")
    over.wait()


def present(field, cards, in_turn, stay_s, over):
    """One card stays; the cards of a wallet come and go for ever."""
    if not in_turn:
        field.place(*cards)
        over.wait()
        return
    for card in itertools.cycle(cards):
        field.place(card)
        click.echo(f"card {card.path.stem if card.path else card.uid.hex()}")
        if over.wait(stay_s):
            return
        field.remove()
        if over.wait(AWAY_S):
            return
