# SPDX-License-Identifier: Apache-2.0
"""What somebody at the machine decides about releases: pure, over the values of a boot record.

Beside firmware.boot.slots, which decides what comes over the air: an operator's file may never be
older than what was good here, whoever has root may go back.
"""

from firmware.boot import slots
from firmware.boot.record import FACTORY, HELD

SPARE = 2  # releases kept beside those of the two slots


def chosen(values, number, size, digest):
    """The values with that release on trial at the next start.

    `active` stays what it goes back to. Where nothing was good yet that is what runs, not
    FACTORY: the package that brings a release brings that one's twin. The release in use and
    settled is left as it is.
    """
    what = (number, size, bytes(digest))
    held = [slot for slot in HELD if tuple(values[name] for name in HELD[slot]) == what]
    values = dict(values)
    values["starts"] = 0
    if values["returned"] == number:
        values["returned"] = values["why"] = 0
    if held and held[0] == values["active"]:
        values["trial"], values["left"] = FACTORY, 0
        return values
    trial = values["trial"]
    if values["active"] == FACTORY and trial != FACTORY and trial not in held:
        values["active"], values["trial"] = trial, FACTORY
    slot = held[0] if held else values["trial"] or slots.idle(values)
    values.update(zip(HELD[slot], what, strict=True))
    values["trial"], values["left"] = slot, slots.TRIES
    return values


def kept(values, numbers):
    """Those of `numbers` to be kept: what the record holds, and the newest SPARE of the others."""
    held = [values[names[0]] for names in HELD.values() if values[names[0]]]
    others = sorted(number for number in numbers if number not in held)
    return held + others[-SPARE:]


def before(values, numbers):
    """The newest of `numbers` that is older than what runs and was not left; 0 without one."""
    running = slots.running(values)
    older = [one for one in numbers if one < running and one != values["returned"]]
    return max(older, default=0)
