# SPDX-License-Identifier: Apache-2.0
"""Which release is started: decided from the boot record and what the slots turn out to hold.

    begin(values, cause, is_whole) -> Start    at every start, before anything of a release runs
    stage(values, slot, ...) -> values         a release lies in the idle slot, verified: try it
    good(values) -> values                     the release that runs has shown itself
    steady(values) -> values                   it has run for a while, whoever came
    failed(values, text) -> values             what a start stopped with, for people

All pure: a dict of record.FIELDS goes in, another one comes out, the caller keeps it durably. No
number below `floor` is staged; what is frozen or installed (FACTORY) needs no number and starts
whenever nothing else does, because records have to stay within reach.
"""

from collections import namedtuple

from firmware.boot.record import DAMAGED, FACTORY, HELD, NEVER_GOOD, A, B, short
from firmware.errors import FormatError

TRIES = 5  # starts that a release on trial has to come to good
LOOP = 6  # starts in a row that did not come to good: the next one is safe mode
STARTS_MOST = 255

# slot: to be started; values: to be kept before it is; safe: start to be mended only (crash loop)
Start = namedtuple("Start", ("slot", "values", "safe"))


def begin(values, cause, is_whole, factory=0):
    """The Start that is due. cause: a number of RESETS (formats/status.py); factory: number of
    what is frozen or installed, which no release may be older than.

    is_whole(slot, size, digest) -> whether slot A or B holds a signed file of so many bytes whose
    payload has this SHA-256; asked for slots that would be started alone.
    """
    values = dict(values)
    values["cause"] = cause
    values["floor"] = max(values["floor"], factory)
    values["starts"] = min(values["starts"] + 1, STARTS_MOST)
    if values["trial"] != FACTORY:
        if not values["left"]:
            values = _returned(values, NEVER_GOOD)
        elif not _whole(values, values["trial"], is_whole):
            values = _returned(values, DAMAGED)
        else:
            values["left"] -= 1
            return Start(values["trial"], values, False)
    if values["active"] != FACTORY and not _whole(values, values["active"], is_whole):
        values = _other(values, is_whole)
    return Start(values["active"], values, values["starts"] > LOOP)


def stage(values, slot, number, size, digest):
    """Let the release that lies in `slot`, verified, be tried at the next start. FormatError."""
    check_newer(values, number)
    if slot not in free(values):
        raise FormatError("slot %d is in use" % slot)
    values = _held(values, slot, (number, size, digest))
    values["trial"], values["left"] = slot, TRIES
    values["starts"] = 0
    return values


def good(values):
    """The release that runs has passed its self-test, and a sale or its host knows of it."""
    values = dict(values)
    if values["trial"] != FACTORY:
        values["active"], values["trial"], values["left"] = values["trial"], FACTORY, 0
        values["returned"] = values["why"] = 0
        values["text"] = ""
    values["floor"] = max(values["floor"], running(values))
    values["starts"] = 0
    return values


def steady(values):
    """The terminal has run for some minutes with its self-test passed: no crash loop.

    A bus that nobody boards may be started often. A release on trial gains nothing by it.
    """
    values = dict(values)
    if values["trial"] == FACTORY:
        values["starts"] = 0
    return values


def failed(values, text):
    """Keep what a start stopped with."""
    values = dict(values)
    values["text"] = short(text)
    return values


def running(values):
    """Number of the release that the last start() chose, 0 for the factory's."""
    slot = running_slot(values)
    return values[HELD[slot][0]] if slot != FACTORY else 0


def running_slot(values):
    """Its slot: begin() leaves what it did not start neither active nor on trial."""
    return values["trial"] or values["active"]


def idle(values):
    """The slot that a download may use, FACTORY for none: the old one is kept during a trial."""
    found = free(values)
    return found[0] if found else FACTORY


def free(values):
    """Slots that hold nothing that may be started, as far as the record knows."""
    if values["trial"] != FACTORY:
        return ()
    return {A: (B,), B: (A,)}.get(values["active"], (A, B))


def check_newer(values, number):
    """FormatError unless a release is newer than all that were good or in use here, and is not
    the one that was just left: that one would fail again.
    """
    newest = max(values["floor"], running(values))
    if number <= newest:
        raise FormatError("release %d, %d is in use" % (number, newest))
    if number == values["returned"] and values["why"] == NEVER_GOOD:
        raise FormatError("release %d was tried and left" % number)


def forget(values, slot):
    """Before the idle slot is written: it holds nothing."""
    return _held(values, slot, (0, 0, bytes(32)))


def _held(values, slot, what):
    values = dict(values)
    for name, value in zip(HELD[slot], what):  # noqa: B905
        values[name] = value
    return values


def _whole(values, slot, is_whole):
    number, size, digest = [values[name] for name in HELD[slot]]
    return bool(number and size) and is_whole(slot, size, digest)


def _returned(values, why):
    """Without the release on trial; `starts` begins anew with the old one."""
    values["returned"] = values[HELD[values["trial"]][0]]
    values["why"] = why
    values = forget(values, values["trial"])
    values["trial"], values["left"] = FACTORY, 0
    values["starts"] = 1
    return values


def _other(values, is_whole):
    """The active slot is damaged: the other one if it was good here and is whole, else FACTORY."""
    broken = values["active"]
    values["returned"], values["why"] = values[HELD[broken][0]], DAMAGED
    values = forget(values, broken)
    other = B if broken == A else A
    values["active"] = other if _whole(values, other, is_whole) else FACTORY
    return values
