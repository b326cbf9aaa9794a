# SPDX-License-Identifier: Apache-2.0
"""An extended purchase lost at every exchange, before and after the card acted: nobody pays twice,
no record is changed without its debit, and what is open is settled (capp.md C, D).
"""

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import capp, outcome, selection, torn, transaction
from tests.capp_card import METRO, CappCard, HashModule, Tearing
from tests.cards import AIDS, committed
from tests.kernel.test_capp_torn import tap_again
from tests.kernel.test_capp_update import changes_of, of_kind, purchase_of, stamped

READS = ((METRO, b"\x02\x21"),)


def presentation(open_taps, make):
    """Generator: Outcome of one presentation; make(): its purchase, when it comes to that."""
    selected = yield from selection.select_application(AIDS)
    for tap in tuple(open_taps):
        verdict = yield from torn.resume(selected, tap, make())
        if verdict.verdict in (torn.LOST, torn.SUSPECT):
            return transaction.torn(tap, verdict.detail)
        open_taps.remove(tap)
        if verdict.outcome:
            return verdict.outcome
    purchase = make()
    yield from capp.read_pages(purchase.extension.df61, READS, lambda: bytes(8))
    ready = yield from transaction.prepare(selected, purchase)
    if isinstance(ready, outcome.Outcome):
        return ready
    result = yield from committed(ready, purchase)
    if result.taken is None:
        open_taps.append(tap_again(ready.tap))
    return result


def present(card, make, open_taps, at=None, acted=False):
    """(Outcome or None where the link went before GPO, number of exchanges)."""
    card.power_up()
    line = Tearing(card, at, acted)
    try:
        return drive(presentation(open_taps, make), line.exchange), line.count
    except LinkLost:
        return None, line.count


def worth(card):
    """Everything the card holds of money and records."""
    return card.balance_fen, dict(card.frozen), dict(card.pages), list(card.newest)


def every_cut(fresh, make_of):
    """Cut each exchange, before and after the card acted, then come again; number of cuts."""
    whole = fresh()
    result, count = present(whole, lambda: make_of(whole), [])
    assert result.outcome == "approved"
    for acted in (False, True):
        for at in range(count):
            card, open_taps = fresh(), []
            made = make_of(card)
            first, _ = present(card, lambda: made, open_taps, at, acted)  # noqa: B023
            assert first is None or first.outcome in ("try_again", "torn_pending"), (at, first)
            assert first is None or (first.taken is None) == (at == count - 1)
            assert len(open_taps) == (at == count - 1)
            second, _ = present(card, lambda: made, open_taps)  # noqa: B023
            recovered = at == count - 1 and acted
            assert second.outcome == ("recovered" if recovered else "approved"), (at, acted)
            assert worth(card) == worth(whole) and len(card.debits) == 1 and open_taps == []
    return 2 * count


def test_deduction_cut_anywhere_should_debit_and_stamp_once():
    """QX-022, QX-028, QX-029, QX-037, QX-040: two updates, with and without R-MAC, free or not."""
    for df61 in (0x01, 0x81):
        for amount_fen in (0, 300):

            def make_of(card):
                made = changes_of(card, HashModule(), (METRO, 0), (capp.CYCLIC_FILE, 0))
                return purchase_of(card, 1, amount_fen, made)  # noqa: B023

            cuts = every_cut(lambda: CappCard(df61=df61), make_of)  # noqa: B023
            assert cuts == 22


def test_freeze_and_completion_cut_anywhere_should_happen_once():
    """QX-021, QX-036, QX-055: a sum is frozen once, and taken once."""
    for kind in (capp.PRE_AUTHORISATION, capp.COMPLETION):
        for df61 in (0x02, 0x82):

            def fresh():
                return of_kind(kind, df61)[0]  # noqa: B023

            assert every_cut(fresh, lambda card: purchase_of(card, kind, 300)) == 20  # noqa: B023


def test_second_tap_lost_anywhere_should_still_end_well():
    """QX-035, QX-037: first lost at the commit, then the settling itself, then a third time."""
    for acted in (False, True):
        for at in range(6 if acted else 11):
            card, open_taps = CappCard(), []
            before = card.pages[(METRO, 0)]
            made = purchase_of(card, amount_fen=300)
            present(card, lambda: made, open_taps, 9, acted)  # noqa: B023
            present(card, lambda: made, open_taps, at, False)  # noqa: B023
            result, _ = present(card, lambda: made, open_taps)  # noqa: B023
            assert result.outcome == ("recovered" if acted else "approved"), (acted, at)
            assert (card.balance_fen, len(card.debits)) == (9700, 1)
            assert card.pages[(METRO, 0)] == stamped(before)
