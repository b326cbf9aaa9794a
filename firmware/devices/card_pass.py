# SPDX-License-Identifier: Apache-2.0
"""A pass in a record of the card, as a device takes it beside its own record: one tap changes both
with the debit, or neither (QX-029, QX-066, QX-067).
"""

from firmware.capp import layouts, passes
from firmware.devices.card_trade import changed
from firmware.devices.trade import Charge

RULES = {layouts.RIDES: "pass_rides", layouts.DAYS: "pass_days"}  # words of the fare record


class Use:
    """One use of a pass. amount_fen: what it costs; change: kernel.capp.Change of its record."""

    def __init__(self, amount_fen, rule, change):
        self.amount_fen, self.rule, self.change = amount_fen, rule, change

    def charge(self, full_fen):
        """Charge of this use; full_fen: what it would cost without a pass."""
        return Charge(self.amount_fen, max(self.amount_fen, full_fen), "pass", self.rule, 1)


def fields_of(page, layout, city):
    """Fields of a record; None where it is no pass: never sold, or of another city. FormatError
    for one that is too short or has digits that are none.
    """
    values = layouts.read(layout, page.data)
    return values if values["pass_kind"] and values["city"] == city else None


def use_of(page, layout, values, now):
    """("", Use) of a pass with these fields at a local moment, or (word, None): why it does not
    hold. FormatError for values that cannot be written.
    """
    word, amount_fen, fields = passes.ride(values, now)
    if word:
        return word, None
    return "", Use(amount_fen, RULES[values["pass_kind"]], changed(page, layout, fields))
