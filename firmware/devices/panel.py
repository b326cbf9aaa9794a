# SPDX-License-Identifier: Apache-2.0
"""Panel: lamp, buzzer, voice and two lines of text, as a seam and as a table of messages.

A panel has `lamp(colour)`, `beep(kind)`, `show(line1, line2)`, `voice(number)` and `refresh()`,
which the loop calls and which never waits. Line 1 is Chinese, line 2 English. Three results can
never be taken for each other (TD-002): green with one tone is paid, amber with three is present
the same card again, red with one long tone is refused; blue is nothing happened. How lamps blink
and tones sound: firmware/outputs/signals.py; the words of a prompt: host_tools/prompts.py.
"""

LAMPS = ("blue", "green", "amber", "red")  # blue: no result, the others one each (TD-002)

# message|lamp|sound|line 1|line 2|voice; {fare}, {balance}: yuan with two decimals; {list}:
# version of the deny list, and when the card came on it. A line breaks at its blanks into two rows
# of 16 cells, of which a Chinese sign takes two. voice: number of a prompt, never given to other
# words; none: silence.
# One text and no dict: so many small objects would take 9 KB of a board's heap. The last row
# stands for a message that is not here. Every result has its words (QT-240, QT-241), and the
# messages that JR/T 0025.12 §6.1.2 recommends are among them (QT-243).
TABLE = """
ready|blue||请刷卡 票价{fare}元|Tap card, fare {fare}|
processing|blue||处理中 请勿移卡|Processing, hold the card|
card_read|blue||读卡完成 处理中|Card read, processing|
ok|green|ok|已付{fare}元 余额{balance}元|Paid {fare}, balance {balance}|1
concession|green|double|优惠{fare}元 余额{balance}元|Reduced {fare}, balance {balance}|2
torn_recovered|green|ok|已补完{fare}元 余额{balance}元|Settled {fare}, left {balance}|3
last_record_lost|amber|again|未完成 请再刷同一张卡|Not done: same card again|4
torn_suspect|amber|again|待核实 请询问司机|Unclear: ask the driver|5
card_lost|amber|again|请再刷一次 未扣款|Tap again, not charged|6
fare_changed|amber|again|请再刷一次 未扣款|Tap again, not charged|6
several_cards|amber|again|请只刷一张卡|One card only|7
already_paid|blue|known|此卡已付|Already paid|8
card_declined|red|no|卡已拒绝 余额{balance}元|Declined, balance {balance}|9
expired|red|no|卡已过期 未扣款|Card expired, not charged|10
not_yet_valid|red|no|卡未生效 未扣款|Not valid yet, not charged|11
free_ride|green|double|免费乘车 未扣款|Free ride, not charged|12
number_unread|red|no|卡号不可读 请用其他方式|Number unread: use other means|13
deny_list|red|no|此卡停用 未扣款 名单{list}|No charge: list {list}|14
oda_failed|red|no|卡验证失败 未扣款|Not verified, not charged|15
debited_refused|red|no|未通过将退还 已扣{fare}元|Refused: {fare} will be refunded|16
debited_unproven|red|no|扣款待核实 请询问司机|Debit unclear: ask the driver|17
refund_due|red|no|已扣款待退还 勿再刷|Was debited: refund is due|18
card_requested_online|red|no|须联机 未扣款|Needs online, not charged|19
online_required|red|no|须联机 未扣款|Needs online, not charged|19
no_common_app|red|no|不支持此卡 请用其他方式|Not supported: use other means|13
no_ppse|red|no|非支付卡 请用其他方式|No payment card: use other means|13
app_blocked|red|no|卡应用已锁 未扣款|Card blocked, not charged|20
card_blocked|red|no|卡已锁 未扣款|Card locked, not charged|20
app_missing|red|no|卡无此应用 请用其他方式|Not on card: use other means|13
app_refused|red|no|卡拒绝选择 请用其他方式|Card refuses: use other means|13
no_pdol_ttq|red|no|卡不支持闪付 请用其他方式|No quick pass: use other means|13
not_qpboc|red|no|卡不支持闪付 未扣款|Card not usable, not charged|15
gpo_refused|red|no|卡不能交易 请用其他方式|Card refuses: use other means|13
card_data|red|no|卡数据错误 未扣款|Card error, not charged|15
no_amount|red|no|暂停服务 无票价|Out of service: no fare|21
amount_zero|red|no|票价为零 请用其他方式|No fare: use other means|13
over_ceiling|red|no|暂停服务 票价超限|Out of service: fare too high|21
over_transaction_limit|red|no|票价超限 请用其他方式|Over limit: use other means|13
needs_online_or_cvm|red|no|须联机 请用其他方式|Needs online: use other means|13
journal_low|blue||存储将满 请联网|Storage low: connect it|
journal_full|red|no|暂停服务 存储已满|Out of service: storage full|21
storage_fault|red|no|暂停服务 存储故障|Out of service: storage fault|21
clock_not_set|red|no|暂停服务 时钟未设|Out of service: clock not set|21
random_stuck|red|no|暂停服务|Out of service: random source|21
self_test_fault|red|no|暂停服务 自检故障|Out of service: self-test|21
reader_fault|red|no|读卡器故障|Reader out of order|21
closed|red|no|停止服务|Out of service: closed|21
other|red|no|不能用此卡 未扣款|Card not usable, not charged|15
"""


def names():
    """Every message of TABLE in its order."""
    return [row.split("|")[0] for row in TABLE.strip().split("\n")]


def is_known(message, words=""):
    """True for a message that has a row of its own, in TABLE or in a trade's `words`."""
    return bool(_row(TABLE, message) or _row(words, message))


def row_of(message, words=""):
    """[lamp, sound, line 1, line 2, voice] of a message, of `other` for one that has no row.

    words: rows of the trade (trade.py), in the grammar of TABLE; they come first.
    """
    return _row(words, message) or _row(TABLE, message) or _row(TABLE, "other")


def _row(table, message):
    at = table.find("\n" + message + "|")
    if at < 0:
        return None
    row = table[at + 1 : table.find("\n", at + 1)].split("|")[1:]
    return row[:4] + [int(row[4] or 0) if len(row) > 4 else 0]


def yuan(amount_fen):
    """Fen as yuan with two decimals; -- when not known (QT-244: 9800 -> 98.00)."""
    return "--" if amount_fen is None else "%d.%02d" % (amount_fen // 100, amount_fen % 100)


def present(panel, message, fare_fen=None, balance_fen=None, deny_list_version=0, words=""):
    """Show a message on all parts of a panel; returns (lamp, line1, line2)."""
    return show(panel, row_of(message, words), fare_fen, balance_fen, deny_list_version)


def show(panel, row, fare_fen=None, balance_fen=None, deny_list_version=0):
    """The same of a row as row_of() gives it."""
    lamp, beep, chinese, english, voice = row
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
    if voice:
        panel.voice(voice)
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

    def voice(self, number):
        """Say a prompt of TABLE."""
        self.report({"event": "voice", "voice": number})

    def refresh(self):
        """Nothing goes on by itself here."""
