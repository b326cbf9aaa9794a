# SPDX-License-Identifier: Apache-2.0
"""Records of the extended application: variable files and the cyclic one (JR/T 0025.14 B).

`more` is state["extended"] of a card: `records` [[SFI, record, key]] in the order in which they
were made, `ring` None or {length, kept, key, records: newest first}; SFIs are two digits of hex,
bytes are hex texts.
"""

HEADER_BYTES = 6  # ID 2, LEN, valid, kind, locked


def first_state(made):
    """What changes of image["extended"], as a card begins with it."""
    return {
        "records": [list(row) for row in made["records"]],
        "ring": dict(made["ring"], records=[]) if made["ring"] else None,
        "frozen": [],
        "offset_limit_fen": made["offset_limit_fen"],
        "offset_used_fen": 0,
    }


def places_of(more, sfi, name):
    """Where the records with the ID `name` (2 bytes) of a file stand in `records`."""
    wanted = f"{sfi:02X}", name.hex().upper()
    return [at for at, row in enumerate(more["records"]) if (row[0], row[1][:4]) == wanted]


def place_of(more, sfi, name, following, last):
    """Where the record is that P2 asks for, None when there is none.

    `following` 0: the first with this ID; 1: the one behind `last`, the place of the one before
    (None: the first was the one before).
    """
    places = places_of(more, sfi, name)
    if not following:
        return places[0] if places else None
    before = last if last in places else (places or [None])[0]
    return next((at for at in places if before is not None and at > before), None)


def bytes_used(more, sfi):
    """Bytes of all records of a variable file."""
    return sum(len(row[1]) // 2 for row in more["records"] if row[0] == f"{sfi:02X}")


def push(ring, record):
    """The newest stands in front, the oldest goes (capp.md 3, point 9: pushed down)."""
    ring["records"] = [record, *ring["records"]][: ring["kept"]]


def write(more, updates):
    """Carry out cached `updates` [[place, record]]; place None is the ring."""
    for place, record in updates:
        if place is None:
            push(more["ring"], record)
        else:
            more["records"][place][1] = record
