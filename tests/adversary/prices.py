# SPDX-License-Identifier: Apache-2.0
"""What a tap should have cost, by the images of the card's records in its line and the tables of
the stands alone. A second reckoning: no rule of the firmware is asked.
"""

from datetime import datetime

from firmware.capp import layouts
from firmware.formats import record
from tests.devices import metro_stand, toll_stand

MINUTE, HOUR = 60, 3600
FLAT_FEN, TRANSFER_FEN, DAY_PASS_FEN, SHARES = 200, 100, 900, (333, 333, 334)
UNKNOWN_FEN, LOST_FEN = 900, 5000  # of a metro, of a car park
HAPPENED = (record.APPROVED, record.STAMPED)
SFIS = {"metro": 0x15, "toll": 0x17, "park": 0x18, "ring": 0x1E, "pass": 0x1B}


def faults(mine):
    """Lines of a card that took something else than was due."""
    found = []
    for one in mine:
        name, _, side = one.unit.kind.name.partition(" ")
        reckon = RECKON.get((name, side))
        if reckon and one.kind in HAPPENED and one.changes:
            due = reckon(one)
            if due is not None and one.amount_fen not in due:
                found.append(f"other price: {one} took {one.amount_fen}, due are {due}")
    return found


def _images(one, sfi, layout):
    """(before, after) as fields; None where that file was not written."""
    for place, _, before, after in one.changes:
        if place == sfi:
            return layouts.read(layout, before) if before else None, layouts.read(layout, after)
    return None


def _seconds(began, ended):
    return (datetime(*ended) - datetime(*began)).total_seconds()


def _metro(one):
    was, has = _images(one, SFIS["metro"], layouts.TRIP)
    if was["state"] != layouts.INSIDE:
        return {UNKNOWN_FEN}
    passed_s, here = _seconds(was["entry_time"], has["exit_time"]), was["entry_place"]
    at_kiosk = was["entry_gate"] == was["exit_gate"] and was["entry_number"] == was["exit_number"]
    if here == has["exit_place"] and passed_s <= (20 if at_kiosk else 15) * MINUTE:
        return {0}
    if passed_s > 4 * HOUR:
        return {UNKNOWN_FEN}
    return {metro_stand.PRICES[here - 1][has["exit_place"] - 1]}


def _toll(one):
    was, has = _images(one, SFIS["toll"], layouts.TRIP)
    if was["state"] != layouts.INSIDE:
        return {toll_stand.DEAREST}
    passed_s = _seconds(was["entry_time"], has["exit_time"])
    if was["entry_place"] == has["exit_place"]:
        return {0} if passed_s <= 10 * MINUTE else {toll_stand.DEAREST}
    if passed_s > 24 * HOUR:
        return {toll_stand.DEAREST}
    return {toll_stand.PRICES[was["entry_place"] - 1][has["exit_place"] - 1]}


def _stay_fen(seconds):
    if seconds <= 15 * MINUTE:
        return 0
    return min(2000, 300 + 200 * max(0, -int(-(seconds - HOUR) // HOUR)))


def _parking(one):
    was, has = _images(one, SFIS["park"], layouts.TRIP)
    if was["state"] not in (layouts.INSIDE, layouts.PAID):
        return {LOST_FEN}
    passed_s = _seconds(was["entry_time"], has["exit_time"])
    if passed_s > 20 * HOUR:
        return None  # over midnight, day by day
    whole = {_stay_fen(passed_s + late) for late in (-MINUTE, 0, MINUTE)}
    if was["state"] == layouts.INSIDE:
        return whole
    late_s = _seconds(was["exit_time"], has["exit_time"])
    rest = {max(0, fen - was["amount_fen"]) for fen in whole}
    return {0} if late_s < 14 * MINUTE else rest if late_s > 16 * MINUTE else rest | {0}


def _bus(one):
    on_pass = _images(one, SFIS["pass"], layouts.PASS)
    before, has = _images(one, SFIS["ring"], layouts.RIDE)
    if on_pass and on_pass[0]["pass_kind"] == layouts.RIDES:
        return {SHARES[on_pass[0]["used"]]}
    if on_pass:
        was, used = on_pass
        passed_s = _seconds(was["first_time"], used["last_time"]) if was["used"] else None
        return {DAY_PASS_FEN if passed_s is None or passed_s >= 24 * HOUR else 0}
    fresh = before and before["line"] != has["line"] and not before["transfers"]
    passed_s = _seconds(before["time"], has["time"]) if fresh else HOUR + 1
    if passed_s < -MINUTE or passed_s > HOUR:
        return {FLAT_FEN}
    return {0, TRANSFER_FEN}  # `free` where that was set


RECKON = {
    ("metro", "out"): _metro, ("toll", "out"): _toll, ("park", "out"): _parking,
    ("park", "pay"): _parking, ("bus", ""): _bus,
}  # fmt: skip
