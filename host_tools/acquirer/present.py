# SPDX-License-Identifier: Apache-2.0
"""A day at the acquirer: send what is queued, settle the batch, sign on for the next (pure steps).

Where it is cut, at whatever message, the same call goes on there: every state is in the book.
"""

from firmware.errors import FormatError
from host_tools.acquirer import batches, sale
from host_tools.acquirer.answers import ACCEPTED, DUPLICATE, LATER, REFUSED
from host_tools.acquirer.batches import Batch
from host_tools.acquirer.book import FULL, Sale
from host_tools.acquirer.steps import Answer, Dialogue, Steps, Stopped, Wait
from host_tools.acquirer.tables import ENDING, LISTING, OPEN, SETTLING

LATER_MOST = 3  # sales in a row that the acquirer puts off, before it is given time


def present(dialogue: Dialogue, settle: bool = True) -> Steps[None]:
    """Everything that is queued goes up; batches that are full are settled, the last by `settle`.

    FormatError, LinkLost where it cannot go on; what is done is done.
    """
    while not batches.idle(dialogue.book):
        yield from dialogue.begin()
        batch = batches.current(dialogue.book)
        if batch and batch.state != OPEN:
            yield from settlement(dialogue)
            continue
        full = yield from upload(dialogue)
        if full:
            yield from settlement(dialogue)
            continue
        batch = batches.current(dialogue.book)
        if settle and batch and batch.given:
            yield from settlement(dialogue)
        return


def upload(dialogue: Dialogue) -> Steps[bool]:
    """Send what is due, one by one (CL-018); True when the batch is full, False at the end."""
    put_off = rounds = refused = 0
    while True:
        out = dialogue.book.next_sale()
        if out is FULL:
            return True
        if out is None:
            wait_s = dialogue.book.due_in_s()
            if wait_s is None or rounds >= dialogue.rules.attempts:
                return False
            rounds += 1
            yield Wait(wait_s)
            continue
        answer = yield from _send(dialogue, out)
        refused = refused + 1 if answer and answer.kind == REFUSED else 0
        if answer and refused >= dialogue.rules.refusals_in_a_row:
            raise Stopped(
                f"{dialogue.book.account}: {refused} refused in a row, the last with"
                f" {answer.code}: find out why; `faretap acquire again` sends them once more"
            )
        put_off = put_off + 1 if answer and answer.kind == LATER else 0
        if put_off >= LATER_MOST:
            if rounds >= dialogue.rules.attempts:
                return False
            rounds += 1
            put_off = 0
            yield Wait(dialogue.delay_s(rounds))


def _send(dialogue: Dialogue, out: Sale) -> Steps[Answer | None]:
    """One sale; its Answer, None for one that no acquirer would take and that never leaves."""
    book = dialogue.book
    try:
        request = sale.sale_message(
            dialogue.profile, dialogue.merchant, out.raw, out.batch, out.trace
        )
    except FormatError as wrong:
        book.refused(out, "", note=f"not sent: {wrong}")
        dialogue.report(_told(out, "unfit", str(wrong)))
        return None
    sendings = [out]
    answer = yield from dialogue.until_answered(
        request, lambda: sendings.append(book.again(out)), wait=False
    )
    reference = answer.message.text(37)
    if answer.kind == LATER:
        book.put_off(out, answer.code, dialogue.delay_s(out.attempts))
    elif answer.kind in (ACCEPTED, DUPLICATE):
        first = out.attempts == 1 and len(sendings) == 1
        book.accepted(out, answer.code, reference, answer.kind == DUPLICATE and first)
    else:
        book.refused(out, answer.code, reference)
    dialogue.report(_told(out, answer.kind, answer.code))
    return answer


def _told(out: Sale, kind: str, code: str) -> dict:
    return {
        "event": "sale", "terminal": out.terminal, "sequence": out.sequence,
        "amount_fen": out.amount_fen, "batch": out.batch, "trace": out.trace, "kind": kind,
        "code": code,
    }  # fmt: skip


def settlement(dialogue: Dialogue) -> Steps[None]:
    """Take the batch through 0500, the lists and the end message, from where it stands.

    Then sign on: that gives the next batch number (clearing.md 8, steps 1 to 6).
    """
    yield from dialogue.begin()
    batch = batches.current(dialogue.book)
    if batch is None:
        return
    if batch.state == OPEN:
        batch = batches.begin_settlement(dialogue.book)
    if batch.state == SETTLING:
        batch = yield from _settle(dialogue, batch)
    if batch.state == LISTING:
        yield from _list(dialogue, batch)
        batch = batches.begin_end(dialogue.book, batch)
    if batch.state == ENDING:
        yield from _end(dialogue, batches.begin_end(dialogue.book, batch))
    yield from dialogue.sign_on()


def _settle(dialogue: Dialogue, batch: Batch) -> Steps[Batch]:
    """0500; the batch as 0510 leaves it."""
    request = sale.settlement_message(
        dialogue.profile, dialogue.merchant, batch.batch, batch.trace, batch.sales, batch.sales_fen
    )
    answer = yield from dialogue.until_answered(request, _nothing, wait=True)
    if answer.kind != ACCEPTED:
        raise Stopped(f"{dialogue.book.account}: settlement answered {answer.code}")
    balanced, error = sale.balance_of(answer.message, dialogue.rules.error_digit)
    balance = batches.IN_BALANCE if balanced else batches.OUT_OF_BALANCE
    balance = batches.ERROR if error else balance
    listed = not balanced or dialogue.rules.list_chip_data == "always"
    dialogue.report(
        {"event": "settled", "batch": batch.batch, "sales": batch.sales,
         "sales_fen": batch.sales_fen, "balance": balance}
    )  # fmt: skip
    return batches.told_balance(dialogue.book, batch, balance, listed)


def _list(dialogue: Dialogue, batch: Batch) -> Steps[None]:
    """0320 for each sale of the batch that has not been listed."""
    balanced = batch.balance == batches.IN_BALANCE
    while out := batches.next_listed(dialogue.book, batch):
        sold = sale.sale_message(
            dialogue.profile, dialogue.merchant, out.raw, batch.batch, out.trace
        )
        request = sale.listed_message(dialogue.profile, sold, balanced)
        answer = yield from dialogue.until_answered(request, _nothing, wait=True)
        batches.listed(dialogue.book, batch, out, answer.code)
        dialogue.report(_told(out, "listed", answer.code))


def _end(dialogue: Dialogue, batch: Batch) -> Steps[None]:
    """The message that ends the batch; 94 where it was ended before."""
    kind = sale.BALANCED if batch.balance == batches.IN_BALANCE else sale.UNBALANCED
    if batch.balance == batches.IN_BALANCE and dialogue.rules.list_chip_data == "always":
        kind = sale.BALANCED_LISTED
    request = sale.end_message(
        dialogue.profile, dialogue.merchant, batch.batch, batch.end_trace, batch.sales, kind
    )
    answer = yield from dialogue.until_answered(request, _nothing, wait=True)
    if answer.kind not in (ACCEPTED, DUPLICATE):
        raise Stopped(f"{dialogue.book.account}: end of batch answered {answer.code}")
    batches.close(dialogue.book, batch)
    dialogue.report({"event": "closed", "batch": batch.batch, "balance": batch.balance})


def _nothing() -> None:
    """Repetitions of these messages are not counted."""
