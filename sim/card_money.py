# SPDX-License-Identifier: Apache-2.0
"""The money of a card: what it remembers, and what can happen to it.

Pure functions over `state`, the dict that a card's file holds. JR/T 0025.12 7.4.1, 7.7.19: a TC
takes the money and keeps the old values behind a tear flag (take); the last record makes it final
(settle); a flag that is found set puts the old values back (roll_back). The issuer alone adds
money (top_up). `purse` is 0 for the currency of 9F51, 1 for that of DF71. Amounts in fen.
"""

from sim.card_risk import TC
from sim.coding import n12

PURSES = ("balance_fen", "second_fen")
BALANCE_TAGS = ("9F79", "DF79")
CEILING_TAGS = ("9F77", "DF77")
MOST_ATC = 0xFFFF
LOADS_KEPT = 10


def first_state(own):
    """The state of a card that nobody used, from its personalised data (tag to hex text)."""
    return {
        "atc": int(own["9F36"], 16),
        "online_atc": int(own.get("9F13", "01"), 16),  # 0: a new card
        "balance_fen": int(own["9F79"]),
        "second_fen": int(own.get("DF79", "0")),
        "total_fen": 0,  # CTTA
        "foreign_count": 0,
        "torn": None,  # the tear flag: None, or what settle() and roll_back() need
        "card_auth": "",  # 9F69 of the last TC, empty for version 00
        "sdad": "",
        "suite": "",  # that the last GPO asked for
        # [atc, amount of the sale, final, purse, what came off the balance]; of a sum that is
        # frozen a sixth, "frozen"
        "debits": [],
        "log": [],  # hex, newest first
        "loads": [],  # [P1 P2, old, new, {tag: hex}], newest first
        "proof": None,  # [atc, TC] of the last transaction that is final
    }


def take(state, verdict, amount_fen, purse, logged, proof):
    """Change the money as `verdict` says; a TC can still be taken back.

    `logged`: the log record as [hex, how many are kept], None when it is not to be written;
    `proof`: [atc, TC].
    """
    name = PURSES[purse]
    before = {one: state[one] for one in (name, "total_fen", "foreign_count")}
    state[name] -= verdict.charge_fen
    state["total_fen"] += verdict.total_fen
    state["foreign_count"] += verdict.foreign
    if verdict.kind == TC:
        state["torn"] = {"before": before, "logged": logged, "proof": proof}
    if verdict.kind == TC or verdict.charge_fen:
        final = verdict.kind != TC
        state["debits"].append([state["atc"], amount_fen, final, purse, verdict.charge_fen])
    if verdict.kind != TC and verdict.charge_fen:  # prepaid funds go with the ARQC
        _write_log(state, logged)


def settle(state):
    """The last record is read: the debit is final, its log entry is written."""
    torn = state["torn"]
    state["torn"] = None
    state["debits"][-1][2] = True
    state["proof"] = torn["proof"]
    _write_log(state, torn["logged"])


def roll_back(state):
    """Put the old values back if a debit was not made final; True when there was one."""
    if state["torn"] is None:
        return False
    state.update(state["torn"]["before"], torn=None, card_auth="", sdad="")
    return True


def top_up(state, own, amount_fen, purse, terminal):
    """The issuer adds money online, as PUT DATA of 9F79 or DF79 would (JR/T 0025.13 5.8).

    `terminal` {tag: hex} for the load log. ValueError when the amount is none, when the balance
    would pass the ceiling 9F77 (DF77), or when the ATC is used up. Everything that is open is
    taken back first: the load is a transaction of its own.
    """
    if amount_fen < 1:
        raise ValueError("an amount of at least one fen")
    if state["atc"] >= MOST_ATC:
        raise ValueError("the transaction counter of this card is used up")
    if purse and "DF79" not in own:
        raise ValueError("this card has no second currency")
    torn = (state["torn"] or {}).get("before", {})
    name = PURSES[purse]
    old_fen = torn.get(name, state[name])
    ceiling = own.get(CEILING_TAGS[purse])
    if ceiling is not None and old_fen + amount_fen > int(ceiling):
        raise ValueError(
            f"the card holds at most {int(ceiling)} fen: {old_fen} are on it, so at most"
            f" {max(0, int(ceiling) - old_fen)} can be added"
        )
    roll_back(state)
    state[name] = old_fen + amount_fen
    state["atc"] += 1
    # The issuer was there: its counters start anew (JR/T 0025.12 7.7)
    state.update(online_atc=state["atc"], total_fen=0, foreign_count=0)
    load = [BALANCE_TAGS[purse], n12(old_fen).hex(), n12(state[name]).hex()]
    state["loads"] = [[*load, dict(terminal, **{"9F36": f"{state['atc']:04X}"})], *state["loads"]]
    del state["loads"][LOADS_KEPT:]


def _write_log(state, logged):
    if logged:
        record, kept = logged
        state["log"] = [record, *state["log"]][:kept]
