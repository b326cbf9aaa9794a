# SPDX-License-Identifier: Apache-2.0
"""The settled days of a city at a simulated acquirer, over a way that loses and bends messages.

Real: what `host_tools/acquirer` queues, sends, repeats and settles. Simulated: the acquirer, which
has the issuer's keys and computes every cryptogram anew, and the way to it. In its book every sale
of the settled days must stand once, and nothing else.
"""

import random
from collections import namedtuple

from firmware.errors import LinkLost
from host_tools.acquirer import intake, keys, present, steps
from host_tools.acquirer.book import Book
from host_tools.acquirer.profile import parse
from sim.acquirer import SimulatedAcquirer
from sim.acquirer_book import CLOSED, AcquirerBook
from sim.acquirer_cards import Issuers
from sim.acquirer_faults import Faults, FaultyWay
from sim.city.cards import ISSUER

SHARE = 0.02  # of messages with a fault, where faults are drawn at all
MASTER = bytes(range(16))  # of a terminal number at the acquirer
PROFILE = """
[rules]
attempts = 20
[[merchant]]
name = "north"
merchant = "123456789012345"
terminal = "00001140"
operator = "North buses"
[[merchant]]
name = "south"
merchant = "123456789012346"
terminal = "00001141"
operator = "South buses"
"""

# sales, fen: what the acquirer has; batches: it has closed; faults: {kind: times} of the way
Presented = namedtuple("Presented", ("sales", "sales_fen", "batches", "messages", "faults"))


def present_days(ledger, days, seed, with_faults, now):
    """Presented, when all days are at the acquirer. LinkLost where one cannot be brought there.

    days: business days that are cut; now: [seconds UTC], which waiting moves; the ledger's clock.
    """
    profile = parse(PROFILE)
    dice = random.Random(f"{seed}/acquirer")
    master = keys.Key(MASTER, profile.rules.key_cipher == "sm4")
    acquirer = AcquirerBook()
    masters = {one.terminal: master for one in profile.merchants}
    host = SimulatedAcquirer(profile, masters, Issuers([ISSUER]), acquirer, dice.randbytes)
    way = FaultyWay(host, Faults(share=SHARE * with_faults, seed=dice.randrange(1 << 30)))
    sent = 0
    for day in days:
        intake.queue_day(ledger, profile, day)
    for merchant in profile.merchants:
        book = Book(ledger, profile, merchant)
        book.keep_master(master)
        dialogue = steps.Dialogue(book, dice.random, lambda event: None)
        sent += _carry(present.present(dialogue), way, now)
    rows = acquirer.all_sales()
    closed = sum(one[2] == CLOSED for one in acquirer.batches())
    taken = Presented(len(rows), sum(row[1] for row in rows), closed, sent, way.faults.met)
    acquirer.close()
    return taken


def _carry(going, way, now):
    """Messages sent until the steps end."""
    sent = 0
    came, reply = [], None
    while True:
        try:
            lost = isinstance(reply, LinkLost)
            wanted = going.throw(reply) if lost else going.send(reply)
        except StopIteration:
            return sent
        reply = None
        if isinstance(wanted, steps.Wait):
            now[0] += wanted.seconds
            continue
        if wanted != steps.READ_ON:
            sent += 1
            came, _ = way.send(wanted)
        reply = came.pop(0) if came else LinkLost("nothing came")
