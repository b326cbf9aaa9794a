# SPDX-License-Identifier: Apache-2.0
"""The acquirer's side: offline sales go up one by one as ISO 8583 messages, batches are settled.

    fields.py, message.py     the wire: one table of fields, frames
    mac.py, keys.py           the four MACs; working keys under the terminal master key
    profile.py                what an acquirer's interface paper decides, and who its merchants are
    sale.py, answers.py       a record as a message; what an answer means
    book.py, queue.py         state of each sale and batch in the ledger's database
    steps.py, settling.py     the protocol, pure: requests out, answers in
    line.py                   the one driver: a socket and a clock

No acquirer certified any of this: with real money it takes a contract, its interface paper,
injected keys and a type approval (clearing.md, head).
"""
