# SPDX-License-Identifier: Apache-2.0
"""Day report of a till, drawn for a slip of 32 columns: Chinese and English in each line.

    品类 Item              份     元
    1 Noodles              12 102.00

A Chinese sign takes two columns. Sums of the hours, of the classes and of the items less what was
reduced are each the total.
"""

from firmware.devices import tray
from firmware.devices.day_book import FIXED, OTHER
from firmware.devices.panel import yuan
from firmware.devices.shift import moment

COLUMNS = 32
RULE = "-" * COLUMNS
COUNT, SUM = 6, 10  # columns of the figures at the right
MOST_NAME = COLUMNS - COUNT - SUM
NAME, SALES, PAID = 11, 4, 9  # of the table of classes
ENDS = (
    ("card", "刷卡 Card"),
    ("cash", "现金 Cash"),
)
OPEN = (
    ("pending", "待核实 Pending"),
    ("due", "待退 Refund due"),
    ("refused", "拒付 Refused"),
)


def columns(text):
    """Columns that a text takes on the slip."""
    return sum([1 if ord(sign) < 0x2E80 else 2 for sign in text])


def left(text, width):
    """A text cut or filled to a width, at the left."""
    while columns(text) > width:
        text = text[:-1]
    return text + " " * (width - columns(text))


def right(text, width):
    """The same at the right; never cut: figures stand whole."""
    return " " * max(0, width - columns(text)) + text


def row(name, count, fen, sign=""):
    """NAME, count and sum in a line."""
    return left(name, MOST_NAME) + right("%d" % count, COUNT) + right(sign + yuan(fen), SUM)


def lines(book, shift, names):
    """Lines of the slip. names: {(tray kind, number): name} of dishes and categories."""
    yield right("日报 DAY REPORT", (COLUMNS + columns("日报 DAY REPORT")) // 2)
    yield left("班次 Shift %d" % shift.number, 16) + right("员工 Staff %d" % shift.driver, 16)
    yield left("开始 From", 16) + right(moment(shift.opened), 16)
    if shift.closed:
        yield left("结束 To", 16) + right(moment(shift.closed), 16)
    if not book.complete:
        yield "不完整 Incomplete: journal began"
        yield "later; see the shift's totals"
    yield RULE
    yield left("时段 Hour", MOST_NAME) + right("笔", COUNT) + right("元", SUM)
    for hour in sorted(book.hours):
        yield row(hour + ":00", *book.hours[hour])
    yield RULE
    yield left("品类 Item", MOST_NAME) + right("份", COUNT) + right("元", SUM)
    for key in sorted(book.items):
        yield row(name_of(key, names), *book.items[key])
    if book.reduced[0]:
        yield row("补贴 Reduced", book.reduced[0], book.reduced[1], "-")
    yield RULE
    yield left("卡类 Class", NAME) + right("笔", SALES) + right("实收", PAID) + right("补贴", 8)
    for name in sorted(book.classes):
        sales, fen, less_fen = book.classes[name]
        figures = right("%d" % sales, SALES) + right(yuan(fen), PAID) + right(yuan(less_fen), 8)
        yield left(name, NAME) + figures
    yield RULE
    yield from _ends(book)


def _ends(book):
    taken = [0, 0]
    for name, words in ENDS:
        count, fen = getattr(book, name)
        taken = [taken[0] + count, taken[1] + fen]
        yield row(words, count, fen)
    yield row("合计 Total", taken[0], taken[1])
    if book.refunds[0]:
        count, fen = book.refunds
        yield row("退款 Refunds", count, fen, "-")
        net_fen = taken[1] - fen
        yield row("净额 Net", taken[0], abs(net_fen), "-" if net_fen < 0 else "")
    for name, words in OPEN:
        count, fen = getattr(book, name)
        if count:
            yield row(words, count, fen)


def name_of(key, names):
    """What a line of items is called."""
    kind, number = key
    if key == FIXED:
        return "定价 One price"
    if key == OTHER:
        return "其他 Others"
    if kind == tray.KEYED and not number:
        return "未分类 Keyed"
    return ("%d %s" % (number, names.get(key, ""))).strip()
