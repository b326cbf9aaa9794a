# SPDX-License-Identifier: Apache-2.0
"""GET PROCESSING OPTIONS with DF60: risk decision, money, answer (JR/T 0025.14 5.2.2, 6.2.2).

Only an offline approval is handled here; AAC and ARQC are those of a plain card with the plain
balance, and nothing is frozen, freed or used of the offset by them.
"""

import copy

from sim import capp_money, card_answer, card_money, card_risk
from sim.capp_money import DEDUCTION, PRE_AUTHORISATION
from sim.card_risk import TC
from sim.status import Refused

MODES = {0x01: (1,), 0x02: (1, 2, 3)}  # DF60 that DF61 allows, b8 of it left out


class Asked:
    """A GPO with DF60 = `mode` at a sim.card.Card; made by asked()."""

    def __init__(self, card, mode):
        self.card, self.mode = card, mode
        self.more, self.record = card.state["extended"], card.capp.record_named()

    def decide(self, own, sale):
        """The card's Verdict; 6971, 6972 and 6973 stand behind the risk decision (6.2.2)."""
        funds = capp_money.funds_fen(self.more, self.mode, own.balance_fen, self.record)
        verdict = card_risk.decide(own._replace(balance_fen=funds), sale)
        if verdict.kind != TC:
            return card_risk.decide(own, sale)
        word = capp_money.refusal(self.more, self.mode, self.record)
        if word:
            self.card.save()
            raise Refused(word)
        return verdict

    def answer(self, verdict, sale, terminal, logged):
        """Take the money; the content of template 77."""
        card, state, mode = self.card, self.card.state, self.mode
        freezes = mode == PRE_AUTHORISATION
        before = copy.deepcopy(self.more)
        was_fen, charge_fen = state["balance_fen"], verdict.charge_fen
        new = capp_money.after(self.more, mode, was_fen, charge_fen, self.record)
        self.more["offset_used_fen"] = new.offset_used_fen
        capp_money.book(self.more, mode, charge_fen, self.record, state["atc"])
        proof = [state["atc"], bytes(8).hex()]
        net = verdict._replace(charge_fen=was_fen - new.balance_fen)
        amount_fen = 0 if freezes else sale.amount_fen
        card_money.take(state, net, amount_fen, 0, None if freezes else logged, proof)
        state["torn"]["before"]["extended"] = before
        if freezes:  # no TC (6.2.2 (3)), and no sale
            state["debits"][-1].append("frozen")
            told = b"" if card.capp.own["withheld"] == "absent" else bytes(8)
            content, _ = card_answer.gpo_answer(card, verdict, terminal, told)
        else:
            content, tc = card_answer.gpo_answer(card, verdict, terminal)
            proof[1] = tc.hex().upper()
        card.capp.opened(mode)
        card.save()
        return content


def asked(card, terminal):
    """The Asked of GPO data {tag: value}, None for a plain transaction.

    Refused 6985: a kind that the card has not, a second currency, or nothing to freeze it for.
    """
    mode = terminal.get(0xDF60, b"\0")[0]
    if not mode:
        return None
    df61 = int(card.capp.own["df61"], 16)
    without_record = mode != DEDUCTION and card.capp.last_read is None
    if mode not in MODES.get(df61 & 0x7F, ()) or card.purse or without_record:
        card.save()
        raise Refused("6985")
    return Asked(card, mode)
