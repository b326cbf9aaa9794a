# SPDX-License-Identifier: Apache-2.0
"""Units bought onto the card of a meter: counted once, paid once, torn or not."""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.utilities_meter import COMMANDS, MeterKiosk
from firmware.errors import FormatError
from firmware.formats import extension
from firmware.kernel import apdu, tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.capp_card import CappCard, HashModule
from tests.devices.shop_stand import Keys as Typed
from tests.small_card import LAST
from tests.stand import Stand

SFI = 0x1B
CLASSES = "class: senior 622800 50\nsame_card_s: 30"


class Kiosk(Stand):
    """A kiosk for gas that is open: 2.63 a m3."""

    limits = (1200, 950)

    def __init__(self, extra=CLASSES, **more):
        self.module, self.keys = HashModule(), Typed()
        self.more = dict({"bill_kind": "gas", "unit_price_fen": "263"}, **more)
        super().__init__(extra, self.make)
        self.clock.now = (2026, 11, 21, 9, 0, 0)
        assert self.type("on 5") == "ok"

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        keys = Keys({EVERY: (0x28, 10)}, lambda page, pan: b"12345678")
        self.trade = MeterKiosk(settings, parameters, clock, line, keys)
        return self.trade

    def type(self, text):
        self.keys.said = b""
        self.keys.typed += text.encode() + b"\r"
        for _ in range(3):
            self.terminal.turn()
        while self.trade.line.protocol.said:
            self.terminal.turn()
        return self.keys.said.decode().strip()

    def sells(self, card, packs):
        """Message of a purchase."""
        assert self.type("buy %d" % packs) == "ok pay %d.%02d" % divmod(263 * packs, 100)
        return self.tap(card)["message"]


def new_card(df61=0x01, **fields):
    card = CappCard(df61=df61)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    kept = dict({"meter": 100234, "meter_kind": 3}, **fields)
    card.pages[(SFI, 0)] = layouts.issued("own", "meter", **kept)
    return card


def carried(card):
    values = layouts.read(layouts.METER, card.pages[(SFI, 0)])
    return values["purchase"], values["units"], values["total_units"]


def test_units_should_be_written_with_the_debit():
    """QX-018, QX-024, QX-034: price times packs, no class's price; both images in the record."""
    for df61 in (0x01, 0x81):
        kiosk, card = Kiosk(), new_card(df61)
        assert kiosk.trade.offer().message == "key_units" and not kiosk.trade.offer().sells
        assert kiosk.sells(card, 12) == "units_written"
        assert (card.balance_fen, carried(card)) == (10000 - 3156, (1, 1200, 1200))
        kind, values = kiosk.records()[-1]
        assert (kind, values["amount_fen"], values["rule"]) == ("approved", 3156, "gas")
        (change,) = extension.of(values)["changes"]
        assert change[3] == card.pages[(SFI, 0)] and values["device"] == "utilities"
        assert kiosk.trade.offer().message == "key_units"
        kiosk.clock.advance(60)
        assert kiosk.sells(card, 3) == "units_written"
        assert (card.balance_fen, carried(card)) == (10000 - 15 * 263, (2, 300, 1500))


def test_cards_that_carry_nothing_to_a_meter_should_not_be_charged():
    """QX-010, QX-012, QX-016: refused before the GPO."""
    for card, expected in (
        (new_card(meter=0), "meter_missing"),
        (new_card(meter_kind=1), "meter_other"),
        (new_card(total_units=0xFFFFFFFF), "meter_full"),
        (new_card(valid=0), "record_invalid"),
        (new_card(purchase=1, bought_time=(2026, 11, 21, 9, 30, 0)), "stamp_ahead"),
        (new_card(purchase=1, bought_time=(2026, 13, 1, 0, 0, 0)), "stamp_bad"),
        (CappCard(df61=0x00), "number_unread"),
    ):
        kiosk = Kiosk()
        before = dict(card.pages)
        assert kiosk.sells(card, 1) == expected
        assert card.balance_fen == 10000 and card.pages == before and not kiosk.journal.pending()
        assert "approved" not in [kind for kind, _ in kiosk.records()]


def test_a_torn_purchase_should_be_complete_or_none():
    """QX-037, QX-038: units and debit together; nothing is given back in cash for it."""
    for acted in (True, False):
        kiosk, card = Kiosk(), new_card()
        kiosk.type("buy 2")
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        assert kiosk.tap(card)["message"] == "last_record_lost"
        done = (1, 200, 200) if acted else (0, 0, 0)
        assert carried(card) == done
        assert kiosk.type("cancel") == "ok"
        card.tear = None
        message = kiosk.tap(card)
        assert carried(card) == done and card.balance_fen == 10000 - 526 * acted
        assert kiosk.journal.pending() == [], message
        kinds = [kind for kind, _ in kiosk.records() if kind in ("approved", "void", "pending")]
        assert kinds == (["approved"] if acted else ["void"])
        assert b"give back" not in kiosk.keys.said


def test_without_the_module_nothing_should_be_sold():
    """QX-071, QX-073."""
    kiosk, card = Kiosk(), new_card()
    kiosk.module.present = False
    assert kiosk.sells(card, 1) == "module_failed" and card.balance_fen == 10000
    kiosk.module.present, kiosk.module.left = True, 0
    assert kiosk.tap(card)["message"] == "module_failed"
    assert carried(card) == (0, 0, 0) and kiosk.journal.pending() == []
    kiosk.module.left = None
    assert kiosk.tap(card)["message"] == "units_written"  # what it had taken back is there again
    assert (card.balance_fen, carried(card)) == (10000 - 263, (1, 100, 100))


def test_keys_should_ask_for_what_may_be_paid():
    kiosk = Kiosk(unit_pack="10")
    assert "at most 100.00" in kiosk.type("buy 39")
    assert kiosk.type("buy 38") == "ok pay 99.94"
    card = new_card()
    assert kiosk.type("buy 2") == "ok pay 5.26" and kiosk.tap(card)["message"] == "units_written"
    assert carried(card) == (1, 2000, 2000)
    assert "error" in kiosk.type("buy 0") and not kiosk.trade.offer().sells


def test_settings_that_mean_nothing_should_be_refused():
    for more in ({"unit_price_fen": "0"}, {"bill_kind": "property"}, {"unit_pack": "0"}):
        try:
            Kiosk(**more)
        except FormatError:
            continue
        raise AssertionError(more)
