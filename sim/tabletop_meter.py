# SPDX-License-Identifier: Apache-2.0
"""A kiosk that writes gas onto the cards of meters on the tabletop, and the meters at home."""

from firmware.errors import FormatError
from sim.meter_home import HomeMeter, carried, give_out
from sim.tabletop_beside import Beside, Console
from sim.tabletop_records import Module, OtherTerminals

KIND, OTHER_KIND, PRICE_FEN = "gas", "power", 263
OTHERS, NOBODYS = ("rider-senior",), ("rider-student",)  # a meter of power; none at all
FIRST = 100001  # number of a meter
KEYS = (
    ("on 5", "开机", "Open the kiosk", "sign on"),
    ("buy 10", "10方 26.30元", "10 m3, 26.30", "Key how much"),
    ("buy 30", "30方 78.90元", "30 m3, 78.90"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "停机", "Close the kiosk"),
)


class Homes(OtherTerminals):
    """The meters at home: each takes of its card what it has not taken yet."""

    title = ("家里的气表（模拟）", "Gas meters at home (simulated)")
    keys = (("home", "放到家里的表上", "Hold it at its meter at home"),)

    def __init__(self):
        super().__init__()
        self.meters: dict[str, HomeMeter] = {}  # by card number

    def meet(self, table):
        """The office gives a meter to whose card has none yet."""
        super().meet(table)
        for at, (name, card) in enumerate(table.hand.cards.items()):
            values = carried(card)
            if values is None or name in NOBODYS:
                continue
            kind = OTHER_KIND if name in OTHERS else KIND
            if not values["meter"]:
                give_out(card, kind, FIRST + at)
            self.meters[card.pan] = HomeMeter(FIRST + at, kind)
            self.meters[card.pan].credit = values["total_units"]  # taken on another day

    def write(self, name, word):
        card = self.table.hand.cards.get(name)
        home = self.meters.get(card.pan) if card else None
        if home is None:
            raise FormatError(f"{name} has no meter at home")
        if name in self.table.hand.there():
            raise FormatError(f"{name} lies at the reader: take it away first")
        taken = home.lay(card)
        if isinstance(taken, str):
            raise FormatError(f"the meter does not take it: {taken}")

    def row_of(self, card):
        home, values = self.meters.get(card.pan), carried(card)
        if home is None or values is None:
            return None
        units, taken = values["total_units"] / 100, home.credit / 100
        kind = ("电表", "power") if home.kind == OTHER_KIND else ("气表", "gas")
        return (
            f"{kind[0]} {home.number}：卡上共购 {units:.2f}，表已取 {taken:.2f}",
            f"{kind[1]} meter {home.number}, bought {units:.2f}, of it taken {taken:.2f}",
        )


def make(folder):
    """Beside of such a kiosk."""
    console, module, homes = Console(KEYS), Module(), Homes()
    settings = (
        f"sells: units\nbill_kind: {KIND}\nunit_price_fen: {PRICE_FEN}\nconsole: {console.where}\n"
    )
    parts = {"console": console, "homes": homes, "module": module}
    return Beside(settings + module.settings(folder, "meter"), parts)
