# SPDX-License-Identifier: Apache-2.0
"""Writes the sessions in sim/sessions: stories of simulated cards, told by the real kernel.

    python tools/make_sessions.py [--folder FOLDER] [NAME ...]

Each story (session_stories.py, session_cards.py) says what is meant to happen; a story that ends
otherwise is not written and the tool fails. Keys are drawn on every run, so every file that is
written changes: the committed files are the data. With names only those stories are told.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import session_cards  # noqa: E402
import session_stories  # noqa: E402

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


STORIES = session_stories.STORIES + session_cards.STORIES
# name: suite, index, bits of the CA key and of the issuer's
CHAINS = {
    "short": ("rsa", 0xF1, 1152, 1024),
    "long": ("rsa", 0xF1, 1984, 1408),
    "longest": ("rsa", 0xF1, 1984, 1984),
    "sm2": ("sm2", 0xF3, 0, 0),
}


class Press:
    """Keys for all stories of one run, each chain made when it is first wanted."""

    def __init__(self):
        self.chains = {}

    def chain(self, name):
        """(Authority, Issuer) of a row of CHAINS."""
        if name not in self.chains:
            suite, index, ca_bits, issuer_bits = CHAINS[name]
            authority = Authority.generate(index=index, bits=ca_bits, suite=suite)
            self.chains[name] = (authority, authority.issue_issuer(bits=issuer_bits))
        return self.chains[name]

    def card(self, wanted):
        """(card, [Authority the terminal knows], PAN) of a story's `card`.

        What is no field of a Profile bends the card; `knows` are chains instead of the card's own.
        """
        wanted = dict(wanted)
        size = wanted.pop("ca", "long" if wanted.get("bits", 0) > 1024 else "short")
        sizes = {"sm2": ["sm2"], "both": [size, "sm2"]}.get(wanted.get("suite", "rsa"), [size])
        known = [self.chain(name)[0] for name in wanted.pop("knows", sizes)]
        issuers = [self.chain(name)[1] for name in sizes]
        pan = luhn(wanted.pop("pan", "62280001") + "0000001")
        ask, answer = wanted.pop("ask", None), wanted.pop("answer", None)
        track, afl = wanted.pop("track2_57", None), wanted.pop("afl", None)
        atc = wanted.pop("atc", "0004")
        wanted.pop("denied", None)
        profile = Profile(**wanted)
        image = issuers[0].personalise(pan, profile, *issuers[1:])
        image["internal_data"]["9F36"] = atc
        if track is not None:
            image["track2_57"] = track
        if afl:
            image["profiles"]["qpboc"]["afl"] = afl
        return Bent(Card(image, rollback=profile.rollback), ask, answer), known, pan


def told_by(press, one):
    """The Session of a Story; ValueError when it went otherwise."""
    card, known, pan = press.card(one.card)
    denies = [pan] if one.card.get("denied") else []
    told = Told(
        "pboc-" + one.name,
        one.note,
        cas=[ca_key(authority) for authority in known],
        denies=denies,
        expects=one.expects,
        **one.told,
    )
    between = one.between and (lambda bent: one.between(bent.card))
    told, taps = record(told, card, one.losses, between)
    happened = taps[-1].outcome._asdict()
    happened["debits"] = replay.debits(told)
    final = len([1 for _, _, is_final in card.card.debits if is_final])
    # The file's rule counts by 9F79 (format 1); who does not show it promises no debits
    counted = any(field == "debits" for field, _ in one.expects)
    if counted and final != happened["debits"]:
        raise ValueError(f"{one.name}: the card counts {final} debits, the file {happened}")
    for field, value in one.expects:
        if str(happened[field]) != value:
            raise ValueError(f"{one.name}: {field} should be {value}: {happened}")
    return told


def main(folder, names):
    """Write every story, or those called `names`; nothing when one fails."""
    press = Press()
    unknown = set(names) - {one.name for one in STORIES}
    if unknown:
        raise SystemExit("no story is called " + ", ".join(sorted(unknown)))
    written = [told_by(press, one) for one in STORIES if not names or one.name in names]
    folder.mkdir(parents=True, exist_ok=True)
    for told in written:
        text = format_session(told)
        (folder / (told.name + ".session")).write_text(text, encoding="utf-8")
    print(f"{len(written)} sessions in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", metavar="NAME")
    main(**vars(parser.parse_args()))
