# SPDX-License-Identifier: Apache-2.0
"""Targets in files that the operator ships: fare table, deny list, card sums, allow list, release,
head; and in the boot record.

An input bends a good file: bytes at places, and a length. Check sums are switched off for it, as
they would keep a fuzzer from everything behind them; that they are looked at is what the tests of
each format show. What has to hold: FormatError is all that is raised, no read goes beyond the
file, and an answer is one that a right file could give.
"""

from binascii import crc32

from firmware.boot import record, slots
from firmware.errors import FormatError
from firmware.fares import calendar, card_sums, layout, trip
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.formats import allow_list, deny_list, release, signed
from host_tools import deny_list as deny_writer
from tests.deny_lists import AUTHORITY, signed_file
from tests.fares import city, sums_file
from tests.fuzz.choices import Choices
from tests.release_files import unsigned_release

PANS = ["62280001%08d" % number for number in range(300)]
CEILING_FEN = 10000
READS = 3000  # of one question
NOON = (2026, 12, 2, 12, 0, 0)


class Watched:
    """A blob that says how much is asked of it."""

    def __init__(self, data):
        self.data, self.size, self.reads = data, len(data), 0

    def read(self, at, count):
        self.reads += 1
        assert at >= 0 and count >= 0 and self.reads <= READS, (at, count, self.reads)
        return self.data[at : at + count]


def bent(choices, good):
    """A good file with bytes changed, and perhaps an end of its own."""
    data = bytearray(good)
    for _ in range(choices.below(12)):
        at = (choices.byte() << 8 | choices.byte()) % len(data)
        data[at] = choices.byte() if choices.below(2) else data[at] ^ 1 << choices.below(8)
    if choices.below(8) == 7:
        del data[choices.byte() << 3 :]
    return bytes(data)


def unsummed(module, function):
    """The function with a check sum that is always 0."""
    kept = module.crc32
    module.crc32 = lambda data, start=0: 0
    try:
        return function()
    finally:
        module.crc32 = kept


def price(data):
    """Fare tables: nobody pays more than an adult, than the ceiling, or less than nothing."""
    choices = Choices(data)
    blob = Watched(bent(choices, city.DATA))
    try:
        fares = Fares(blob, CEILING_FEN)
    except FormatError:
        return
    tables = Cutover([fares])
    for _ in range(2):
        word = choices.one_of(("12", "318", "metro", "coach", "island", "adult", "parking-a"))
        blob.reads = 0
        when = (2026 + choices.below(3), 1 + choices.below(12), 1 + choices.below(31),
                choices.below(25), choices.below(60), choices.below(60))  # fmt: skip
        stops = [choices.byte() for _ in range(2)]
        last = trip.Boarding(word, 1, choices.byte(), choices.byte()) if choices.below(2) else None
        asked = trip.new(word, when, bool(choices.below(2)), *stops, pan=PANS[0], last=last,
                         riders=choices.below(8), spent=(choices.byte(), 500, 19000))  # fmt: skip
        found = [tables.price(asked)]
        ended = calendar.shifted((9800, 0), choices.byte() << 8)
        end = (*calendar.date_of(ended[0]), ended[1] // 3600, ended[1] % 3600 // 60, 0)
        found.append(fares.stay(word, (*calendar.date_of(9800), 0, 0, 0), end))
        for fare in found:
            assert fare or fares.fault or tables.fault
            if fare:
                assert 0 <= fare.amount_fen <= min(fare.full_fen, CEILING_FEN)
                assert fare.version == fares.version and fare.rule in RULES
        assert fares.least_balance_fen(word) >= 0 and fares.leave_minutes(word) >= 0
        assert fares.class_name(PANS[1])


RULES = (*layout.KINDS, "band", "transfer", "cap", "ceiling", "party")


def _full():
    entries = [deny_writer.Listed(pan, at % 3, "lost", "2601%02d" % (1 + at % 28))
               for at, pan in enumerate(PANS)]  # fmt: skip
    ranges = [deny_writer.Range("622899", "622899")]
    return deny_writer.build(entries, ranges)


def _changes():
    entries = [deny_writer.Listed(pan, deny_list.FREED) for pan in PANS[:9]]
    return deny_writer.build(entries, base=7)


GOOD = {}  # files that are made once


def _good(name, make):
    if name not in GOOD:
        GOOD[name] = make()
    return GOOD[name]


def deny(data):
    """Full list and changes; a bent list says something of no card that it cannot know."""
    choices = Choices(data)
    full = _good("full", lambda: unsummed(deny_writer, _full))
    changes = _good("changes", lambda: unsummed(deny_writer, _changes))
    unsummed(deny_list, lambda: _deny(choices, full, changes))


def _deny(choices, full, changes):
    files = []
    for good in (changes, full):
        try:
            files.append(deny_list.DenyFile(Watched(bent(choices, good))))
        except FormatError:
            continue
    for listed in files:
        try:
            for _ in listed.checked():
                listed.blob.reads = 0
        except FormatError:
            continue
    for at in (0, 1, 8, 9, 127, 128, 299):
        for listed in files:
            listed.blob.reads = 0
        try:
            found = deny_list.entries_of(PANS[at], files)
        except FormatError:
            continue
        for entry in found:
            assert 0 <= entry.psn <= 255 and entry.reason in deny_list.REASONS
            assert len(entry.date) in (0, 6)
        deny_list.hit(found, None)


def told(data):
    """Sums of cards: of the terminal's number and of a card's, nothing out of range."""
    choices = Choices(data)

    def make():
        rows = [(sums_file.key(pan, at % 3), (at, at, at)) for at, pan in enumerate(PANS)]
        return sums_file.payload(rows, [(n, n * 7) for n in range(1, 20)], bits=4)

    good = _good("sums", make)
    kept, card_sums.check_of = card_sums.check_of, lambda number, rows: bytes(4)
    try:
        unsummed(card_sums, lambda: _told(bent(choices, _zeroed(good)), choices))
    finally:
        card_sums.check_of = kept


def _zeroed(good):
    """The file with zeros for check sums: a head, 19 terminals, and all the buckets."""
    data = bytearray(good)
    data[10:14] = bytes(4)
    for at in range(14 + 8, 14 + 190, 10):
        data[at : at + 2] = bytes(2)
    places = [int.from_bytes(good[204 + 4 * n : 208 + 4 * n], "big") for n in range(17)]
    start = 204 + 4 * 17
    for number in range(16):
        at = start + 17 * places[number + 1] + 4 * number
        data[at : at + 4] = bytes(4)
    return bytes(data)


def _told(data, choices):
    try:
        sums = card_sums.CardSums(Watched(data))
    except FormatError:
        return
    for question in (
        lambda: [None for _ in sums.checked()],
        lambda: sums.cut_off(choices.below(22)),
        lambda: [sums.of(pan) for pan in PANS[:40]],
    ):
        sums.blob.reads = 0
        try:
            question()
        except FormatError:
            continue


def allow(data):
    """Allow lists, with a check sum made anew."""
    choices = Choices(data)

    def make():
        windows = [allow_list.Window(1, 127, 0, 1440, 0, 0xFFFF)]
        return allow_list.pack(3, bytes(8), windows, {pan: 1 for pan in PANS[:50]})

    data = bytearray(bent(choices, _good("allow", make)))
    crc = allow_list.binascii.crc32(bytes(data[:-4])) & 0xFFFFFFFF
    data[-4:] = crc.to_bytes(4, "big")
    try:
        listed = allow_list.AllowList(Watched(bytes(data)))
    except FormatError:
        return
    zone = listed.zone_of(PANS[choices.below(60)])
    assert 0 <= zone <= 255 and listed.is_open(zone, choices.byte(), choices.byte()) in (0, 1)


def sign(data):
    """Signed files: what was bent anywhere is refused, and nothing else is raised."""
    choices = Choices(data)
    good = _good("signed", lambda: signed_file(b"payload of some bytes" * 9, signed.FARES, 3))
    file = bent(choices, good) if choices.below(2) else choices.rest()
    try:
        head = signed.read_head(Watched(file), tuple(kind for kind, _ in signed.KINDS))
        signed.verify(Watched(file), head, AUTHORITY).finish()
    except FormatError as wrong:
        assert str(wrong)
        return
    assert file == good


def update(data):
    """Releases: a body lies where the manifest says and is as long as the file says."""
    choices = Choices(data)
    good = _good("release", lambda: unsigned_release(7)[: release.BODY_AT + 600])
    front = bent(choices, good[: release.BODY_AT + 8])
    file = front + good[len(front) :] if choices.below(4) else front
    blob = Watched(file)
    try:
        head = signed.read_head(blob, (signed.FIRMWARE,))
        found = release.read(head, signed.Part(blob, head.start, head.length))
        release.check(found, "pico", (release.ROMFS,), 96 * 4096, len(file))
    except FormatError as wrong:
        assert str(wrong)
        return
    assert found["board"] == "pico" and found["number"] == head.number
    assert release.BODY_AT + found["size"] == len(file)
    assert file[release.BODY_AT :][:3] == b"\xd2\xcd\x31"


def remember(data):
    """Boot records: what is read is written back to the same bytes; what starts is whole."""
    choices = Choices(data)
    good = record.pack(dict(record.BLANK, active=1, number_a=7, size_a=9, floor=7), 3)
    raw = bent(choices, good)[:-4] if choices.below(2) else choices.rest()
    raw += crc32(raw).to_bytes(4, "big")
    try:
        values, count = record.unpack(raw)
    except FormatError as wrong:
        assert str(wrong)
        return
    assert raw.startswith(record.pack(values, count))
    whole = choices.below(4)
    start = slots.begin(values, 1, lambda slot, size, digest: bool(whole & slot), 5)
    assert start.slot == slots.running_slot(start.values) and (whole & start.slot) == start.slot
    assert start.values["floor"] >= max(5, values["floor"])
    record.pack(slots.good(start.values), count)
