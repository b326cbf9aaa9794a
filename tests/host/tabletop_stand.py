# SPDX-License-Identifier: Apache-2.0
"""A tabletop as `faretap panel` lays it, held by a test; the terminal is the real process."""

import shutil
import time
from contextlib import contextmanager

from host_tools.cli.runtime import runtime_command
from sim.rig import Rig
from sim.tabletop import Tabletop
from sim.tabletop_devices import DEVICES
from sim.timing import Timing

PATIENCE_S = 20
SEEN_S, TRIES = 9, 3  # longer than a hand holds a card that nobody reads
GONE_S = 3  # a result has gone, and its card
TAKEN = ("approved", "debited-refused", "debited-unproven")


@contextmanager
def laid(device, folder, wallet):
    """A Tabletop with a copy of the cards of a folder."""
    shutil.copytree(wallet, folder / "wallet")
    shown = DEVICES[device]
    beside = shown.make(folder)
    runtime = runtime_command("cpython")[:3]
    more = {"device": shown.firmware or device, "same_card_s": shown.same_card_s}
    more["parameters"] = shown.parameters
    rig = Rig(folder, runtime, Timing.none(), more=beside.settings, **more)
    beside.prepare(rig.wallet, folder)
    with beside, rig, Tabletop(rig, beside) as table:
        yield table


def wait_for(true, within_s=PATIENCE_S):
    """Whether it came true within that time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def taps(table, name, message, tear=None):
    """A card is tapped, or torn away at a moment of tabletop_hand.TEARS: this is what comes, or
    one of these, which is returned.
    """
    heard = []
    messages = (message,) if isinstance(message, str) else message
    stop = table.listen(lambda event: heard.append(event.get("message")))

    def presented():
        return table.hand.tear(name, tear) if tear else table.hand.tap([name])

    for _ in range(TRIES):  # a busy machine loses frames, and the terminal heals its reader
        assert wait_for(lambda: not table.hand.there() and presented())
        if wait_for(lambda: any(heard), SEEN_S):
            break
    assert wait_for(lambda: set(messages) & set(heard)), [one for one in heard if one]
    stop()
    shown = table.panel["line2"]
    assert wait_for(lambda: not table.hand.there())
    if not tear:  # else the terminal waits for the same card and says so on and on
        wait_for(lambda: table.panel["line2"] != shown, GONE_S)
    return next(one for one in heard if one in messages)


def types(table, text, shown):
    """Something is typed at the console until the panel says `shown`: a terminal that has just
    started throws away what was typed before it opened the line.
    """

    def once():
        table.say("console", text)
        return wait_for(lambda: shown in table.panel["line2"], GONE_S)

    assert wait_for(once)


def turns(table, part, word):
    """The terminal starts anew as something else, and is there."""
    table.say(part, word)
    assert wait_for(lambda: table.power == "on")


def fen_of(table, name):
    """What a card holds."""
    return table.rig.cards[name].settled_fen


def taken_fen(table):
    """What the journal says was taken, by as many records as the page shows."""
    return sum(row["amount_fen"] for row in table.journal.rows if row["kind"] in TAKEN)
