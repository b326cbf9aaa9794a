# SPDX-License-Identifier: Apache-2.0
"""The day report of a till: hours, items, classes, what is open, each the sum of its records."""

from firmware.devices import day_slip, tray
from firmware.devices.day_slip import columns
from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel import apdu
from tests.devices.shop_stand import OTHER, PAN, Till
from tests.small_card import LAST, SmallCard

MENU = "1=1200,Noodles 2=850,饭 3=300"
CATEGORIES = "1=Fruit 2=Fish"


def a_day(**more):
    till = Till(
        "class: staff 622800010000002 50\nsame_card_s: 0", book=True, menu=MENU,
        categories=CATEGORIES, **more,
    )  # fmt: skip
    till.stand.clock.now = (2026, 11, 21, 11, 5, 0)
    return till


def test_tray_should_add_up_and_come_back_from_its_bytes():
    lines = ()
    for number, fen in ((3, 500), (5, 250), (3, 500)):
        lines = tray.added(lines, number, fen)
    assert lines == ((3, 2, 500), (5, 1, 250)) and tray.sum_fen(lines) == 1250
    assert tray.unpack(tray.pack(tray.DISHES, lines)) == (tray.DISHES, lines)
    assert tray.without(lines, 3) == ((3, 1, 500), (5, 1, 250))
    assert tray.without(lines, 5) == ((3, 2, 500),) and tray.without(lines, 7) is None
    for number in range(tray.MOST - 2):
        lines = tray.added(lines, 10 + number, 1)
    assert tray.added(lines, 90, 1) is None and len(tray.pack(tray.KEYED, lines)) <= 96
    assert tray.pack(tray.KEYED, ()) == b""


def test_tray_that_is_none_should_be_refused():
    good = tray.pack(tray.DISHES, ((3, 2, 500),))
    zeros = b"\x01\x03" + bytes(4)
    for bad in (b"", b"\x01", good[:-1], good + b"\x00", b"\x03" + good[1:], zeros):
        try:
            tray.unpack(bad)
        except FormatError:
            continue
        raise AssertionError(bad)


def test_several_dishes_should_be_one_sale_that_says_which():
    till = a_day()
    assert till.type("item 3 2 2") == "ok pay 20.00"
    assert till.type("item 1") == "ok pay 32.00"
    assert till.type("drop 2") == "ok pay 23.50"
    assert till.type("tray") == (
        "1 x 3 3.00\r\n  1 x 2 饭 8.50\r\n  1 x 1 Noodles 12.00\r\nok pay 23.50"
    )
    assert till.type("drop 9") == "error there is no 9 on the tray"
    card = SmallCard(PAN)
    assert till.tap(card) == "ok" and card.balance_fen == 10000 - 2350
    values = till.stand.records()[-1][1]
    assert tray.unpack(values["trade_data"]) == (
        tray.DISHES, ((3, 1, 300), (2, 1, 850), (1, 1, 1200)),
    )  # fmt: skip
    assert till.type("5 1") == "ok pay 5.00" and till.type("+ 2.50 2") == "ok pay 7.50"
    assert till.type("drop 1") == "ok pay 2.50" and till.type("drop 2") == "ok"
    assert till.trade.asked_fen == 0
    assert till.type("+ 99.99") == "ok pay 99.99"
    assert till.type("+ 0.02") == "error at most 100.00 in one sale"


def sell_a_morning(till):
    """Card, class, cash, refund, pending and a refusal, over two hours."""
    till.type("item 1 2")
    assert till.tap(SmallCard(PAN)) == "ok"
    till.type("12.50 1")
    till.tap(SmallCard(OTHER))  # its number is not told freely: a guess at first
    assert till.tap(SmallCard(OTHER)) == "concession"
    till.stand.clock.now = (2026, 11, 21, 12, 0, 0)
    till.type("item 2 2")
    assert till.type("cash") == "ok"
    assert till.type("refund 3.00 1") == "ok"
    till.type("4")
    poor = SmallCard(PAN)
    poor.balance_fen = 100
    assert till.tap(poor) == "card_declined"
    till.stand.clock.advance(31)  # nobody guesses any more
    gone = SmallCard("6228000100000036")
    gone.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert till.tap(gone) == "last_record_lost"


def test_report_should_be_the_sum_of_the_records():
    till = a_day()
    sell_a_morning(till)
    till.stand.clock.advance(61)
    till.stand.terminal.turn()
    till.stand.terminal.turn()
    kinds = [kind for kind, _ in till.stand.records()]
    assert kinds.count("pending") == 1
    book = till.trade.book
    assert book.hours == {"11": [2, 2050 + 625], "12": [1, 1700]}
    assert book.items == {
        (tray.DISHES, 1): [1, 1200], (tray.DISHES, 2): [3, 2550], (tray.KEYED, 1): [1, 1250],
    }  # fmt: skip
    assert book.classes == {"adult": [1, 2050, 0], "staff": [1, 625, 625], "cash": [1, 1700, 0]}
    assert (book.card, book.cash, book.refunds) == ([2, 2675], [1, 1700], [1, 300])
    assert (book.pending, book.refused) == ([1, 400], [1, 0])
    sales = [one for kind, one in till.stand.records() if kind == "approved"]
    assert sum(one["amount_fen"] for one in sales) == book.card[1]
    lines = [" ".join(one.split()) for one in till.type("off").split("\n")]
    assert lines[-1] == "ok pay 4.00" and "合计 Total 3 43.75" in lines
    assert "补贴 Reduced 1 -6.25" in lines
    assert "净额 Net 3 40.75" in lines
    assert "待核实 Pending 1 4.00" in lines


def test_report_should_be_the_same_after_a_restart():
    """From the journal, an entry that is still open among it: it is counted when it is closed."""
    till = a_day()
    sell_a_morning(till)
    before = [getattr(till.trade.book, name) for name in ("hours", "items", "classes", "refunds")]
    till.stand.restart()
    book = till.trade.book
    assert [getattr(book, name) for name in ("hours", "items", "classes", "refunds")] == before
    assert book.complete and book.pending == [0, 0]
    till.stand.clock.advance(61)
    till.stand.terminal.turn()
    till.stand.terminal.turn()
    assert book.pending == [1, 400]
    till.type("off")
    till.type("on 8")
    assert till.trade.book.card == [0, 0] and till.trade.book.hours == {}


def test_report_whose_journal_begins_later_should_say_so():
    till = a_day()
    till.type("5")
    till.tap(SmallCard(PAN))
    book, shift = till.trade.book, till.trade.shift
    recent = [(1, dict(record.unpack(data))) for _, data in till.stand.journal.recent(1)]
    book.restore(lambda count: iter(recent))
    assert not book.complete and book.card == [1, 500]
    assert any("不完整" in line for line in day_slip.lines(book, shift, {}))


def test_slip_should_have_32_columns_in_each_line():
    till = a_day()
    sell_a_morning(till)
    book, shift = till.trade.book, till.trade.shift
    names = {(tray.DISHES, 2): "红烧牛肉面加量加辣加蛋加菜"}
    shift.close()
    found = list(day_slip.lines(book, shift, names))
    assert all(columns(line) <= 32 for line in found), found
    figures = [line for line in found if line[-3:-2] == "."]
    assert len(figures) > 10 and all(columns(line) == 32 for line in figures)
