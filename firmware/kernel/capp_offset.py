# SPDX-License-Identifier: Apache-2.0
"""The deposit offset: what a card may go below nothing in a deduction (JR/T 0025.14 §5.2.7).

The card alone judges whether a fare fits (QX-059); this says what is shown, and what is expected.
"""

from collections import namedtuple

from firmware.kernel import get_data, tags

# Fen. balance: 9F79; limit: DF62; used: DF63, both 0 of a card that does not tell them
Funds = namedtuple("Funds", ("balance", "limit", "used"))


def read(currency):
    """Generator: Funds before GPO, None where the card tells no balance (QX-058)."""
    balance_fen = yield from get_data.balance(currency)
    if balance_fen is None:
        return None
    limit_fen = yield from get_data.decimal(tags.OFFSET_LIMIT, 6)
    used_fen = yield from get_data.decimal(tags.OFFSET_USED, 6)
    if limit_fen is None or used_fen is None:
        limit_fen = used_fen = 0
    return Funds(balance_fen, limit_fen, used_fen)


def after(funds, amount_fen):
    """Funds when the card has taken `amount_fen`: what the balance lacks is owed (QX-061)."""
    owed_fen = max(0, amount_fen - funds.balance)
    return Funds(max(0, funds.balance - amount_fen), funds.limit, funds.used + owed_fen)


def shown(funds, net):
    """Fen for the panel: the balance; with `net` less what is owed, not below nothing (QX-060)."""
    return max(0, funds.balance - funds.used) if net else funds.balance
