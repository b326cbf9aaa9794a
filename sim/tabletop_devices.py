# SPDX-License-Identifier: Apache-2.0
"""The devices of the tabletop: their names for people, and what stands beside each of them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sim import (
    tabletop_attendance,
    tabletop_bike,
    tabletop_bills,
    tabletop_bus,
    tabletop_canteen,
    tabletop_fuel,
    tabletop_gate,
    tabletop_kiosk,
    tabletop_lanes,
    tabletop_lift,
    tabletop_meter,
    tabletop_metro,
    tabletop_stage,
    tabletop_taxi,
    tabletop_toll,
)
from sim.kinds import KINDS, Kind
from sim.tabletop_beside import Beside
from sim.tabletop_records import RECORD_KINDS


class Shown(NamedTuple):
    """make(folder): its Beside; hint: what to try first, Chinese and English; kinds: cards of the
    wallet; same_card_s: of the parameters; parameters: more lines of them; firmware: `device` of
    the settings where it is called otherwise here.
    """

    chinese: str
    english: str
    make: Callable[[Path], Beside]
    hint: tuple[str, str]
    kinds: tuple[Kind, ...] = KINDS
    same_card_s: int = 60
    parameters: str = ""
    firmware: str = ""


def hint(chinese, english, tears=""):
    """Two sentences; tears: and then that card is torn."""
    more = (
        "再选“扣款后撕”，点 {two}：卡已扣，终端却不知道，看它怎样一分不差。",
        " Then choose “Tear after debit” and click {two}: money has left the card, the terminal"
        " has not heard of it, and not a fen is lost.",
    )
    told = [one.format(two=tears) if tears else "" for one in more]
    return chinese + told[0], english + told[1]


DEVICES = {
    "bus": Shown(
        "公交车",
        "Bus",
        tabletop_bus.make,
        hint(
            "试试：司机签到，下一站，到9站，点 adult-1。",
            "Try: sign the driver on, next stop, to stop 9, click adult-1.",
            "adult-2",
        ),
    ),
    "taxi": Shown(
        "出租车",
        "Taxi",
        tabletop_taxi.make,
        hint(
            "试试：司机签到，乘客上车，开几公里，停表，点 adult-1：计价器知道已刷卡。",
            "Try: driver in, a rider gets in, drive, stop, click adult-1: the meter hears of it.",
            "adult-2",
        ),
    ),
    "gate": Shown(
        "景区闸机",
        "Scenic gate",
        tabletop_gate.make,
        hint(
            "试试：点 adult-1，走过；出示今日票，再出示截图。付款后折返的，同一张卡可免费再来。",
            "Try: click adult-1 and walk in; show today's ticket, then its screenshot. Who pays,"
            " and turns back, comes again free with the same card.",
        ),
    ),
    "shop": Shown(
        "收银台",
        "Till",
        tabletop_lanes.make_shop,
        hint(
            "试试：开班，12.50元，点 adult-1。",
            "Try: open the day, key 12.50, click adult-1.",
            "adult-2",
        ),
    ),
    "canteen": Shown(
        "食堂",
        "Canteen",
        tabletop_canteen.make,
        hint(
            "试试：开窗口，按红烧肉饭和汤，点 adult-1：老师只付七成；adult-2 付全价；"
            "student-1 少付5元，一天两次。每卡每天最多40元。",
            "Try: open the window, press pork and soup, click adult-1: a teacher pays 70%; adult-2"
            " all of it, student-1 5.00 less, twice a day. A card may spend 40.00 a day.",
            "adult-2",
        ),
    ),
    "coach": Shown(
        "长途客车",
        "Coach",
        tabletop_lanes.make_coach,
        hint(
            "试试：发车，卖1站到9站，点 adult-1；再3站验票，点 adult-1 和 adult-2。",
            "Try: open the trip, sell stop 1 to 9, click adult-1; check at stop 3, click adult-1,"
            " then adult-2.",
        ),
    ),
    "parking": Shown(
        "停车场出口",
        "Car park, exit lane",
        tabletop_lanes.make_parking,
        hint(
            "试试：adult-1 50分钟前入场，点 adult-1；再点一张没有入场的卡。",
            "Try: adult-1 drove in 50 min ago, click adult-1; then a card that never drove in.",
        ),
    ),
    "access": Shown(
        "门禁",
        "Door",
        tabletop_lanes.make_access,
        hint(
            "试试：点 adult-1，再点一次；点 adult-3 和 adult-4。这里从不扣款。",
            "Try: click adult-1, and once more; adult-3, adult-4. Nothing is ever debited here.",
        ),
    ),
    "lift": Shown(
        "电梯",
        "Lift",
        tabletop_lift.make,
        hint(
            "试试：点 student-1，按5层；再点 adult-1，按4层。adult-5 没有楼层权限。这里从不扣款。",
            "Try: click student-1 and press floor 5; then adult-1 and floor 4. adult-5 has no"
            " floor here. Nothing is ever debited.",
        ),
    ),
    "attendance": Shown(
        "考勤机",
        "Attendance",
        tabletop_attendance.make,
        hint(
            "试试：点 adult-1 签到，再点签退；adult-3 迟到又早退；senior-1 不在名单。"
            "再问谁在场，拔电源后再问一次。",
            "Try: click adult-1 to come in, and once more to go; adult-3 is late and leaves early;"
            " senior-1 is not on the list. Ask who is here, and again behind a pulled plug.",
        ),
    ),
    "library": Shown(
        "图书馆",
        "Library",
        tabletop_attendance.make_library,
        hint(
            "试试：点 adult-1、adult-2、adult-3：只有两个座位；adult-1 再点离开，adult-3 就能进。",
            "Try: click adult-1, adult-2, adult-3: there are two seats; adult-1 once more goes"
            " out, and adult-3 may come in.",
        ),
        firmware="attendance",
    ),
    "bike": Shown(
        "公共自行车",
        "Public bike",
        tabletop_bike.make,
        hint(
            "试试：点 rider-1：冻结30元，1号桩开锁，取车；过50分钟，还车入桩，再点 rider-1："
            "付1元，其余解冻。也可换到32号站还车。"
            "再试“扣款后撕”：钱已冻结，同一张卡再刷才开锁。",
            "Try: click rider-1: 30.00 are frozen, a dock opens; take the bike, let 50 min pass,"
            " lock it, click rider-1: 1.00 is paid, the rest is free. Or bring it to station 32."
            " Tear a card after the debit: the sum is frozen, no dock opens until it is back.",
        ),
        RECORD_KINDS,
        0,
        tabletop_bike.PARAMETERS,
    ),
    "fuel": Shown(
        "加油机",
        "Fuel pump",
        tabletop_fuel.make,
        hint(
            "试试：提枪，点 rider-1：冻结100元；加2升，挂枪，再点 rider-1：只付加了的油。"
            "再试“扣款后撕”：同一张卡再刷，油枪才放行。",
            "Try: lift the nozzle, click rider-1: 100.00 are frozen; pour 2 l, hang up, click"
            " rider-1: what was poured is paid, and no more. Tear a card after the debit: nothing"
            " is released until it is back.",
        ),
        RECORD_KINDS,
        0,
        tabletop_bike.PARAMETERS,
    ),
    "kiosk": Shown(
        "自助售票机",
        "Ticket kiosk",
        tabletop_kiosk.make,
        hint(
            "试试：开机售票，成人票，点 adult-1：付款后才打印签名的二维码票；再补打。",
            "Try: open the kiosk, adult, click adult-1: the signed ticket is printed behind the"
            " payment; then print again.",
            "adult-2",
        ),
    ),
    "utilities": Shown(
        "缴费机",
        "Bills by number",
        tabletop_bills.make,
        hint(
            "试试：开机，户号 1001，点 adult-1；再查一次：已结清。",
            "Try: open the kiosk, customer 1001, click adult-1; ask again: it is settled.",
            "adult-2",
        ),
    ),
    "toll": Shown(
        "高速公路收费",
        "Toll lane",
        tabletop_toll.make,
        hint(
            "试试：选 rider-1，11站45分钟前客车；收费员按客车，点 rider-1，开过线圈。"
            "也给 rider-2 写入口。",
            "Try: pick rider-1, at 11, 45 min ago, car; the collector keys class 1; click rider-1,"
            " drive over the loop. Let rider-2 come in as well.",
            "rider-2",
        ),
        RECORD_KINDS,
        0,
    ),
    "metro": Shown(
        "地铁闸机",
        "Metro gate",
        tabletop_metro.make,
        hint(
            "试试：选 rider-1，1站25分钟前，点 rider-1；没有进站记录的 rider-3 付最高票价。"
            "也给 rider-2 写进站。",
            "Try: pick rider-1, at 1, 25 min ago, click rider-1; rider-3 never came in and pays"
            " the dearest fare. Let rider-2 come in as well.",
            "rider-2",
        ),
        RECORD_KINDS,
        0,
    ),
    "adjust": Shown(
        "补票机",
        "Fare adjustment",
        tabletop_metro.make_adjust,
        hint(
            "试试：选 rider-1，1站5小时前，点 rider-1，再点一次：补票；"
            "改为3站出站，点 rider-1：放行不扣款。也给 rider-2 写超时，先点它一次。",
            "Try: pick rider-1, at 1, 5 h ago; click rider-1, and once more: it pays. Make the"
            " terminal the exit of station 3, click rider-1: out, not charged. Let rider-2 be"
            " overtime too and tap it once.",
            "rider-2",
        ),
        RECORD_KINDS,
        0,
    ),
    "stage": Shown(
        "分段公交（卡内行程）",
        "Stage bus, rides on the card",
        tabletop_stage.make,
        hint(
            "试试：点 rider-1 上车，下一站三次，点 rider-1 下车；rider-3 20分钟前乘5路，上车、"
            "下一站、下车：换乘优惠。再给 rider-2 写2站上车。",
            "Try: click rider-1 to board, next stop three times, click rider-1 to leave; rider-3"
            " rode line 5, boards, next stop, leaves: a transfer. Then let rider-2 have boarded"
            " at 2.",
            "rider-2",
        ),
        RECORD_KINDS,
    ),
    "meters": Shown(
        "购气机",
        "Gas onto meter cards",
        tabletop_meter.make,
        hint(
            "试试：开机，买10方，点 rider-1：付款和气量一起写入卡；放到家里的表上，再放一次："
            "只取一次。rider-senior 是电表卡。",
            "Try: open the kiosk, 10 m3, click rider-1: debit and units together; hold it at its"
            " meter, and once more: taken once. rider-senior's is a power meter.",
            "rider-2",
        ),
        RECORD_KINDS,
        0,
        firmware="utilities",
    ),
    "inspector": Shown(
        "余额查询机",
        "Card enquiry",
        lambda folder: Beside(),
        hint(
            "试试：按住一张卡，或把它拖到读卡区：余额和最近的交易轮流显示。",
            "Try: press and hold a card, or drag it onto the reader: balance and last payments are"
            " shown in turn.",
        ),
    ),
}
CARDS = {  # kind of sim/kinds.py -> what people call it, and whether it should pay
    "adult": ("成人卡", "Adult", True),
    "student": ("学生卡", "Student", True),
    "senior": ("老年卡", "Senior", True),
    "slow": ("慢速卡", "Slow card", True),
    "r_mac": ("应答带MAC", "R-MAC", True),
    "sm2": ("国密卡", "SM2", True),
    "offset": ("押金可抵", "Deposit offset", True),
    "plain": ("无行程记录", "No records", False),
    "low_balance": ("余额不足", "Low balance", False),
    "deny_listed": ("黑名单", "Deny-listed", False),
    "expired": ("已过期", "Expired", False),
    "unknown_ca": ("未知机构", "Unknown issuer", False),
    "forged": ("伪造卡", "Forged", False),
    "foreign": ("外币卡", "Foreign card", False),
}
