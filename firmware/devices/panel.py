# SPDX-License-Identifier: Apache-2.0
"""Panel: lamp, buzzer and two lines of text, as a seam and as a table of messages (TD-002,
TD-003).

A panel has `lamp(colour)`, `beep(kind)` and `show(line1, line2)`. Line 1 is Chinese, line 2
English. Three results can never be taken for each other: green with one tone is paid, amber with
three is present the same card again, red with one long tone is refused; blue is nothing happened.
"""

LAMPS = ("blue", "green", "amber", "red")

# message|lamp|sound|line 1|line 2; {fare}, {balance}: yuan with two decimals; {list}: version of
# the deny list. One text and no dict: so many small objects would take 9 KB of a board's heap.
# The last row stands for a message that is not here. Every result has its words (QT-240, QT-241),
# and the messages that JR/T 0025.12 §6.1.2 recommends are among them (QT-243).
TABLE = """
ready|blue||请刷卡 票价{fare}元|Tap card, fare {fare}
processing|blue||处理中 请勿移卡|Processing, hold the card
card_read|blue||读卡完成 处理中|Card read, processing
ok|green|ok|已付{fare}元 余额{balance}元|Paid {fare}, balance {balance}
concession|green|double|优惠{fare}元 余额{balance}元|Reduced {fare}, balance {balance}
torn_recovered|green|ok|已补完{fare}元 余额{balance}元|Completed {fare}, left {balance}
last_record_lost|amber|again|未完成 请再刷同一张卡|Not done: same card again
torn_suspect|amber|again|待核实 请询问司机|Unclear: ask the driver
card_lost|amber|again|请再刷一次 未扣款|Tap again, not charged
fare_changed|amber|again|请再刷一次 未扣款|Tap again, not charged
several_cards|amber|again|请只刷一张卡|One card only
already_paid|blue|known|此卡已付|Already paid
card_declined|red|no|卡已拒绝 余额{balance}元|Declined, balance {balance}
expired|red|no|卡已过期 未扣款|Card expired, not charged
not_yet_valid|red|no|卡未生效 未扣款|Card not yet valid, not charged
free_ride|green|double|免费乘车 未扣款|Free ride, not charged
number_unread|red|no|卡号不可读 请用其他方式|Number unread: use other means
deny_list|red|no|此卡停用 未扣款 名单{list}|Card on list {list}, not charged
oda_failed|red|no|卡验证失败 未扣款|Card not verified, not charged
debited_refused|red|no|未通过 已扣{fare}元将退还|Refused: {fare} will be refunded
debited_unproven|red|no|扣款待核实 请询问司机|Debit unclear: ask the driver
refund_due|red|no|已扣款待退还 勿再刷|Was debited: refund is due
card_requested_online|red|no|须联机 未扣款|Needs online, not charged
online_required|red|no|须联机 未扣款|Needs online, not charged
no_common_app|red|no|不支持此卡 请用其他方式|Not supported: use other means
no_ppse|red|no|非支付卡 请用其他方式|No payment card: use other means
app_blocked|red|no|卡应用已锁 未扣款|Card blocked, not charged
card_blocked|red|no|卡已锁 未扣款|Card locked, not charged
app_missing|red|no|卡无此应用 请用其他方式|Not on card: use other means
app_refused|red|no|卡拒绝选择 请用其他方式|Card refuses: use other means
no_pdol_ttq|red|no|卡不支持闪付 请用其他方式|No quick pass: use other means
not_qpboc|red|no|卡不支持闪付 未扣款|Card not usable, not charged
gpo_refused|red|no|卡不能交易 请用其他方式|Card refuses: use other means
card_data|red|no|卡数据错误 未扣款|Card error, not charged
no_amount|red|no|暂停服务 无票价|Out of service: no fare
amount_zero|red|no|票价为零 请用其他方式|No fare: use other means
over_ceiling|red|no|暂停服务 票价超限|Out of service: fare too high
over_transaction_limit|red|no|票价超限 请用其他方式|Over limit: use other means
needs_online_or_cvm|red|no|须联机 请用其他方式|Needs online: use other means
journal_full|red|no|暂停服务 存储已满|Out of service: storage full
storage_fault|red|no|暂停服务 存储故障|Out of service: storage fault
clock_not_set|red|no|暂停服务 时钟未设|Out of service: clock not set
random_stuck|red|no|暂停服务|Out of service: random source
reader_fault|red|no|读卡器故障|Reader out of order
closed|red|no|停止服务|Out of service: closed
other|red|no|不能用此卡 未扣款|Card cannot be used, not charged
"""


def names():
    """Every message of TABLE in its order."""
    return [row.split("|")[0] for row in TABLE.strip().split("\n")]


def is_known(message, words=""):
    """True for a message that has a row of its own, in TABLE or in a trade's `words`."""
    return bool(_row(TABLE, message) or _row(words, message))


def row_of(message, words=""):
    """[lamp, sound, line 1, line 2] of a message, of `other` for one that has no row.

    words: rows of the trade (trade.py), in the grammar of TABLE; they come first.
    """
    return _row(words, message) or _row(TABLE, message) or _row(TABLE, "other")


def _row(table, message):
    at = table.find("\n" + message + "|")
    return table[at + 1 : table.find("\n", at + 1)].split("|")[1:] if at >= 0 else None


def yuan(amount_fen):
    """Fen as yuan with two decimals; -- when not known (QT-244: 9800 -> 98.00)."""
    return "--" if amount_fen is None else "%d.%02d" % (amount_fen // 100, amount_fen % 100)


def present(panel, message, fare_fen=None, balance_fen=None, deny_list_version=0, words=""):
    """Show a message on all three parts of a panel; returns (lamp, line1, line2)."""
    lamp, beep, chinese, english = row_of(message, words)
    marks = (
        ("{fare}", yuan(fare_fen)),
        ("{balance}", yuan(balance_fen)),
        ("{list}", str(deny_list_version)),
    )
    for mark, value in marks:
        chinese = chinese.replace(mark, value)
        english = english.replace(mark, value)
    panel.show(chinese, english)
    panel.lamp(lamp)
    if beep:
        panel.beep(beep)
    return lamp, chinese, english


class ReportPanel:
    """A panel on a screen elsewhere: every change is a report event."""

    def __init__(self, report):
        self.report = report

    def lamp(self, colour):
        """Colour: one of LAMPS."""
        self.report({"event": "lamp", "lamp": colour})

    def beep(self, kind):
        """Kind: ok, double, again, known, no."""
        self.report({"event": "beep", "beep": kind})

    def show(self, line1, line2):
        """Two lines of text."""
        self.report({"event": "show", "line1": line1, "line2": line2})
