# SPDX-License-Identifier: Apache-2.0
"""A bus that keeps a daily cap: over restarts, with the host's word, each card for itself."""

from firmware.fares import layout
from firmware.formats import signed
from sim.flash import Flash
from tests.crew import Blob, Crew
from tests.fares.tables import packed, product
from tests.forget import forget

PANS = ["62280001%08d" % n for n in range(8)]
DAY = 9821  # 2026-11-21, that of the stand
TABLE = packed(
    {
        "products": [product("5", layout.FLAT, fen=200)],
        "caps": [{"class": layout.ANY, "period": 0, "fen": 500}],
    }
)
del packed, product  # what makes tables leaves the heap again
forget(("tests.fares.tables",))


class CapBus(Crew):
    """hal with a file of sums and a flash for the bank."""

    sums, bank = b"", None

    def open_blob(self, path):
        if path == "fares":
            return Blob(TABLE)
        if path != "sums" or not self.sums:
            raise OSError("no such file")
        blob = Blob(self.sums)
        blob.close = lambda: None
        return blob

    def open_flash(self, where, blocks):
        return self.bank

    def ticks_ms(self):
        return 0

    def ticks_diff(self, later, earlier):
        return later - earlier


def a_bus(sums=b"", **more):
    CapBus.sums, CapBus.bank = sums, Flash(2, 1024)
    if sums:
        more["sums"] = "sums"
    return CapBus("same_card_s: 0\n", fares="fares", **more)


def told(fen, cut_off):
    """The host's file; what makes and signs it leaves the heap again."""
    from tests.deny_lists import signed_file  # dropped below
    from tests.fares.sums_file import key, payload  # dropped below

    rows = payload([(key(PANS[0], 1), (fen, fen, fen))], [(1, cut_off)], DAY)
    made = signed_file(rows, signed.CARD_SUMS, 3)
    forget(("tests.deny_lists", "tests.fares.sums_file"))
    return made


def rides(bus, pan, count=4, restarts=False):
    """Fen of the debits of so many rides; None where the rider need not pay.

    The card tells its number at the gate alone: where another fare is due, it is asked again.
    """
    amounts = []
    for _ in range(count):
        if bus.tap(pan=pan) == "fare_changed":
            bus.tap(pan=pan)
        kind, values = bus.stand.records()[-1]
        amounts.append(values["amount_fen"] if kind == "approved" else None)
        if restarts:
            bus.stand.restart()
    return amounts


def test_cap_should_hold_over_restarts():
    """Each ride once, from the bank and from the journal behind it (TD-034)."""
    bus = a_bus(riders="flash:riders", riders_blocks="2")
    assert rides(bus, PANS[0], restarts=True) == [200, 200, 100, None]
    assert bus.last()["reason"] == "free_ride"


def test_what_other_vehicles_took_should_count():
    """The host has 4.00 of one card and nothing of the other, up to record 1 of this bus."""
    bus = a_bus(told(400, 1))
    assert rides(bus, PANS[1], 1) == [200]
    assert rides(bus, PANS[0], 2) == [100, None] and bus.last()["rule"] == ""
    bus.stand.restart()
    assert rides(bus, PANS[0], 1) == [None] and rides(bus, PANS[1], 3) == [200, 200, 100]


def test_file_of_another_journal_should_not_hide_what_was_sold_here():
    """Its cut-off is a number that was never written here: all that is known is added."""
    bus = a_bus(told(100, 77))
    assert rides(bus, PANS[0]) == [200, 200, None, None]
