# SPDX-License-Identifier: Apache-2.0
"""Price of a stay: free minutes, first block, steps, windows of the day, cap for 24 hours.

Blocks are begun one after the other from the beginning of the stay; each is paid as a whole, by
the window of the day in which it begins. Every 24 hours begin anew and alike, so that a stay of
weeks is no more work than one of three days.
"""

from firmware.errors import FormatError
from firmware.fares import layout
from firmware.fares.calendar import DAY_S

DAY_MIN = DAY_S // 60


def price_fen(stay, windows, began_s, length_s):
    """Fen of a stay; stay: row; windows: list of rows; began_s: second of the day.

    FormatError for windows that leave a part of the day out or do not move on.
    """
    free_s = stay["free_min"] * 60
    if length_s <= free_s:
        return 0
    if stay["deducted"]:
        began_s, length_s = began_s + free_s, length_s - free_s
    days, rest_s = length_s // DAY_S, length_s % DAY_S

    def period_fen(seconds, is_first):
        return min(stay["cap_fen"], _blocks_fen(windows, began_s, seconds, is_first))

    if not days:
        return period_fen(rest_s, True)
    later = (days - 1) * period_fen(DAY_S, False) if days > 1 else 0
    return period_fen(DAY_S, True) + later + period_fen(rest_s, False)


def _blocks_fen(windows, began_s, length_s, is_first):
    """Blocks begun in the first `length_s` seconds behind second `began_s` of the day."""
    total_fen = window_fen = at_s = ends_s = 0
    window = None
    while at_s < length_s:
        if window is None or at_s >= ends_s:
            window, left_s = _window_at(windows, (began_s + at_s) % DAY_S)
            ends_s, window_fen = at_s + left_s, 0
        minutes, fen = window["step_min"], window["step_fen"]
        if is_first and not at_s and window["first_min"]:
            minutes, fen = window["first_min"], window["first_fen"]
        if not minutes:
            raise FormatError("a step of 0 minutes")
        fen = min(fen, max(0, window["cap_fen"] - window_fen))
        window_fen += fen
        total_fen += fen
        at_s += minutes * 60
    return total_fen


def _window_at(windows, second):
    """(row, seconds until it ends) of the window that holds a second of the day."""
    for row in windows:
        from_s, to_s = row["from_min"] * 60, row["to_min"] * 60
        if from_s > DAY_S or to_s > DAY_S:
            raise FormatError("a window outside the day")
        length_s = to_s - from_s if to_s > from_s else to_s - from_s + DAY_S
        past_s = (second - from_s) % DAY_S
        if past_s < length_s:
            return row, length_s - past_s
    raise FormatError("no window at minute %d of the day" % (second // 60))


def windows_of(table, stay):
    """List of the rows of a stay; a day has no more than 24."""
    if stay["windows"] > 24:
        raise FormatError("%d windows of a day" % stay["windows"])
    first = stay["first_window"]
    return [table.row("windows", first + n) for n in range(stay["windows"])]


def of_product(table, product):
    """Row of the stays, None for a product that is not paid by time."""
    if product is None or product["kind"] != layout.TIME:
        return None
    return table.row("stays", product["first_price"])
