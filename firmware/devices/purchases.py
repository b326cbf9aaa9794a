# SPDX-License-Identifier: Apache-2.0
"""Purchases: what the kernel is told of each new transaction."""

from firmware.devices.sources import standing_values
from firmware.kernel import bcd, capk, fdda, tags, transaction


class Purchases:
    """Maker of transaction.Purchase; `rules(amount_fen)` judges a card at the kernel's gate."""

    def __init__(self, parameters, stamp, journal, keys, rules):
        self.parameters = parameters
        self.stamp = stamp
        self.journal = journal
        self.keys = keys
        self.rules = rules
        self.standing = standing_values(stamp.settings, parameters)

    def make(self, amount_fen, un, ttq, today=None, plan=None):
        """transaction.Purchase of this amount; without a number it can only settle torn taps.

        plan: card_records.Plan, None for a plain purchase.
        """
        date, time = self.stamp.digits()
        # 95, 9F03, 9F7A and DF60 are not given: known tags without a value are zeros (QT-093,
        # QT-096, QT-100); 5F2A, 9F1A and 9C stand in the parameters (QT-098)
        values = dict(self.standing)
        today = today or self.stamp.today()
        offers_sm = capk.offers_sm(self.keys.capks, today)
        values[tags.SM_SUPPORT] = b"\x01" if offers_sm else b"\x00"  # QT-099, QX-005
        values[tags.TTQ] = ttq or self.parameters.ttq  # QT-095
        values[tags.AMOUNT] = bcd.from_int(amount_fen, 6)
        values[tags.DATE] = bytes.fromhex(date)
        values[tags.TIME] = bytes.fromhex(time)
        values[tags.SEQUENCE_COUNTER] = bcd.from_int(self.journal.next % 10**8, 4)
        values[tags.UN] = un
        if plan:
            values[tags.CAPP_INDICATOR] = bytes((plan.extension.kind,))  # QX-017
        return transaction.Purchase(
            values,
            today,
            self.keys.capks,
            self.keys.cache,
            plan.refuse if plan else self.rules(amount_fen).refuse,
            fdda.EDITIONS,
            self.parameters.sda,
            plan and plan.extension,
        )
