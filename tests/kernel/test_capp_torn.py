# SPDX-License-Identifier: Apache-2.0
"""A torn transaction that changed records: every answer, every exchange lost (capp.md D)."""

from firmware.drive import drive
from firmware.kernel import apdu, capp, capp_torn, selection, tags, torn
from tests.capp_card import METRO, TRANS_PROVE, CappCard, HashModule, Tearing, record_of
from tests.cards import AIDS, again
from tests.kernel.test_capp_update import (
    FACTOR,
    changes_of,
    of_kind,
    pay,
    purchase_of,
    stamped,
)
from tests.small_card import bend, replaced

READS = ((METRO, b"\x02\x21"),)
KINDS = (capp.DEDUCTION, capp.PRE_AUTHORISATION, capp.COMPLETION)


def torn_card(acted=True, kind=capp.DEDUCTION, df61=None, amount_fen=0):
    """(card, purchase, the Tap that stayed open): the answer to the last record was lost."""
    card, purchase = of_kind(kind, df61, amount_fen)
    last = 9  # PPSE, SELECT, READ CAPP, GPO, UPDATE, four records
    result = pay(card, purchase, READS, last, acted)
    assert (result.outcome, result.taken) == ("torn_pending", None)
    card.sent = []
    return card, purchase, result.tap


def proof_of(lets_pass=False, module=None):
    module = module or HashModule()
    return capp_torn.Proof(
        lambda page, change: page.data == change.after,
        lambda: b"\x31" * 8,
        lambda read: mac_of(module.session(1, 1, FACTOR), read),
        lets_pass,
    )


def mac_of(session, read):
    return session.mac(read.random, read.page.data) if session else None


def resumed(card, purchase, tap, proof=None, at=None):
    """Verdict of the next presentation, lost at exchange `at`; there is no GPO in it."""

    def steps():
        selected = yield from selection.select_application(AIDS)
        return (yield from torn.resume(selected, tap, purchase, torn.PROVE_NEVER, proof))

    card.power_up()
    card.sent = []
    verdict = drive(steps(), Tearing(card, at).exchange)
    assert card.asked(apdu.INS_GPO) == 0
    return verdict


def proves(card, answer):
    """Let GET TRANS PROVE be answered so."""
    card.edit = lambda command, good: answer if command[1] == TRANS_PROVE else good


def used_elsewhere(card):
    """Another terminal's purchase in between."""
    assert pay(card, purchase_of(card, amount_fen=100), READS).outcome == "approved"
    card.sent = []


def test_completed_transaction_should_be_closed_by_its_signature():
    """QX-035, QX-036: the TC is asked for before anything else; no GPO."""
    for kind in KINDS:
        for df61 in (0x02, 0x82):
            card, purchase, tap = torn_card(True, kind, df61, 300)
            verdict = resumed(card, purchase, tap)
            assert verdict.verdict == torn.RECOVERED, kind
            assert (verdict.outcome.outcome, verdict.outcome.taken) == ("recovered", True)
            order = bytes([one[1] for one in card.sent])
            assert (
                order == b"\xa4\xa4\xca\xb2\x5a\xb2"
            )  # 9F36, a record with the number, the proof
            assert card.sent[4] == bytes.fromhex("805A0000020005" + "08")
            assert len(card.debits) == 1


def test_transaction_that_was_taken_back_should_be_void():
    """QX-037: 9406 while the ATC stands still; record and balance are as they were."""
    for kind in KINDS:
        card, purchase, tap = torn_card(False, kind, None, 300)
        verdict = resumed(card, purchase, tap)
        assert (verdict.verdict, verdict.outcome) == (torn.NOT_DEBITED, None)
        assert card.debits == [] and card.asked_last() == 0
        assert card.pages[(METRO, 0)] == record_of(kind=1 if kind == 1 else 2)
        assert pay(card, purchase, READS).outcome == "approved" and len(card.debits) == 1


def test_no_balance_should_be_asked():
    """QX-040: an entry that costs nothing, torn at the commit, before and after it."""
    for acted, wanted in ((True, torn.RECOVERED), (False, torn.NOT_DEBITED)):
        card, purchase, tap = torn_card(acted, amount_fen=0)
        for balance_fen in (0, 10000, 123):
            card.balance_fen = balance_fen
            card.restore = None
            assert resumed(card, purchase, tap_again(tap)).verdict == wanted
            assert apdu.get_data(tags.EC_BALANCE) not in card.sent


def tap_again(tap):
    """The same Tap from its bytes, with what it changed; its sessions are gone."""
    copy = again(tap)
    rows = [capp.Change(*(tuple(one[:4]) + (None,))) for one in tap.extension.changes]
    copy.extension = capp.Extension(tap.extension.kind, tap.extension.df61, tuple(rows), 5)
    return copy


def test_another_proof_should_be_suspect():
    """QX-036: another TC, zeros for a TC, a TC for zeros, the wrong length."""
    for kind, answers in (
        (1, (bytes(8), b"\x01" * 8, bytes(6) + b"\x00\x04", bytes(7), bytes(9), b"")),
        (2, (b"\x01" * 8, bytes(6) + b"\x00\x05", bytes(7), b"")),
        (3, (bytes(8), b"\x01" * 8, b"")),
    ):
        for answer in answers:
            card, purchase, tap = torn_card(True, kind, None, 300)
            proves(card, answer + b"\x90\x00")
            assert resumed(card, purchase, tap).verdict == torn.SUSPECT, (kind, answer)
            assert card.asked_last() == 0
    card, purchase, tap = torn_card(True)
    tap.data[tags.CRYPTOGRAM] = bytes(8)  # would prove nothing
    proves(card, bytes(8) + b"\x90\x00")
    assert resumed(card, purchase, tap).verdict == torn.SUSPECT


def test_other_status_words_should_be_unknown():
    """QX-039: each, and no status word at all."""
    for sw in (0x6581, 0x6700, 0x6985, 0x6D00, 0x6E00, 0x9407, 0x6A88, 0x6283):
        for kind in KINDS:
            card, purchase, tap = torn_card(True, kind, None, 300)
            proves(card, sw.to_bytes(2, "big"))
            assert resumed(card, purchase, tap).verdict == torn.SUSPECT, hex(sw)
    card, purchase, tap = torn_card(True)
    proves(card, b"")
    assert resumed(card, purchase, tap).verdict == torn.SUSPECT


def test_card_used_elsewhere_should_prove_nothing_but_by_the_stamp():
    """QX-038: only the last transaction is proven; the record may still show what we wrote."""
    for df61 in (0x01, 0x81):
        card, purchase, tap = torn_card(True, df61=df61)
        used_elsewhere(card)
        assert resumed(card, purchase, tap).verdict == torn.MOVED_ON
        assert resumed(card, purchase, tap, proof_of()).verdict == torn.DEBITED_BEFORE
        card.pages[(METRO, 0)] = stamped(record_of(), b"\x09")
        assert resumed(card, purchase, tap, proof_of()).verdict == torn.MOVED_ON
        card.pages = {}
        assert resumed(card, purchase, tap, proof_of()).verdict == torn.MOVED_ON
    card, purchase, tap = torn_card(False)
    card.atc += 1
    assert resumed(card, purchase, tap, proof_of()).verdict == torn.MOVED_ON


def test_stamp_under_r_mac_should_be_the_cards_own():
    """QX-038: a module that is gone, or a record that was bent, shows nothing."""
    for failing in ("absent", "mac", "bent"):
        card, purchase, tap = torn_card(True, df61=0x81)
        used_elsewhere(card)
        module = HashModule()
        module.present = failing != "absent"
        module.left = 0 if failing == "mac" else None
        if failing == "bent":
            card.key = b"another key"
        assert resumed(card, purchase, tap, proof_of(False, module)).verdict == torn.MOVED_ON


def test_own_ride_should_prove_only_where_no_r_mac_is_asked_for():
    """QX-038: under rides of others too, three back; answers of that file bear no R-MAC, and where
    the card makes some nothing without one counts.
    """
    for df61, others, wanted in (
        (0x01, 0, torn.DEBITED_BEFORE),
        (0x01, 2, torn.DEBITED_BEFORE),
        (0x01, 3, torn.MOVED_ON),
        (0x81, 0, torn.MOVED_ON),
    ):
        card = CappCard(df61=df61)
        made = changes_of(card, HashModule(), (capp.CYCLIC_FILE, 0))
        purchase = purchase_of(card, changes=made)
        result = pay(card, purchase, (), 8, True)
        assert result.outcome == "torn_pending" and len(card.newest) == 1
        card.newest = [bytes(48)] * others + card.newest
        card.atc, card.proof = card.atc + 1, None  # used elsewhere
        verdict = resumed(card, purchase, result.tap, proof_of())
        assert verdict.verdict == wanted, (df61, others)


def test_stamp_that_changed_nothing_should_prove_nothing():
    """QX-038."""
    card, purchase, tap = torn_card(True)
    one = tap.extension.changes[0]
    same = capp.Change(METRO, 0, one.after, one.after, None)
    tap.extension = capp.Extension(1, 1, (same,), 5)
    used_elsewhere(card)
    assert resumed(card, purchase, tap, proof_of()).verdict == torn.MOVED_ON


def test_proof_of_a_card_used_since_should_count():
    """QX-036, QX-038: it answers for this ATC, so it was completed."""
    card, purchase, tap = torn_card(True)
    card.atc += 1  # a plain purchase elsewhere
    assert resumed(card, purchase, tap).verdict == torn.DEBITED_BEFORE


def test_signature_that_cannot_be_read_again_should_refuse_or_let_pass():
    """QX-041: by parameter and under R-MAC alone; in the books it is unproven either way."""
    for lets_pass in (False, True):
        for df61 in (0x01, 0x81):
            card, purchase, tap = torn_card(True, df61=df61)
            last = apdu.read_record(3, 3)
            card.edit = lambda command, good: b"\x69\x85" if command == last else good  # noqa: B023
            verdict = resumed(card, purchase, tap, proof_of(lets_pass))
            assert verdict.verdict == torn.UNPROVEN and verdict.outcome.taken is True
            passes = lets_pass and df61 == 0x81
            wanted = "recovered stamp_proven" if passes else "torn_pending last_record_lost"
            assert "%s %s" % verdict.outcome[:2] == wanted
    card, purchase, tap = torn_card(True, df61=0x81)
    card.edit = lambda command, good: b"\x69\x85" if command == last else good
    card.pages[(METRO, 0)] = record_of()  # no stamp
    assert resumed(card, purchase, tap, proof_of(True)).outcome.outcome == "torn_pending"
    card, purchase, tap = torn_card(True, df61=0x81)
    bent = b"\x01\x05" + bytes(5) + b"\x81"  # signs another number
    card.edit = bend("00B2031C", lambda pairs: replaced(pairs, 0x9F69, bent))
    verdict = resumed(card, purchase, tap, proof_of(True))  # read, and wrong: no stamp helps
    assert (verdict.verdict, verdict.outcome.outcome) == (torn.UNPROVEN, "torn_pending")


def test_other_cards_should_be_left_alone():
    """QX-035: another number; a card that hides its number says nothing by zeros or by 9406."""
    _, purchase, tap = torn_card(True)
    other = CappCard("6228000100000028", atc=5)
    assert resumed(other, purchase, tap).verdict == torn.OTHER
    for acted, kind, wanted in (
        (False, 1, torn.SUSPECT),
        (False, 2, torn.SUSPECT),
        (True, 1, torn.UNPROVEN),  # by its TC, which no other card has
        (True, 2, torn.SUSPECT),  # eight zeros are anybody's
    ):
        card, purchase, tap = torn_card(acted, kind, None, 300)
        card.free_records = False
        assert resumed(card, purchase, tap).verdict == wanted, (acted, kind)


def test_lost_links_of_the_second_tap_should_learn_nothing():
    """QX-035: at each exchange of the dialogue; afterwards it goes through."""
    for acted, wanted, count in ((True, torn.RECOVERED, 6), (False, torn.NOT_DEBITED, 5)):
        card, purchase, tap = torn_card(acted)
        for at in range(2, count):
            assert resumed(card, purchase, tap_again(tap), None, at).verdict == torn.LOST, at
        assert resumed(card, purchase, tap).verdict == wanted
        assert len(card.sent) == count
