# SPDX-License-Identifier: Apache-2.0
"""A hostile card: bytes of a good session, bent at random. It never crashes the sale, is never
approved without a chain that holds, and no debit is written that was not asked for.
"""

import hashlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import record
from sim import coding, replay
from sim.recording import sale_of
from tests.cards import ReplayExchange, load

GOOD = {
    name: load(name)
    for name in (
        "pboc-approved-v01",
        "pboc-approved-v00",
        "pboc-approved-long-key",
        "pboc-torn-last-committed",
        "pboc-torn-last-rolled-back",
    )
}
TAPPED = ("approved", "debited-refused", "debited-unproven", "void", "pending")

places = st.floats(0, 1, exclude_max=True)
bends = st.one_of(
    st.tuples(st.just("set"), places, st.integers(0, 255)),
    st.tuples(st.just("flip"), places, st.integers(0, 7).map(lambda bit: 1 << bit)),
    st.tuples(st.just("cut"), places, st.integers(1, 40)),
    st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=12)),
    st.tuples(st.just("repeat"), places, st.integers(1, 30)),
    st.tuples(st.just("replace"), places, st.binary(max_size=300)),
    st.tuples(st.just("lose"), places, st.booleans()),
)
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def bent(answer, how, place, much):
    """The answer with one bend; a place is a share of its length."""
    at = int(place * len(answer))
    if how == "set":
        return answer[:at] + bytes((much,)) + answer[at + 1 :]
    if how == "flip" and answer:
        return answer[:at] + bytes((answer[at] ^ much,)) + answer[at + 1 :]
    if how == "cut":
        return answer[:at] + answer[at + much :]
    if how == "insert":
        return answer[:at] + much + answer[at:]
    if how == "repeat":
        return answer[: at + much] + answer[at:]
    if how == "replace":
        return much
    return answer


class HostileCard:
    """Presentation of a session whose answers are bent; checks what is sent when."""

    def __init__(self, exchanges, plan, sale):
        self.inner = ReplayExchange(exchanges, "one")
        self.plan, self.sale = dict(plan), sale
        self.count = -1
        self.sent = []
        self.last = None

    def exchange(self, command, spare=None):
        self.count += 1
        how, place, much = self.plan.get(self.count, ("", 0, 0))
        if command[1] == 0xB2 and self.last == tuple(command[2:4]):
            # QT-157: what may take the money is asked for only when the entry is durable
            assert self.sale.journal.pending()
        if how == "lose" and not much:
            raise LinkLost("gone")
        answer = bent(self.inner.exchange(command, spare), how, place, much)
        if how == "lose":
            raise LinkLost("gone")
        if command[1] == 0xA8:
            self.last = replay.last_record(answer)
        self.sent.append((command, answer))
        return answer


def recover(signature, modulus, exponent):
    number = pow(int.from_bytes(signature), exponent, int.from_bytes(modulus))
    return number.to_bytes(len(modulus))


def chain_holds(tap, told):
    """The chain verified apart from the kernel: pow(), slices of the tables, one hash each."""
    data, ca = tap.data, told.cas[0]
    issuer = recover(data[0x90], ca.key, ca.exponent)
    body, rest = issuer[1:-21], data.get(0x92, b"") + data[0x9F32]
    assert hashlib.sha1(body + rest).digest() == issuer[-21:-1]
    modulus = (issuer[15:-21] + data.get(0x92, b""))[: issuer[13]]
    icc = recover(data[0x9F46], modulus, int.from_bytes(data[0x9F32]))
    signed = b"".join(
        coding.find(body, 0x70) for sfi, number, body in tap.records if (sfi, number) == (3, 1)
    )
    static = signed + (data[0x82] if 0x9F4A in data else b"")
    rest = data.get(0x9F48, b"") + data[0x9F47]
    assert hashlib.sha1(icc[1:-21] + rest + static).digest() == icc[-21:-1]
    modulus = (icc[21:-21] + data.get(0x9F48, b""))[: icc[19]]
    opened = recover(data[0x9F4B], modulus, int.from_bytes(data[0x9F47]))
    terminal = told.un
    if 0x9F69 in data:
        terminal += coding.n12(told.amount_fen) + told.currency + data[0x9F69]
    assert hashlib.sha1(opened[1:-21] + terminal).digest() == opened[-21:-1]
    assert opened[5:7] == data[0x9F36]
    return True


def records_of(sale):
    """[(kind word, values)], each read back whole."""
    found = []
    for _, data in sale.journal.records():
        values = record.unpack(data)
        found.append((record.kind_name(values["kind"]), values))
    return found


def played(told, plans):
    """(sale, [Sold], [HostileCard]) of all presentations; plans: bends by exchange for each."""
    sale, solds, cards = sale_of(told), [], []
    for number, exchanges in enumerate(told.presentations):
        card = HostileCard(exchanges, plans[number] if number < len(plans) else {}, sale)
        solds.append(drive(sale.steps(told.uid), card.exchange))
        cards.append(card)
    return sale, solds, cards


def check(told, sale, solds, cards):
    asked = 0
    for card in cards:
        last = None
        for command, answer in card.sent:
            if command[1] == 0xA8:
                last = replay.last_record(answer)
            asked += command[1] == 0xB2 and tuple(command[2:4]) == last
    asked += sum(card.count + 1 - len(card.sent) for card in cards)  # lost ones may be it
    kinds = [kind for kind, _ in records_of(sale)]
    tapped = [kind for kind in kinds if kind in TAPPED] + sale.journal.pending()
    assert len(tapped) <= asked, (kinds, asked)
    for sold in solds:
        if sold.outcome.outcome in ("approved", "recovered"):
            assert chain_holds(sold.outcome.tap, told)
            assert sold.sequence
    approved = [one for one in solds if one.outcome.outcome in ("approved", "recovered")]
    assert kinds.count("approved") == len(approved)


@FUZZ
@given(
    st.sampled_from(["pboc-approved-v01", "pboc-approved-v00", "pboc-approved-long-key"]),
    st.dictionaries(st.integers(0, 9), bends, min_size=1, max_size=3),
)
def test_bent_card_should_neither_crash_nor_pay_nor_be_paid_for(name, plan):
    told = GOOD[name]
    check(told, *played(told, [plan]))


@FUZZ
@given(
    st.sampled_from(["pboc-torn-last-committed", "pboc-torn-last-rolled-back"]),
    st.dictionaries(st.integers(0, 14), bends, min_size=1, max_size=3),
)
def test_bent_card_should_not_settle_what_it_cannot_prove(name, plan):
    """The second presentation of a torn card is bent: recovered needs the first signature."""
    told = GOOD[name]
    sale, solds, cards = played(told, [{}, plan])
    assert solds[0].outcome.outcome == "torn_pending"
    check(told, sale, solds, cards)
    kinds = [kind for kind, _ in records_of(sale)]
    assert len(kinds) + len(sale.journal.pending()) >= 1  # the entry is never lost


@FUZZ
@given(st.lists(st.binary(max_size=300), max_size=12))
def test_noise_should_be_no_card(answers):
    told = GOOD["pboc-approved-v01"]
    sale, queue = sale_of(told), list(answers)

    def exchange(command, spare=None):
        if not queue:
            raise LinkLost("gone")
        return queue.pop(0)

    sold = drive(sale.steps(told.uid), exchange)
    assert sold.outcome.taken is False and records_of(sale) == []


def test_unbent_cards_should_be_paid_for():
    """The fuzz begins from what works."""
    for name in ("pboc-approved-v01", "pboc-approved-v00", "pboc-approved-long-key"):
        sale, solds, cards = played(GOOD[name], [])
        assert solds[0].message == "ok" and chain_holds(solds[0].outcome.tap, GOOD[name])
        check(GOOD[name], sale, solds, cards)
