# SPDX-License-Identifier: Apache-2.0
"""A kiosk for bills on the tabletop: its keys, and the office that writes the bills at a line."""

from sim.bill_office import BillOffice, read
from sim.tabletop_beside import Beside, Console, LinePart

BILLS = ("1001 5001 4250", "1002 5002 1200", "1002 5003 990", "1003 5004 60000")
KEYS = (
    ("on 5", "开机", "Open the kiosk", "sign on"),
    ("bill 1001", "户号 1001", "Customer 1001", "Key your number"),
    ("bill 1002", "户号 1002", "Customer 1002"),
    ("bill 1003", "户号 1003", "Customer 1003"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "停机", "Close the kiosk"),
)


class Office(LinePart):
    """Who writes the bills, at a pty."""

    kind = "billing"

    def __init__(self):
        super().__init__(BillOffice(read(BILLS)))

    def state(self):
        with self.line.lock:
            bills = self.machine.bills.items()
            return {"rows": [[one.customer, number, one.fen, one.state] for number, one in bills]}


def make(folder):
    """Beside of a kiosk for bills."""
    console, office = Console(KEYS), Office()
    settings = f"console: {console.where}\nbills: {office.where}\nbill_kind: water\n"
    return Beside(settings, {"console": console, "billing": office})
