# SPDX-License-Identifier: Apache-2.0
"""What cards have paid, over restarts and power cuts: two banks of flash, and the host's word."""

from firmware.devices.ride_bank import ROWS, RideBank
from firmware.devices.riders import Riders
from firmware.fares import calendar
from firmware.fares.paid import Paid, key_of
from firmware.formats import record
from sim.flash import Flash, PowerCut
from tests.fares.sums_file import key

PAN = "6228000100000010"
MONDAY = (2026, 11, 23)
DAY = calendar.day_number(*MONDAY)


class Clock:
    """Stands still on a Monday."""

    day = MONDAY

    def ticks_ms(self):
        return 0

    def ticks_diff(self, later, earlier):
        return later - earlier

    def time_utc_s(self):
        return 1795000000

    def local_now(self):
        return self.day + (12, 0, 0)


class Host:
    """The host's word: day, cut_off, sums by card."""

    def __init__(self, cut_off, told, day=DAY):
        self.cut_off, self.told, self.day = cut_off, told, day

    def of(self, pan):
        return [(psn, sums) for (number, psn), sums in self.told.items() if number == pan]


class Journal:
    """Records by number; recent() as the terminal's."""

    def __init__(self):
        self.sold = []

    def sell(self, known, pan, fen, psn=0):
        values = record.blank(record.APPROVED)
        values["pan"] = bytes.fromhex(pan)
        values["psn"], values["amount_fen"], values["riders"] = psn, fen, 1
        values["date"], values["clock_trusted"] = "261123", 1
        values["time_utc_s"] = 1795000000
        self.sold.append(values)
        known.boarded(pan, psn, len(self.sold), "12", 1, fen)

    def recent(self, count):
        for n in range(len(self.sold), max(0, len(self.sold) - count), -1):
            yield n, self.sold[n - 1]


def riders(bank=None, host=None, most_cards=8):
    return Riders(Clock(), lambda: True, most_cards, bank, host)


def worked(known):
    """Turns until nothing is due."""
    for _ in range(500):
        known.turn()
        if not known.steps:
            return


def pan_of(number):
    return "62280001%08d" % number


def test_cards_that_went_should_be_found_in_the_bank():
    """Caps reach as far back as the bank has places, not as the rows in RAM."""
    known, journal = riders(RideBank(Flash(8))), Journal()
    for number in range(60):
        journal.sell(known, pan_of(number), 200 + number)
        worked(known)
    assert len(known.rows) == 8 and known.forgotten == 0
    for number in range(60):
        assert known.spent(pan_of(number)) == (200 + number,) * 3
    journal.sell(known, pan_of(0), 50)
    assert known.spent(pan_of(0)) == (250, 250, 250)


def test_restart_should_forget_no_ride_and_count_none_twice():
    """Whatever the bank holds and the journal still has: each sale once."""
    flash, journal = Flash(8), Journal()
    known, due = riders(RideBank(flash)), {}
    for number in range(150):
        pan = pan_of(number * number % 23)
        due[pan] = due.get(pan, 0) + number
        journal.sell(known, pan, number)
        for _ in range(number % 9):  # a bank half written, most of the time
            known.turn()
        if number % 4 == 0:
            worked(known)
        if number % 40 == 39:
            known = riders(RideBank(flash))
            known.restore(journal.recent, lambda values: "12")
        for one in due:
            assert known.spent(one)[0] == due[one], (number, one)


def test_sale_that_stands_late_should_count_once():
    """A torn tap keeps its number; the bank says only what is complete below it."""
    flash, journal = Flash(4), Journal()
    known = riders(RideBank(flash))
    for number in range(6):
        journal.sell(known, pan_of(number), 100)
    late = journal.sold[2]
    late["pan"] = bytes.fromhex(PAN)
    while known.newest and not known.steps:
        known.turn(first_open=3)
    while known.steps:
        known.turn(first_open=3)
    assert known.bank.upto == 2
    known = riders(RideBank(flash))
    known.restore(journal.recent, lambda values: "12")
    assert known.spent(PAN) == (100, 100, 100) and known.spent(pan_of(5)) == (100, 100, 100)


def test_power_may_fail_at_any_write():
    """Behind each cut the sums are what was sold (the journal has the rest)."""
    for cut in range(40):
        flash, journal = Flash(4, 1024), Journal()
        known = riders(RideBank(flash))
        for number in range(5):
            journal.sell(known, pan_of(number), 100)
        worked(known)
        for number in range(3, 8):
            journal.sell(known, pan_of(number), 10)
        flash.cut(cut, cut)
        try:
            worked(known)
        except PowerCut:
            flash.restart()
        if cut % 2:
            flash.ripen()
        known = riders(RideBank(flash))
        known.restore(journal.recent, lambda values: "12")
        found = [known.spent(pan_of(number))[2] for number in range(8)]
        assert found == [100, 100, 100, 110, 110, 10, 10, 10], cut
        assert flash.refused == 0


def test_full_set_should_forget_who_was_away_longest():
    bank = RideBank(Flash(2, 512))
    assert bank.sets == 1
    rows = [Paid(key_of(pan_of(n), 0), n, n, DAY, (n, n, n)) for n in range(1, ROWS + 3)]
    list(bank.written(rows, ROWS + 2))
    assert bank.forgotten == 2 and bank.of(key_of(pan_of(1), 0)) == []
    assert bank.of(key_of(pan_of(3), 0))[0].sums == (3, 3, 3)
    old = [Paid(key_of(pan_of(99), 0), 99, 99, DAY + 31, (5, 5, 5))]
    list(bank.written(old, 99))
    assert bank.forgotten == 2  # whose month is over is no loss


def test_storage_that_fails_should_cost_no_sale():
    class Broken(Flash):
        def ioctl(self, op, arg):
            if op == 6:
                raise OSError("worn")
            return Flash.ioctl(self, op, arg)

    known, journal = riders(RideBank(Broken(2))), Journal()
    for number in range(20):
        journal.sell(known, pan_of(number), 100)
        worked(known)
    assert known.fault == "worn" and known.forgotten == 12
    assert known.spent(pan_of(19)) == (100, 100, 100)


def test_host_and_terminal_should_count_each_sale_once():
    """Other vehicles by the host, what was sold here behind its cut-off by the terminal."""
    host = Host(3, {(PAN, 0): (700, 900, 4000)})
    known, journal = riders(host=host), Journal()
    for fen in (100, 100, 100):
        journal.sell(known, PAN, fen)
    assert known.spent(PAN) == (700, 900, 4000)
    journal.sell(known, PAN, 30)
    assert known.spent(PAN) == (730, 930, 4030)
    host.cut_off, host.told = 4, {(PAN, 0): (730, 930, 4030)}
    assert known.spent(PAN) == (730, 930, 4030)
    host.told = {}
    journal.sell(known, pan_of(5), 7)
    assert known.spent(pan_of(5)) == (7, 7, 7) and known.spent(PAN) == (0, 0, 0)


def test_host_should_count_once_over_a_restart():
    flash, journal = Flash(4), Journal()
    known = riders(RideBank(flash))
    for number in range(12):
        journal.sell(known, pan_of(number % 4), 100)
        worked(known)
    host = Host(8, {(pan_of(n), 0): (200, 200, 200) for n in range(4)})
    known = riders(RideBank(flash), host)
    known.restore(journal.recent, lambda values: "12")
    for number in range(4):  # in the bank since before the cut-off, sold behind it: the rider's
        assert known.spent(pan_of(number))[0] >= 300
    journal.sell(known, pan_of(9), 50)
    host.cut_off = 12
    assert known.spent(pan_of(0)) == (200, 200, 200) and known.spent(pan_of(9)) == (50, 50, 50)


def test_row_that_began_before_the_cut_off_should_be_the_riders():
    """Which part of it the host has cannot be told: all of it counts, the cap comes sooner."""
    known, journal = riders(), Journal()
    journal.sell(known, PAN, 100)
    journal.sell(known, PAN, 30)
    known.host = Host(1, {(PAN, 0): (100, 100, 100)})
    assert known.spent(PAN) == (230, 230, 230)
    known.host.cut_off = 2
    assert known.spent(PAN) == (100, 100, 100)
    journal.sell(known, PAN, 5)
    assert known.spent(PAN) == (105, 105, 105)


def test_cards_of_one_number_should_have_rows_of_their_own():
    """Whose sequence number is not told yet is the one that is best for the rider."""
    known, journal = riders(host=Host(0, {(PAN, 2): (900, 900, 900)})), Journal()
    journal.sell(known, PAN, 100)
    journal.sell(known, PAN, 20, psn=1)
    assert known.spent(PAN, 0) == (100, 100, 100) and known.spent(PAN, 1) == (20, 20, 20)
    assert known.spent(PAN) == (900, 900, 900) and known.spent(PAN, 3) == (0, 0, 0)
    assert known.last(PAN, 0).paid_fen == 100 and known.last(PAN, 1).paid_fen == 20
    assert known.last(PAN).paid_fen == 20 and known.last(PAN, 2) is None
    assert key(PAN, 1) == key_of(PAN, 1)
