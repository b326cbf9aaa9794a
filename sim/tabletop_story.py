# SPDX-License-Identifier: Apache-2.0
"""What happened on the tabletop, in a sentence, Chinese and English: each tone good, warn or bad.

The terminal says on its panel what it knows. A spectator sees the card as well: whether money has
left it, and when it was taken away. These sentences are his.
"""

from typing import NamedTuple

from firmware.devices.panel import yuan


class Story(NamedTuple):
    """One sentence."""

    tone: str
    chinese: str
    english: str


def torn(name, moment, debit_fen, was_torn, window_s):
    """A card was torn away; moment: late, middle or early; debit_fen: what has left the card."""
    if not was_torn:
        return Story(
            "warn",
            f"{name}：交易先结束了，没有撕成",
            f"{name}: the tap had ended before the card could be torn away",
        )
    if debit_fen:
        return Story(
            "warn",
            f"{name}：卡已扣 {yuan(debit_fen)}，最后应答丢失。终端不知道，记为待处理："
            f"{window_s} 秒内再刷同一张卡即可补完，不会重复扣款",
            f"{name} was torn away behind the debit: {yuan(debit_fen)} has left the card, and the"
            f" terminal has not heard so. It is pending, neither paid nor unpaid: the same card"
            f" within {window_s} s settles it without a second debit",
        )
    where = {"early": ("开始时", "at the beginning"), "middle": ("扣款前", "before the debit")}
    chinese, english = where.get(moment, ("", ""))
    return Story(
        "warn",
        f"{name}：{chinese}被拿走，卡内没有扣款，请再刷一次",
        f"{name} was torn away {english}: nothing has left the card, tap again",
    )


def torn_hold(name, frozen_fen, window_s):
    """A card was torn away behind a freeze, or behind a completion that took nothing."""
    done = ("冻结", "frozen on") if frozen_fen > 0 else ("解冻", "set free on")
    fen = yuan(abs(frozen_fen))
    return Story(
        "warn",
        f"{name}：卡上已{done[0]} {fen}，最后应答丢失。终端不知道，记为待处理："
        f"{window_s} 秒内再刷同一张卡即可办完，不会重复",
        f"{name} was torn away at the last answer: {fen} is {done[1]} the card, and the terminal"
        f" has not heard so. It is pending: the same card within {window_s} s settles it, once",
    )


def settled(sequence, kind):
    """An entry that was pending has its record."""
    words = {
        "approved": ("good", "已补完，只扣一次", "settled as paid, debited once"),
        "preauthorised": ("good", "已办完：冻结一次", "settled: frozen once"),
        "stamped": ("good", "已办完，未扣款", "settled, nothing was debited"),
        "void": ("good", "查明未扣款", "proven not debited: nothing to pay"),
        "pending": (
            "warn",
            "超时，作为待核实上传",
            "its time is over: goes up as pending, unresolved",
        ),
        "debited-refused": ("bad", "已扣款但未通过，应退款", "debited and refused: refund due"),
        "debited-unproven": ("warn", "扣款未能证实", "debit not proven: goes up as such"),
    }
    tone, chinese, english = words.get(kind, ("warn", kind, kind))
    return Story(tone, f"#{sequence} {chinese}", f"#{sequence}: {english}")


def left_early(message, name):
    """A card that somebody held has gone in the midst of a tap."""
    if message == "last_record_lost":
        return Story(
            "warn",
            f"{name} 在最后一步离开：是否扣款不明，请再刷同一张卡",
            f"{name} left at the last step: debited or not, nobody knows yet. Same card again",
        )
    return Story("warn", f"{name} 离开太早，未扣款", f"{name} left too early, not charged")


def refused_debit(message, name, debit_fen):
    """Money has left a card that did not pass."""
    return Story(
        "bad",
        f"{name}：卡已扣 {yuan(debit_fen)}，但验证未通过（{message}），记为应退款",
        f"{name}: {yuan(debit_fen)} has left the card and its proof is wrong ({message});"
        " written down as refund due",
    )


UNPLUGGED = Story(
    "bad",
    "电源已拔掉：进程被杀死，未写完的丢失，已写的都在",
    "The plug is out: the process was killed; what was durable stays, nothing else",
)
PLUGGED_IN = Story(
    "good", "来电：终端从日志恢复", "Power is back: the terminal recovers its journal"
)
TURNED = Story(
    "warn",
    "终端换了设置，在同一日志上重新启动",
    "The terminal has other settings and starts anew on the same journal",
)
LINK_CUT = Story(
    "warn",
    "采集服务器已断开：照常卖票，记录排队",
    "The collector is gone: sales go on, records wait",
)
LINK_BACK = Story(
    "good", "采集服务器已恢复", "The collector is back: records go up, each exactly once"
)


def died(words):
    """The process of the terminal has ended by itself; words: its last ones."""
    return Story(
        "bad",
        f"终端进程自己结束了。按“通电”重新启动。{words}",
        f"The terminal's process has ended by itself. Plug it in again to start it. {words}",
    )
