# SPDX-License-Identifier: Apache-2.0
"""The targets by name, with what one input may cost and how long it may be."""

from collections import namedtuple

from tests.fuzz import air, dialogues, faulty, parsers, recorded, taps
from tests.fuzz.bounds import Memory

# run(data); memory: bounds.Memory; longest: bytes of an input
Target = namedtuple("Target", ("name", "run", "memory", "longest"))

TARGETS = (
    Target("tlv", parsers.read_tlv, Memory(16384, 400), 600),
    Target("dol", parsers.read_dol, Memory(16384, 400), 300),
    Target("answers", parsers.read_answers, Memory(65536, 400), 1200),
    Target("texts", parsers.read_text, Memory(65536, 100), 4000),
    Target("stored", parsers.read_stored, Memory(65536, 200), 2400),
    Target("taps", taps.present, Memory(260_000, 200), 128),
    Target("recorded", recorded.present, Memory(300_000, 200), 64),
    Target("frames", dialogues.read_frames, Memory(16384, 100), 1200),
    Target("targets", dialogues.read_targets, Memory(16384, 400), 300),
    Target("chip", dialogues.talk_to_chip, Memory(65536, 100), 1200),
    Target("blocks", air.talk_in_blocks, Memory(16384, 200), 600),
    Target("air", air.bend_the_air, Memory(16384, 200), 200),
    Target("faults", faulty.spoil, Memory(260_000, 400), 96),
    Target("messages", dialogues.read_messages, Memory(65536, 200), 4400),
    Target("uploads", dialogues.send_batches, Memory(65536, 100), 400),
)


def named(name):
    """The Target of a name; KeyError when there is none."""
    return {one.name: one for one in TARGETS}[name]
