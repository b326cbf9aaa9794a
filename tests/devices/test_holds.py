# SPDX-License-Identifier: Apache-2.0
"""A device that freezes a sum and completes it later: state table, other terminals, re-taps."""

from firmware.capp import layouts
from firmware.devices import holds, panel
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.trade import Offer
from firmware.fares.trip import Fare
from firmware.formats import extension
from firmware.kernel import apdu, capp, tags, tlv
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.stand import Stand

FLASH = Flash(9, 2560)
PLACE = (layouts.OWN["bike"][0], 0)
HELD_FEN = 5000


class Deposit(holds.HoldTrade):
    """Freezes HELD_FEN, takes `fen`; `out`: what was frozen for has been handed out."""

    uses_records = True
    name, area, words = "bus", "bike", "\n" + holds.WORDS
    fen, out, told = 0, True, ""

    def offer(self):
        return Offer("ready", None, True)

    def waits(self, values):
        return not self.out

    def price(self, values, pan, word, others):
        return self.told, None if self.told else Fare(self.fen, self.fen, "", word or "time", 1, 0)


class Hold(Stand):
    """A terminal; `seen`: what followed, in order."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, minute=0, fen=0, out=True, told="", serial="00000001", **more):
        self.module, self.seen = HashModule(), []
        self.more = dict(more, freeze_fen=str(HELD_FEN), valid_min="60")
        self.how = fen, out, told, serial
        super().__init__("same_card_s: 600\nmerchant: 104310055110001", self.make)
        self.clock.now = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        fen, out, told, serial = self.how
        keys = Keys({EVERY: (0x28, 7)}, lambda page, pan: b"12345678")
        trade = Deposit(settings, parameters, clock, keys)
        trade.terminal_name = serial.encode()
        trade.fen, trade.out, trade.told = fen, out, told
        said = self.seen.append
        trade.froze = lambda sold, fields: said(("froze", fields["frozen_fen"]))
        trade.completed = lambda sold, fields: said(("completed", fields["amount_fen"]))
        trade.again = lambda sold: said(("again", sold.sequence))
        self.trade = trade
        return trade


def new_card(**more):
    card = CappCard(df61=0x02, **more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages = {PLACE: layouts.issued("own", "bike")}
    return card


def fields(card):
    return layouts.read(layouts.FREEZE, card.pages[PLACE])


def frozen(**how):
    card, stand = new_card(), Hold(**how)
    assert stand.tap(card)["message"] == "frozen"
    return card


def test_sum_should_be_frozen_and_what_is_used_taken():
    """QX-018, QX-049, QX-052, QX-055: below, at and above the frozen sum; nothing."""
    for fen, message in ((0, "free_return"), (300, "ok"), (5000, "ok"), (7000, "ok")):
        card, stand = new_card(), Hold()
        event = stand.tap(card)
        assert (event["message"], event["balance_fen"]) == ("frozen", 5000)
        assert stand.kinds() == ["preauthorised"] and stand.seen == [("froze", 5000)]
        stamp = fields(card)
        assert (stamp["state"], stamp["frozen_fen"], stamp["valid_minutes"]) == (1, 5000, 60)
        assert (stamp["terminal"], stamp["merchant"]) == (b"00000001", b"104310055110001")
        stand = Hold(minute=30, fen=fen)
        event = stand.tap(card)
        assert (event["message"], card.balance_fen, card.frozen) == (message, 10000 - fen, {})
        assert stand.kinds() == ["approved" if fen else "stamped"]
        assert stand.seen == [("completed", fen)] and fields(card)["state"] == layouts.COMPLETED


def test_completion_should_name_who_froze_where_that_was_another():
    """QX-054; of this terminal's own sum it says nothing more."""
    for serial, named in (("00000001", b""), ("00000002", b"00000001")):
        card, stand = frozen(), Hold(minute=30, fen=100, serial=serial)
        stand.tap(card)
        known = extension.of(stand.records()[0][1])
        assert (known["kind"], known["terminal"]) == (capp.COMPLETION, named)
        assert known["merchant"] == (b"104310055110001" if named else b"")


def test_own_sum_should_let_through_again_until_it_was_used():
    """QX-042: without a GPO, with a record of it; behind the grace, or used: the completion."""
    for minute, out, wanted in ((1, False, "re_entry"), (1, True, "ok"), (3, False, "ok")):
        card, stand = frozen(), Hold(minute=minute, fen=200, out=out)
        before = card.asked(apdu.INS_GPO)
        assert stand.tap(card)["message"] == wanted
        again = wanted == "re_entry"
        assert card.asked(apdu.INS_GPO) - before == (not again)
        assert stand.seen == [("again", 1) if again else ("completed", 200)]
        assert stand.kinds() == ["event" if again else "approved"]


def test_what_cannot_be_believed_should_be_refused_before_the_gpo():
    """QX-012, QX-016, QX-049, QX-051."""
    cases = (
        ({"valid": 0}, "", "record_invalid"),
        ({"locked": 1}, "", "record_locked"),
        ({"kind": 1}, "", "record_foreign"),
        ({"entry_time": (2026, 11, 21, 12, 0, 0)}, "", "stamp_ahead"),
        ({"entry_time": (2026, 13, 1, 0, 0, 0)}, "", "stamp_bad"),
        ({"frozen_fen": 0}, "", "stamp_bad"),
        ({}, "no_bike_back", "no_bike_back"),
    )
    for changes, told, word in cases:
        card = frozen()
        page = card.pages[PLACE] = layouts.write(layouts.FREEZE, card.pages[PLACE], changes)
        gpos, stand = card.asked(apdu.INS_GPO), Hold(minute=30, told=told)
        assert stand.tap(card)["message"] == word
        assert card.asked(apdu.INS_GPO) == gpos and stand.seen == []
        assert card.pages[PLACE] == page and card.frozen == {PLACE: HELD_FEN}


def test_frozen_sum_should_be_said_not_to_be_in_the_balance():
    """QX-056: on the panel, in both languages."""
    stand = Hold()
    stand.tap(new_card())
    assert ("show", "Balance 50.00 + 50.00 held", 0) in stand.log
    assert "不含冻结{fare}元" in panel.row_of("frozen", stand.trade.words)[2]


def test_stamp_should_be_known_again_behind_a_completion_elsewhere():
    """QX-038: who froze is known by the freeze, not by what the record says since."""
    card, stand = new_card(), Hold()
    stand.tap(card)
    (row,) = extension.of(stand.records()[0][1])["changes"]
    change, trade = capp.Change(*(row + (None,))), stand.trade
    Hold(minute=20, fen=100).tap(card)
    page = capp.Page(PLACE[0], 0, card.pages[PLACE])
    assert trade.stamped(page, change)
    assert not trade.stamped(capp.Page(PLACE[0], 0, row[2]), change)
    other = layouts.write(layouts.FREEZE, card.pages[PLACE], {"entry_number": 77})
    assert not trade.stamped(capp.Page(PLACE[0], 0, other), change)
    assert not trade.stamped(capp.Page(PLACE[0], 0, b"short"), change)


def test_stamp_of_a_completion_should_be_known_by_its_sum_moment_and_place():
    """QX-038: another completion of the same card, or one of another sum, proves nothing."""
    stand, card = Hold(30, fen=300), frozen()
    before = card.pages[PLACE]
    assert stand.tap(card)["message"] == "ok"
    page = capp.Page(PLACE[0], 0, card.pages[PLACE])
    change = capp.Change(PLACE[0], 0, before, page.data, None)
    assert stand.trade.stamped(page, change)
    assert not stand.trade.stamped(capp.Page(PLACE[0], 0, before), change)
    others = {"amount_fen": 301, "exit_time": (2026, 11, 21, 10, 31, 0), "exit_place": 9,
              "entry_gate": 77, "entry_number": 78, "state": layouts.FROZEN}  # fmt: skip
    for name in others:
        data = layouts.write(layouts.FREEZE, page.data, {name: others[name]})
        assert not stand.trade.stamped(capp.Page(PLACE[0], 0, data), change), name
