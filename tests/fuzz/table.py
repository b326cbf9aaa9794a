# SPDX-License-Identifier: Apache-2.0
"""The targets by name, with what one input may cost and how long it may be."""

from collections import namedtuple

from tests.fuzz import (
    acquirer,
    air,
    dialogues,
    faulty,
    files,
    lines,
    parsers,
    recorded,
    signed_talk,
    taps,
)
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
    Target("signed-notes", signed_talk.read_signed, Memory(65536, 200), 4000),
    Target("signed-lies", signed_talk.answer_lies, Memory(65536, 200), 400),
    Target("announcer", lines.announce, Memory(32768, 400), 600),
    Target("console", lines.type_in, Memory(65536, 400), 600),
    Target("gates", lines.gates, Memory(32768, 400), 600),
    Target("meters", lines.meters, Memory(32768, 400), 600),
    Target("pumps", lines.pumps, Memory(65536, 400), 600),
    Target("readers", lines.readers, Memory(65536, 400), 600),
    Target("scanner", lines.scan, Memory(65536, 400), 1200),
    Target("fares", files.price, Memory(65536, 400), 160),
    Target("deny", files.deny, Memory(262144, 400), 120),
    Target("sums", files.told, Memory(131072, 400), 80),
    Target("allow", files.allow, Memory(65536, 400), 80),
    Target("signed", files.sign, Memory(65536, 400), 600),
    Target("releases", files.update, Memory(65536, 400), 120),
    Target("boot", files.remember, Memory(65536, 400), 400),
    Target("acquirer", acquirer.read_acquirer, Memory(131072, 400), 600),
)


def named(name):
    """The Target of a name; KeyError when there is none."""
    return {one.name: one for one in TARGETS}[name]
