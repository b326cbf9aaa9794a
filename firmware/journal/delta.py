# SPDX-License-Identifier: Apache-2.0
"""A record as what differs from another one, its template: the bytes of one terminal repeat.

    coded = encode(record, template)          decode(coded, template) == record

A cursor walks through the template beside the record. One piece after the other:

| first byte | then      | stands for                                                        |
|------------|-----------|-------------------------------------------------------------------|
| 00..7F     |           | first byte + 1 bytes of the template at the cursor                |
| 80..BF     | the bytes | first byte - 7F bytes that follow; the cursor goes on as far      |
| C0..FF     | place (2) | first byte - BC bytes from `place` on, in template and record, one |
|            |           | behind the other; behind a piece of the template the cursor stands |
|            |           | behind that, else it goes on as far                                |

The places cost a search in C each; there is none while record and template agree.
"""

from firmware.errors import FormatError

SAME_MOST, OWN_MOST = 128, 64
FAR_LEAST, FAR_MOST = 4, 67
STEP = 16  # bytes compared at a time


def encode(record, template):
    """Coded bytes, at most a sixty-fourth longer than the record."""
    out, own = bytearray(), 0  # own: so many bytes before `at` are in no piece yet
    at = cursor = 0
    while at < len(record):
        count = _same(record, at, template, cursor, SAME_MOST)
        if count > 2 or count and at + count == len(record):
            _write_own(out, record, at, own)
            own = 0
            out.append(count - 1)
            at += count
            cursor += count
            continue
        place, count = _far(record, at, template)
        if count:
            _write_own(out, record, at, own)
            own = 0
            out.append(0xBC + count)
            out.extend(place.to_bytes(2, "big"))
            at += count
            cursor = place + count if place < len(template) else cursor + count
            continue
        own += 1
        at += 1
        cursor += 1
    _write_own(out, record, at, own)
    return bytes(out)


def decode(coded, template, limit):
    """The record, at most `limit` bytes. FormatError where the pieces are none."""
    record = bytearray()
    at = cursor = 0
    while at < len(coded):
        first = coded[at]
        at += 1
        if first < 0x80:
            piece = template[cursor : cursor + first + 1]
            wanted = first + 1
        elif first < 0xC0:
            wanted = first - 0x7F
            piece = coded[at : at + wanted]
            at += wanted
        else:
            place, wanted = int.from_bytes(coded[at : at + 2], "big"), first - 0xBC
            at += 2
            if place < len(template):
                piece = template[place : place + wanted]
                cursor = place
            else:
                piece = record[place - len(template) : place - len(template) + wanted]
        if len(piece) != wanted or at > len(coded) or len(record) + wanted > limit:
            raise FormatError("a packed record is damaged at %d" % at)
        record.extend(piece)
        cursor += wanted
    return bytes(record)


def _same(one, at, other, there, most):
    """How many bytes agree from the two places on."""
    most = min(most, len(one) - at, len(other) - there)
    count = 0
    while count + STEP <= most:
        if one[at + count : at + count + STEP] != other[there + count : there + count + STEP]:
            break
        count += STEP
    while count < most and one[at + count] == other[there + count]:
        count += 1
    return count


def _far(record, at, template):
    """(place, count) of the next bytes somewhere before; count 0 where they are new."""
    if at + FAR_LEAST > len(record):
        return 0, 0
    begin = record[at : at + FAR_LEAST]
    place = template.find(begin)
    if place >= 0:
        return place, _same(record, at, template, place, FAR_MOST)
    place = record.find(begin, 0, at)
    if place < 0:
        return 0, 0
    return len(template) + place, _same(record, at, record, place, min(FAR_MOST, at - place))


def _write_own(out, record, at, count):
    """The `count` bytes before `at` as they are."""
    begin = at - count
    while begin < at:
        size = min(OWN_MOST, at - begin)
        out.append(0x7F + size)
        out.extend(record[begin : begin + size])
        begin += size
