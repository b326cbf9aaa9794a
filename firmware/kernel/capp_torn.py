# SPDX-License-Identifier: Apache-2.0
"""A torn transaction that changed records of the card: what became of it (capp.md D;
JR/T 0025.14 A.4). torn.py has found the card and its ATC; no GPO is sent.

| 9F36 against stored | GET TRANS PROVE | verdict |
|---|---|---|
| equal | 9000 and the stored TC, zeros after a pre-authorisation | completed: last record again, fDDA -> RECOVERED, else UNPROVEN |
| equal | 9000 and another TC | SUSPECT |
| equal | 9406 | NOT_DEBITED: the entry is void, a new transaction may begin |
| equal | anything else | SUSPECT |
| greater | 9000 and the stored TC | DEBITED_BEFORE |
| greater | anything else, the record shows the own stamp | DEBITED_BEFORE |
| greater | anything else | MOVED_ON |

A balance is not asked: an entry costs nothing, and offset and frozen sums move it (QX-040).
"""  # noqa: E501 - a table of the documentation

from collections import namedtuple

from firmware.kernel import apdu, capp, get_data, outcome, tags, verdict
from firmware.kernel.chain import Chain
from firmware.kernel.work import Ask

NOT_AVAILABLE = 0x9406
LOOK_BACK = 3  # rides of the cyclic file that are read for the own one

# Who can say more than the card's proof. shows(page, change): True when a record that was read
# holds what `change` had stamped into it; draw(): 8 bytes for an R-MAC; r_mac(read): that which
# the security module makes for a capp.Read, or None; lets_pass: True when a stamp under R-MAC
# stands for a signature that cannot be read again (QX-041)
Proof = namedtuple("Proof", ("shows", "draw", "r_mac", "lets_pass"))


def judge(tap, purchase, newer, same, proof, complete):
    """Generator: Verdict; no balance is asked (QX-040). newer: transactions the card has begun
    since; same: True when the card has shown its number, None when it hides it; proof: Proof or
    None; complete: of torn.py.
    """
    data, sw = get_data.answered((yield apdu.get_trans_prove(tap.value(tags.ATC))))  # QX-035
    due = _due(tap)
    if sw == apdu.SW_OK and due and data == due:  # QX-036
        if newer:
            return verdict.Verdict(verdict.DEBITED_BEFORE, None, "completed, then used elsewhere")
        return (yield from _completed(tap, purchase, same or any(data), proof, complete))
    if newer:
        if (yield from _is_stamped(tap, proof)):
            return verdict.Verdict(verdict.DEBITED_BEFORE, None, "the record shows the own stamp")
        return verdict.Verdict(
            verdict.MOVED_ON, None, "the card was used elsewhere since"
        )  # QX-038
    if sw == NOT_AVAILABLE and same:
        return verdict.Verdict(verdict.NOT_DEBITED, None, "the card has no such TC")  # QX-037
    said = "another TC" if sw == apdu.SW_OK else "GET TRANS PROVE: SW %04X" % sw
    return verdict.Verdict(verdict.SUSPECT, None, said)  # QX-036, QX-039


def _due(tap):
    """What proves the transaction: its TC, eight zeros after a pre-authorisation; b"" when the
    card gave a TC of zeros, which would prove nothing.
    """
    if tap.extension.kind == capp.PRE_AUTHORISATION:
        return bytes(8)
    told = tap.value(tags.CRYPTOGRAM)
    return told if any(told) else b""


def _completed(tap, purchase, known, proof, complete):
    """Generator: Verdict where the card says that it has completed. known: it is this card's word,
    and not that of any card with the same counter.
    """
    chain = Chain(tap, purchase)
    yield from chain.advance()
    found = yield from complete(tap, purchase, chain, True)
    if not known and not verdict.is_signed_anew(found):
        return verdict.Verdict(verdict.SUSPECT, None, "the card does not show its number")
    open_still = tags.CARD_AUTHENTICATION_DATA not in tap.data
    if found.verdict != verdict.UNPROVEN or not open_still or not _lets_pass(tap, proof):
        return found
    if not (yield from _is_stamped(tap, proof)):
        return found
    result = found.outcome  # in the books it stays unproven (QX-041)
    passed = outcome.Outcome(
        outcome.RECOVERED,
        "stamp_proven",
        result.detail,
        result.cryptogram,
        result.oda,
        result.balance_fen,
        True,
        tap,
    )
    return verdict.Verdict(verdict.UNPROVEN, passed, "let through by the stamp")


def _lets_pass(tap, proof):
    return proof is not None and proof.lets_pass and bool(tap.extension.df61 & capp.WITH_R_MAC)


def _is_stamped(tap, proof):
    """Generator: True when a record of the card, read now, shows what this device wrote into it
    (QX-038). Under R-MAC only what the security module has verified counts.
    """
    extension = tap.extension
    for change in extension.changes if proof else ():
        before = capp.Page(change.sfi, change.following, change.before)
        if proof.shows(before, change):
            continue  # no difference to be seen
        if change.sfi != capp.CYCLIC_FILE:
            reads, _ = yield from capp.read_variable(
                extension.df61, change.sfi, change.following, change.before[:2], proof.draw
            )
        elif extension.df61 & capp.WITH_R_MAC:
            continue  # that file's answers bear none
        else:  # others may have written rides on top of it
            wanted = ((capp.CYCLIC_FILE, LOOK_BACK),)
            reads, _ = yield from capp.read_pages(extension.df61, wanted, proof.draw)
        for read in reads:
            mac = (yield Ask(proof.r_mac, read)) if read.random else None
            if not capp.forged(read, mac) and proof.shows(read.page, change):
                return True
    return False
