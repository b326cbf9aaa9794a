# SPDX-License-Identifier: Apache-2.0
"""Plays a recorded session through the virtual PN532, the real reader and the real terminal.

The terminal is a process under either interpreter (sim/desk.py); the card side is sim/replay.py.
`replay()` returns what happened; `failed()` holds it against what the session promises.
"""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from sim.chip import Chip
from sim.field import Field
from sim.process import FirmwareProcess
from sim.replay import ReplayCard
from sim.serve import PtyServer
from sim.timing import Timing

EVENT_S = 20  # a recorded card never takes longer for one presentation

SETTINGS = """terminal: 1
reader: serial:{reader}
journal: file:{folder}/journal.bin
journal_blocks: 16
parameters: {folder}/parameters.txt
trace: {trace}
"""

RECORDED = """date: {date}
time: {time}
un: {un}
ttq: {ttq}
presentations: {presentations}
"""


class Replayed(NamedTuple):
    """One session played: fields of the last tap, sums over all, and what was on the air."""

    outcome: str
    reason: str
    detail: str
    cryptogram: str
    oda: str
    amount_fen: int
    balance_fen: int | None
    debits: int
    exchanges: int
    ms: float
    taps: list
    apdus: list  # one list of "apdu" events for each presentation


def recorded_text(session):
    """What sim/desk.py needs of a session besides parameters."""
    return RECORDED.format(
        date=session.date.hex(),
        time=session.time.hex(),
        un=session.un.hex(),
        ttq=session.ttq.hex(),
        presentations=len(session.presentations),
    )


def parameter_text(session):
    """Parameters that a session dictates (format 1, "the terminal in a replay")."""
    text = [
        "version: 1",
        f"fare_fen: {session.amount_fen}",
        f"ceiling_fen: {max(1, session.amount_fen)}",
        f"currency: {session.currency.hex()}",
        f"country: {session.country.hex()}",
        f"transaction_type: {session.transaction_type.hex()}",
        "same_card_s: 0",
        "clock_from_year: 2000",
    ]
    for key in session.cas:
        exponent = {0: "", 3: "03 ", 65537: "010001 "}[key.exponent]
        words = f"{key.algorithm} {key.rid.hex()} {key.index:02x} {exponent}{key.key.hex()}"
        text.append("ca: " + words)
    text += [f"deny: {pan}" for pan in session.denies]
    return "\n".join(text) + "\n"


def replay(session, runtime, timing=None, tracer=None):
    """Play `session`; runtime: argv, env, cwd of an interpreter. LinkLost when it cannot be.

    tracer: sim.tracing.EventTrace, for a trace of it.
    """
    card, field = ReplayCard(session), Field()
    chip = Chip(field, timing or Timing.none())
    chip.watch = tracer.watch if tracer else None
    trace = "frames" if tracer else "full"
    with tempfile.TemporaryDirectory() as folder, PtyServer(chip) as server:
        settings = Path(folder) / "settings.txt"
        recorded = Path(folder) / "recorded.txt"
        settings.write_text(SETTINGS.format(reader=server.path, folder=folder, trace=trace))
        recorded.write_text(recorded_text(session))
        (Path(folder) / "parameters.txt").write_text(parameter_text(session))
        with FirmwareProcess(*runtime, "sim.desk", settings, recorded) as firmware:
            taps, apdus = _presentations(session, card, field, firmware, tracer)
    last = taps[-1]
    return Replayed(
        outcome=last["outcome"],
        reason=last["reason"],
        detail=last["detail"],
        cryptogram=last["cryptogram"],
        oda=last["oda"],
        amount_fen=last["amount_fen"],
        balance_fen=last["balance_fen"],
        debits=card.debits(),
        exchanges=sum(tap["exchanges"] for tap in taps),
        ms=sum(tap["us"] for tap in taps) / 1000,
        taps=taps,
        apdus=apdus,
    )


def _presentations(session, card, field, firmware, tracer=None):
    """Put the card into the field once for each recorded presentation."""
    taps, apdus = [], []
    all_seen = until(firmware, "ready")
    for number in range(len(session.presentations)):
        field.place(card)
        seen = until(firmware, "tap")
        field.remove()
        taps.append(seen[-1])
        apdus.append([one for one in seen if one["event"] == "apdu"])
        all_seen += seen
        if number + 1 < len(session.presentations):
            all_seen += until(firmware, "ready")
    for event in all_seen if tracer else ():
        tracer.take(event)
    if tracer:
        tracer.close()
    return taps, apdus


def until(firmware, name, timeout_s=EVENT_S):
    """Events up to the first called `name`, which is the last one. LinkLost without one."""
    seen = []
    end = time.monotonic() + timeout_s
    while True:
        event = firmware.next_event(max(0.0, end - time.monotonic()))
        if event is None:
            raise LinkLost(f"no {name!r} event within {timeout_s} s" + firmware.last_words())
        seen.append(event)
        if event["event"] == "stopped":
            raise LinkLost("the firmware cannot start: " + event["text"])
        if event["event"] == name:
            return seen


def failed(session, played):
    """List of 'field: expected X, got Y' for every promise that was not kept."""
    got = played._asdict()
    return [
        f"{field}: expected {value}, got {got[field]}"
        for field, value in session.expects
        if str(got[field]) != value
    ]
