# SPDX-License-Identifier: Apache-2.0
"""A parameter file for terminals that shall accept the cards of a wallet."""

PERCENT = {"student": 50, "senior": 25}


def parameter_text(facts, fare_fen, torn_window_s=60, same_card_s=60):
    """Text of a parameter file for the cards of a wallet; facts: Wallet.parameters()."""
    lines = [f"version: 1\nfare_fen: {fare_fen}"]
    lines += [f"torn_window_s: {torn_window_s}\nsame_card_s: {same_card_s}"]
    lines += [f"ca: {line}" for line in facts["ca"]]
    lines += [f"aid: {aid} partial" for aid in facts["aids"]]
    lines += [f"deny: {pan}" for pan in facts["deny"]]
    lines += [
        f"class: {name} {prefix} {PERCENT[name]}"
        for prefix, name in facts["classes"]
        if name in PERCENT
    ]
    return "\n".join([*lines, "deny_list_version: 7"]) + "\n"
