# SPDX-License-Identifier: Apache-2.0
"""Deny lists in places: every entry is found, nothing else is, and damage is never an answer."""

from firmware.formats.deny_list import ALL, FREED, LEAF_MOST, PAGE, DenyFile, Entry
from tests.deny_lists import Blob, luhn, write
from tests.refusal import refusal


def number(at, digits=16):
    """A card number, spread unevenly."""
    body = "622848" + "0" * (digits - 7)
    body = str(int(body) + at * at * 7919 % 10 ** (digits - 8) + at)
    return body + str(luhn(body))


MANY = [(number(at), ALL, 1 + at % 3, "2601%02d" % (1 + at % 28)) for at in range(300)]


def test_first_middle_and_last_entry_should_be_found_and_neighbours_not():
    """terminals.md 8: first, middle and last place; TD-024: with reason and date."""
    blob = Blob(write(MANY))
    listed = DenyFile(blob)
    ordered = sorted(MANY)
    for place in (0, 1, 127, 128, 149, 150, 255, 256, 298, 299):
        pan, _, reason, date = ordered[place]
        found = listed.rows(pan)
        assert found == [Entry(ALL, ("", "lost", "stolen", "fraud")[reason], date)], place
    known = [one[0] for one in MANY]
    for pan, _, _, _ in ordered[::7]:
        for step in (-1, 1, 10, 1000):
            other = str(int(pan) + step)
            assert bool(listed.rows(other)) == (other in known)
    assert listed.rows("00000000000") == [] and listed.rows("9" * 19) == []


def test_every_entry_should_be_found_whatever_the_size_of_the_list():
    for count in (1, 2, 3, 127, 128, 129, 257):
        listed = DenyFile(Blob(write(MANY[:count])))
        assert listed.entries == count
        for at, one in enumerate(MANY):
            assert bool(listed.rows(one[0])) == (at < count)


def test_empty_list_should_hold_nobody():
    listed = DenyFile(Blob(write([])))
    assert (listed.entries, listed.rows(number(1)), list(listed.checked())) == (0, [], [])


def test_look_up_should_take_two_reads_and_one_for_what_is_found():
    """TD-014: few reads of known size."""
    blob = Blob(write(MANY))
    listed = DenyFile(blob)
    for pan, expected in ((number(500), 2), (MANY[40][0], 3)):
        blob.reads = []
        listed.rows(pan)
        assert len(blob.reads) == expected and max(blob.reads) <= PAGE
    assert LEAF_MOST <= 4096


def test_lengths_and_last_digits_should_be_told_apart():
    """A card number with a wrong check digit is another one; so is one of another length."""
    body = "622848000000123"
    good = body + str(luhn(body))
    odd = body + str((luhn(body) + 3) % 10)
    longer = body + "000"
    entries = [(good, ALL, 1, ""), (odd, ALL, 2, ""), (longer + str(luhn(longer)), 5, 3, "")]
    listed = DenyFile(Blob(write(entries)))
    for pan, psn, reason, _ in entries:
        assert listed.rows(pan) == [Entry(psn, ("", "lost", "stolen", "fraud")[reason], "")]
    for digit in range(10):
        other = body + str(digit)
        assert bool(listed.rows(other)) == (other in (good, odd))
    assert listed.rows("0" + good) == [] and listed.rows("0" * 3 + good) == []
    for digits in range(11, 20):
        pan = "1" + "0" * (digits - 2)
        pan += str(luhn(pan))
        listed = DenyFile(Blob(write([(pan, ALL, 1, "")])))
        assert len(listed.rows(pan)) == 1


def test_sequence_numbers_of_one_card_should_stand_together():
    """terminals.md 8: the reissued card of a listed number is another card."""
    pan = MANY[0][0]
    entries = MANY[1:] + [(pan, psn, 1, "260102") for psn in (0, 3, 99)]
    listed = DenyFile(Blob(write(entries, of_leaf=302)))
    assert sorted([one.psn for one in listed.rows(pan)]) == [0, 3, 99]
    assert [one.psn for one in listed.rows(MANY[5][0])] == [ALL]
    freed = DenyFile(Blob(write([(pan, FREED, 0, "")], base=4)))
    assert freed.rows(pan) == [Entry(FREED, "", "")] and freed.base == 4


def test_ranges_should_hold_from_their_first_to_their_last_prefix():
    ranges = [("622848", "622849", 3, "260301"), ("62170000000", "62170000000", 1, "")]
    listed = DenyFile(Blob(write([], ranges)))
    assert listed.range_of("6228480000000000") == Entry(ALL, "fraud", "260301")
    assert listed.range_of("6228499999999999999") == Entry(ALL, "fraud", "260301")
    assert listed.range_of("6228500000000000") is None
    assert listed.range_of("6228479999999999") is None
    assert listed.range_of("62170000000") == Entry(ALL, "lost", "")
    assert listed.range_of("62170000001") is None


def test_whole_list_should_pass_its_check_and_a_damaged_one_never():
    """One flipped bit in each page and leaf: never another answer, and the check finds it."""
    data = write(MANY, [("62", "62", 1, "")])
    slices = list(DenyFile(Blob(data)).checked())
    assert len(slices) > 3
    for at in range(0, len(data), 13):
        bent = data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]
        assert refusal(whole, bent), at


def whole(data):
    for _ in DenyFile(Blob(data)).checked():
        pass


def test_damage_should_never_answer():
    """Whatever a look-up says over damaged flash is what it said before, or FormatError."""
    data = write(MANY[:200])
    listed = DenyFile(Blob(data))
    asked = [one[0] for one in MANY[::40]]
    before = [listed.rows(pan) for pan in asked]
    for at in range(0, len(data), 37):
        bent = data[:at] + bytes((data[at] ^ 0x10,)) + data[at + 1 :]
        try:
            found = DenyFile(Blob(bent))
        except Exception as wrong:
            assert type(wrong).__name__ == "FormatError"
            continue
        for pan, told in zip(asked, before):
            try:
                assert found.rows(pan) == told
            except Exception as wrong:
                assert type(wrong).__name__ == "FormatError", wrong


def test_truncation_should_be_refused():
    data = write(MANY)
    for count in list(range(0, 60)) + list(range(60, len(data), 61)) + [len(data) - 1]:
        assert refusal(DenyFile, Blob(data[:count]))
    assert refusal(DenyFile, Blob(data + b"\0"))
