# SPDX-License-Identifier: Apache-2.0
"""When garbage is collected in a tap: while the card is at work, never behind its last answer."""

from firmware.devices.terminal import SWEEP_TURNS
from firmware.kernel import apdu
from tests.small_card import SmallCard
from tests.stand import Stand


class Watched(SmallCard):
    """Notes its commands, and has time for background work before it answers."""

    def __init__(self, log):
        SmallCard.__init__(self)
        self.log = log

    def exchange(self, command, spare=None):
        self.log.append(command[1])
        while spare and spare():
            pass
        return SmallCard.exchange(self, command, spare)


class Collecting(Stand):
    """A stand whose interpreter has garbage to collect."""

    def prepare(self):
        self.collected = []
        self.terminal.sale.collect = lambda: self.collected.append("collected")


def test_garbage_is_collected_while_the_card_works_on_gpo_and_last_record():
    stand = Collecting()
    card = Watched(stand.collected)
    assert stand.tap(card)["outcome"] == "approved"
    gpo = stand.collected.index(apdu.INS_GPO)
    assert stand.collected[gpo + 1] == "collected"
    assert stand.collected[-2:] == [apdu.INS_READ_RECORD, "collected"]
    assert stand.collected.count("collected") == 2


def test_a_tap_does_not_need_it():
    stand = Collecting()
    assert stand.tap(SmallCard())["outcome"] == "approved"  # no slice ever runs
    assert stand.collected == []


def test_garbage_of_idle_turns_goes_before_a_card_comes():
    stand = Stand()
    stand.terminal.collect = lambda: stand.log.append("collected")
    for _ in range(4 * SWEEP_TURNS):
        stand.terminal.turn()
    assert stand.log.count("collected") == 4


def test_where_much_is_free_it_is_collected_once_a_tap():
    stand = Collecting()
    stand.terminal.sale.roomy = True
    card = Watched(stand.collected)
    assert stand.tap(card)["outcome"] == "approved"
    assert stand.collected.count("collected") == 1
    assert stand.collected[stand.collected.index("collected") - 1] == apdu.INS_GPO


def test_what_is_packed_while_the_card_reads_changes_no_byte():
    """QT-157, QT-184: entry and record, whether the card leaves time for it or not."""
    found, packed = [], []
    for card in (SmallCard(), Watched([])):
        stand = Stand()
        book = stand.terminal.sale.book
        forget = book.forget
        book.forget = lambda b=book, f=forget: packed.append(b.chip[0] is not None) or f()
        assert stand.tap(card)["outcome"] == "approved"
        found.append([data for _, data in stand.journal.records()])
    assert packed == [False, True]
    assert len(found[0]) == 1 and found[0] == found[1]


def test_time_that_comes_behind_the_entry_should_pack_nothing():
    """QT-157: a card that was quick up to its last record, and slow then, pays as any other."""

    class Late(SmallCard):
        def exchange(self, command, spare=None):
            while spare and book.draft and spare():
                pass
            return SmallCard.exchange(self, command, spare)

    stand = Stand()
    book = stand.terminal.sale.book
    assert stand.tap(Late())["outcome"] == "approved"
