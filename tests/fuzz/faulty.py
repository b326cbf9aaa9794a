# SPDX-License-Identifier: Apache-2.0
"""The target in which the fuzzer is the line to the reader: a whole terminal before the virtual
chip, and a list of what goes wrong, at which command and how.

The rider leaves when his patience is over; then the line is good, and the next one must have paid
in time, the money conserved (tests/host/fault_world.py says how it is counted).
"""

from firmware.reader.iso_dep import IsoDepCard
from sim.faults import Fault
from tests.fuzz.choices import Choices
from tests.host.fault_world import FaultWorld
from tests.host.torn_world import DONE

ENGINES = (None, IsoDepCard)
STOPS = ("reset", "wake", "power")
MOST_FAULTS = 12
PATIENCE_US = 3_000_000
NEXT_US = 2_500_000  # out of order is tried again each second
LOST = ("before", "after")
AIR = ("out", "in")


def spoil(data):
    """One story of a rider with a bad line, and of the next one with a good line."""
    choices = Choices(data)
    head = choices.byte()
    world = FaultWorld(ENGINES[head & 1], pin=bool(head & 2))
    knobs = {}
    if head & 4:
        knobs = {"stop_at": 16 * choices.byte() + choices.below(16), "stop": choices.one_of(STOPS)}
    if head & 8:
        knobs["bad_dcs"] = "error"
    tear = (1 + choices.below(10), bool(choices.below(2))) if head & 16 else None
    at, number = {}, 0
    while choices.left() and len(at) < MOST_FAULTS:
        number += choices.below(64)
        at[number] = _fault(choices)
        number += 1
    told = world.tell(at, tear=tear, patience_us=PATIENCE_US, **knobs)
    assert told.next_us <= NEXT_US
    assert not told.outcomes or told.outcomes[-1] in (*DONE, "try_again", "torn_pending")


def _fault(choices):
    """A knob, or two at once, of sim/faults.py."""
    fault = {}
    for _ in range(1 + (choices.below(8) == 7)):
        name, value = KNOBS[choices.below(len(KNOBS))]
        fault[name] = value(choices)
    return Fault(**fault)


def _yes(choices):
    return True


KNOBS = (
    ("ack_delay_ms", lambda choices: choices.byte()),
    ("drop_ack", _yes),
    ("answer_delay_ms", lambda choices: choices.byte()),
    ("drop_answer", _yes),
    ("late_answer_ms", lambda choices: 1 + 4 * choices.byte()),
    ("mute", _yes),
    ("stuck", lambda choices: choices.one_of(("wake", "field", "power"))),
    ("error_frame", _yes),
    ("status", lambda choices: choices.byte() & 0x3F),
    ("extra_preamble", lambda choices: choices.below(17)),
    ("bare", _yes),
    ("noise", lambda choices: choices.take(choices.below(24))),
    ("noise_behind", lambda choices: choices.take(choices.below(24))),
    ("wrong_lcs", _yes),
    ("wrong_dcs", _yes),
    ("wrong_tfi", _yes),
    ("wrong_code", _yes),
    ("cut_at", lambda choices: choices.byte()),
    ("then_whole", _yes),
    ("reset_at", lambda choices: choices.byte()),
    ("gap_at", lambda choices: choices.below(32)),
    ("gap_ms", lambda choices: choices.byte()),
    ("mi_split", lambda choices: 1 + choices.byte()),
    ("card_lost", lambda choices: choices.one_of(LOST)),
    ("rf_lost", lambda choices: choices.one_of(AIR)),
    ("rf_damaged", lambda choices: choices.one_of(AIR)),
    ("rf_block", lambda choices: choices.below(8)),
    ("rf_times", lambda choices: 1 + choices.below(4)),
    ("wtx", lambda choices: (choices.below(6), choices.below(64))),
)
