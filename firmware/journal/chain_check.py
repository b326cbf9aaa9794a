# SPDX-License-Identifier: Apache-2.0
"""The keyed chain of an archive, looked over from the oldest pack that is needed to the newest, a
pack a slice.
"""

from firmware.journal.archive import HEAD, rows_of
from firmware.journal.chain import LINK_BYTES, Chain

BEFORE = 5  # place in a pack: archive.py
LINK = BEFORE + LINK_BYTES


def chain_steps(archive):
    """Generator, a slice a pack; returns (records whose link holds, packs that do not fit).

    Packs may be written and blocks come free meanwhile: what was freed is no fault.
    """
    chain = Chain(archive.chain.key, archive.chain.make_hash)  # the other one is making a link
    ring = archive.ring
    generation, before, good, faults = ring.keep, None, 0, 0
    while generation <= ring.generation:
        template, found = archive.template_of(generation), []
        for _, body in archive.packs(generation):
            link, count = _linked(archive, chain, body, template)
            joins = before is None or bytes(body[BEFORE:LINK]) == before
            found.append(count if joins and link == bytes(body[LINK:HEAD]) else -1)
            before = bytes(body[LINK:HEAD])
            yield
        if generation < ring.keep:  # it came free while it was read
            generation, before = ring.keep, None
            continue
        generation += 1
        good += sum([count for count in found if count > 0])
        faults += len([count for count in found if count < 0])
    return good, faults


def _linked(archive, chain, body, template):
    """(link that the rows of a pack make, how many rows)."""
    chain.begin(bytes(body[BEFORE:LINK]))
    count = 0
    for at in rows_of(body):
        sequence, record, _ = archive.open_row(body, at, template)
        chain.add(sequence, record or b"")
        count += 1
    return chain.link(), count
