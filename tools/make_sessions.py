# SPDX-License-Identifier: Apache-2.0
"""Writes the sessions in sim/sessions: stories of simulated cards, told by the real kernel.

    python tools/make_sessions.py [FOLDER]

Each story (session_stories.py) says what is meant to happen; a story that ends otherwise is not
written and the tool fails. Keys are new on every run, so every file is: the committed files are
the data.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from session_stories import STORIES  # noqa: E402

from firmware.formats.session import format_session  # noqa: E402
from sim import replay  # noqa: E402
from sim.card import Card  # noqa: E402
from sim.issuer import Authority, Profile  # noqa: E402
from sim.recording import Told, ca_key, record  # noqa: E402
from sim.wallet import luhn  # noqa: E402

FOLDER = ROOT / "sim" / "sessions"


class Bent:
    """A card whose commands and answers are bent on the way: what a broken or false one says."""

    def __init__(self, card, ask=None, answer=None):
        self.card, self.ask, self.answer = card, ask, answer
        self.uid, self.ats, self.busy_ms = card.uid, card.ats, 0

    def power_up(self):
        """As the card."""
        self.card.power_up()

    def exchange(self, command, spare=None):
        """The card's answer to what became of the command, and what became of that."""
        answer = self.card.exchange(self.ask(command) if self.ask else command)
        self.busy_ms = self.card.busy_ms
        return self.answer(self.card, command, answer) if self.answer else answer


class Press:
    """Keys for all stories of one run: a short chain and a long one."""

    def __init__(self):
        self.chains = {}
        for size, ca_bits, issuer_bits in (("short", 1152, 1024), ("long", 1984, 1408)):
            authority = Authority.generate(bits=ca_bits)
            self.chains[size] = (authority, authority.issue_issuer(bits=issuer_bits))

    def card(self, wanted):
        """(card, authority, PAN) of a story's `card`; what is no Profile field bends it."""
        wanted = dict(wanted)
        size = wanted.pop("ca", "long" if wanted.get("bits", 0) > 1024 else "short")
        authority, issuer = self.chains[size]
        pan = luhn(wanted.pop("pan", "62280001") + "0000001")
        ask, answer = wanted.pop("ask", None), wanted.pop("answer", None)
        track, afl = wanted.pop("track2_57", None), wanted.pop("afl", None)
        atc = wanted.pop("atc", "0004")
        wanted.pop("denied", None)
        image = issuer.personalise(pan, Profile(**wanted))
        image["internal_data"]["9F36"] = atc
        if track is not None:
            image["track2_57"] = track
        if afl:
            image["profiles"]["qpboc"]["afl"] = afl
        return Bent(Card(image), ask, answer), authority, pan


def told_by(press, one):
    """The Session of a Story; ValueError when it went otherwise."""
    card, authority, pan = press.card(one.card)
    denies = [pan] if one.card.get("denied") else []
    told = Told(
        "pboc-" + one.name,
        one.note,
        cas=[ca_key(authority)],
        denies=denies,
        expects=one.expects,
        **one.told,
    )
    between = one.between and (lambda bent: one.between(bent.card))
    told, taps = record(told, card, one.losses, between)
    happened = taps[-1].outcome._asdict()
    happened["debits"] = replay.debits(told)
    final = len([1 for _, _, is_final in card.card.debits if is_final])
    if final != happened["debits"]:
        raise ValueError(f"{one.name}: the card counts {final} debits, the file {happened}")
    for field, value in one.expects:
        if str(happened[field]) != value:
            raise ValueError(f"{one.name}: {field} should be {value}: {happened}")
    return told


def main(folder):
    """Write every story; nothing when one fails."""
    press = Press()
    written = [told_by(press, one) for one in STORIES]
    folder.mkdir(parents=True, exist_ok=True)
    for told in written:
        text = format_session(told)
        (folder / (told.name + ".session")).write_text(text, encoding="utf-8")
    print(f"{len(written)} sessions in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
