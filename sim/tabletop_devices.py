# SPDX-License-Identifier: Apache-2.0
"""The devices of the tabletop: their names for people, and what stands beside each of them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sim import tabletop_bus, tabletop_gate, tabletop_lanes, tabletop_taxi
from sim.tabletop_beside import Beside


class Shown(NamedTuple):
    """make(folder): its Beside."""

    chinese: str
    english: str
    make: Callable[[Path], Beside]


DEVICES = {
    "bus": Shown("公交车", "Bus", tabletop_bus.make),
    "taxi": Shown("出租车", "Taxi", tabletop_taxi.make),
    "gate": Shown("景区闸机", "Scenic gate", tabletop_gate.make),
    "shop": Shown("收银台", "Till", tabletop_lanes.make_shop),
    "coach": Shown("长途客车", "Coach", tabletop_lanes.make_coach),
    "parking": Shown("停车场出口", "Car park, exit lane", tabletop_lanes.make_parking),
    "access": Shown("门禁", "Door", tabletop_lanes.make_access),
    "inspector": Shown("余额查询机", "Card enquiry", lambda folder: Beside()),
}
CARDS = {  # kind of sim/kinds.py -> what people call it, and whether it should pay
    "adult": ("成人卡", "Adult", True),
    "student": ("学生卡", "Student", True),
    "senior": ("老年卡", "Senior", True),
    "slow": ("慢速卡", "Slow card", True),
    "low_balance": ("余额不足", "Low balance", False),
    "deny_listed": ("黑名单", "Deny-listed", False),
    "expired": ("已过期", "Expired", False),
    "unknown_ca": ("未知机构", "Unknown issuer", False),
    "forged": ("伪造卡", "Forged", False),
    "foreign": ("外币卡", "Foreign card", False),
}
