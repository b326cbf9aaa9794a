# SPDX-License-Identifier: Apache-2.0
"""Sums that the host tells: found by two reads, damaged in any byte they say nothing wrong."""

from firmware.errors import FormatError
from firmware.fares.card_sums import CardSums
from tests.fares.sums_file import key, payload
from tests.fares.tables import Bytes

PAN = "6228000100000010"
CARDS = [("62280001%08d" % n, n % 3) for n in range(40)]


def sums_of(number):
    return (number, number * 2, number * 1000)


def a_file(bits=2):
    cards = [(key(pan, psn), sums_of(n)) for n, (pan, psn) in enumerate(CARDS)]
    return payload(cards, [(3, 17), (7, 400), (9, 5)], bits=bits)


def test_each_card_should_be_found_by_two_reads():
    for bits in (0, 2, 5):
        blob = Bytes(a_file(bits))
        known = CardSums(blob)
        for number, (pan, psn) in enumerate(CARDS):
            blob.reads = 0
            assert known.of(pan) == [(psn, sums_of(number))]
            assert blob.reads == 2 and blob.longest < 800
        assert known.of("62280001" + "9" * 8) == [] and list(known.checked()) is not None


def test_cards_of_one_number_should_be_told_apart():
    cards = [(key(PAN, 0), (1, 2, 3)), (key(PAN, 1), (40, 50, 60))]
    known = CardSums(Bytes(payload(cards)))
    assert known.of(PAN) == [(0, (1, 2, 3)), (1, (40, 50, 60))]


def test_cut_off_should_be_that_of_the_terminal():
    known = CardSums(Bytes(a_file()))
    cases = ((3, 17), (7, 400), (9, 5), (1, 0), (8, 0), (10, 0))
    for terminal, last in cases:
        assert known.cut_off(terminal) == last
    assert CardSums(Bytes(payload([]))).cut_off(7) == 0


def test_one_flipped_bit_should_never_change_an_answer():
    """What is read has a check of its own: the file is hashed only when it comes."""
    good = a_file()
    right = [CardSums(Bytes(good)).of(pan) for pan, _ in CARDS[:6]]
    refused = 0
    for at in range(len(good)):
        bent = bytearray(good)
        bent[at] ^= 1 << at % 8
        try:
            known = CardSums(Bytes(bytes(bent)))
            told = [known.cut_off(one) for one in (3, 7, 9)]
            assert told == [17, 400, 5]
        except FormatError:
            refused += 1
            continue
        for (pan, _), wanted in zip(CARDS, right):
            try:
                assert known.of(pan) == wanted, at
            except FormatError:
                refused += 1
    assert refused > 100


def test_length_should_be_that_of_the_head():
    good = a_file()
    for bent in (b"", good[:9], good[:-1], good + b"\0", b"\2" + good[1:]):
        try:
            CardSums(Bytes(bent))
        except FormatError:
            continue
        raise AssertionError(len(bent))


def test_what_is_out_of_order_should_be_refused_when_the_file_comes():
    rows = [(key(pan), (1, 1, 1)) for pan, _ in CARDS[:3]]
    good = payload(rows)
    swapped = sorted(rows)
    swapped[0], swapped[1] = swapped[1], swapped[0]
    from tests.fares import sums_file

    body = b"".join([name + b"\0\0\1" * 3 for name, _ in swapped])
    bent = good[: -len(body) - 4] + body + sums_file.crc(bytes(4) + body)
    list(CardSums(Bytes(good)).checked())
    try:
        list(CardSums(Bytes(bent)).checked())
    except FormatError:
        return
    raise AssertionError("out of order")
