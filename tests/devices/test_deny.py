# SPDX-License-Identifier: Apache-2.0
"""Deny lists in files: looked up at the tap, renewed between customers, whole or not at all."""

from firmware.devices.deny import DenyList
from firmware.formats import signed
from tests.deny_lists import ALL, AUTHORITY, FREED, Blob, luhn, signed_file, write
from tests.small_card import SmallCard
from tests.stand import Stand

LISTED, OTHER = "6228000100000010", "6228000100000028"
PATH = "deny.bin"


class Unit:
    """Of the settings, what a list needs."""

    more = {"deny_list": PATH}
    authority = AUTHORITY.rsa
    authority_sm2 = b""


class Files:
    """Files in memory: the part of hal that a list needs; renames are counted and may fail."""

    def __init__(self, clock):
        self.clock = clock
        self.there = {}
        self.broken = False
        self.renames = 0

    def open_blob(self, path):
        if path not in self.there:
            raise OSError(2, path)
        blob = Blob(self.there[path])
        blob.broken = self.broken
        return blob

    def rename(self, old, new):
        if self.broken:
            raise OSError(5, old)
        self.renames += 1
        self.there[new] = self.there.pop(old)

    def ticks_ms(self):
        return self.clock.ms

    def ticks_diff(self, later, earlier):
        return later - earlier

    def local_now(self):
        return self.clock.now


def full(pans, version=1, effective="", ranges=()):
    entries = [(pan, ALL, 1, "260301") for pan in pans]
    return signed_file(write(entries, ranges), signed.DENY_LIST, version, effective)


def delta(entries, version, base=1):
    return signed_file(write(entries, (), base), signed.DENY_DELTA, version)


class DenyStand(Stand):
    """A stand whose terminal asks a list in files."""

    def __init__(self, listed=b"", extra=""):
        self.files = None
        self.first = listed
        Stand.__init__(self, "deny_growth_least: 1\nsame_card_s: 0\n" + extra)

    def restart(self):
        Stand.restart(self)
        self.idle(40)

    def prepare(self):
        if self.files is None:
            self.files = Files(self.clock)
            if self.first:
                self.files.there[PATH] = self.first
        self.list = DenyList(Unit, self.fleet, self.files, self.events.append)
        self.terminal.use_list(self.list)

    def idle(self, slices=120):
        """Turns without a card, the clock going on."""
        for _ in range(slices):
            self.clock.advance(1)
            self.list.idle_ms = 0  # one slice a turn
            self.list.idle()

    def ship(self, data):
        """Lay a file as the next one and give it time; what was told of it."""
        self.files.there[PATH + ".next"] = data
        self.idle()
        return [one["what"] for one in self.events if one["event"] == "deny_list"]


def test_listed_card_should_be_refused_with_reason_and_date():
    """TD-024: on the panel version and date, in the record the reason too; nothing was charged."""
    stand = DenyStand(full([LISTED], 41))
    card = SmallCard(LISTED)
    event = stand.tap(card)
    assert (event["message"], card.debits) == ("deny_list", [])
    assert stand.shown() == "red" and ("show", "No charge: list 41/260301", 0) in stand.log
    kind, values = stand.records()[-1]
    assert (kind, values["reason"]) == ("refused", "deny_list lost 260301")
    assert values["deny_list_version"] == 41 and event["reason"] == "deny_list"
    assert stand.tap(SmallCard(OTHER))["message"] == "ok"
    assert stand.records()[-1][1]["deny_list_version"] == 41


def test_lines_of_the_parameters_should_be_asked_too():
    stand = DenyStand(full([LISTED], 41), "deny: %s\ndeny_list_version: 5\n" % OTHER)
    assert stand.tap(SmallCard(OTHER))["message"] == "deny_list"
    assert stand.records()[-1][1]["reason"] == "deny_list"
    assert stand.tap(SmallCard(LISTED))["message"] == "deny_list"
    assert (stand.list.version, DenyStand().list.version) == (41, 0)


def test_sequence_numbers_should_be_told_apart():
    """terminals.md 8, 9: the reissued card is another one; names() asks for the number alone."""
    entries = [(LISTED, 3, 2, "260405")]
    stand = DenyStand(signed_file(write(entries), signed.DENY_LIST, 2))
    deny = stand.list
    assert deny.holds(LISTED, 3) and deny.why(LISTED, 3) == ("stolen", "260405")
    assert not deny.holds(LISTED, 4) and not deny.holds(LISTED, None) and deny.names(LISTED)
    assert not deny.names(OTHER) and deny.why(LISTED, 4) == ("", "")
    assert stand.tap(SmallCard(LISTED))["message"] == "ok"  # its sequence number is another


def test_a_card_should_be_read_once_a_tap():
    """TD-014: two reads and one for the entry, however often the rules ask."""
    stand = DenyStand(full([LISTED]))
    blob = stand.list.full.blob
    blob.reads = []
    stand.tap(SmallCard(LISTED))
    assert len(blob.reads) == 3


def test_next_list_should_be_taken_between_customers():
    """TD-020: judged, renamed, told and noted in the journal; the older one is gone."""
    stand = DenyStand(full([LISTED]))
    assert stand.ship(full([OTHER], 2)) == ["taken"]
    assert (stand.list.version, stand.files.renames) == (2, 1)
    assert PATH + ".next" not in stand.files.there
    kind, values = stand.records()[-1]
    assert (kind, values["reason"], values["reference"]) == ("event", "deny_list_taken", 2)
    assert stand.tap(SmallCard(LISTED))["message"] == "ok"
    assert stand.tap(SmallCard(OTHER))["message"] == "deny_list"
    stand.restart()
    assert stand.list.version == 2 and stand.list.holds(OTHER, 1)


def test_list_should_wait_for_its_moment():
    stand = DenyStand(full([LISTED]))
    stand.clock.now = (2026, 12, 1, 3, 59, 59)
    assert stand.ship(full([OTHER], 2, "20261201040000")) == []
    stand.clock.now = (2026, 12, 1, 4, 0, 0)
    stand.idle()
    assert stand.list.version == 2


def test_changes_should_be_asked_before_the_full_list():
    """A chain of changes: each replaces the last one; added, freed and listed again."""
    stand = DenyStand(full([LISTED]))
    assert stand.ship(delta([(OTHER, ALL, 3, "260401")], 2)) == ["taken"]
    assert stand.list.holds(OTHER, 1) and stand.list.holds(LISTED, 1)
    assert stand.list.why(OTHER, 1) == ("fraud", "260401")
    stand.ship(delta([(LISTED, FREED, 0, ""), (OTHER, ALL, 3, "260401")], 3))
    assert stand.list.holds(OTHER, 1) and not stand.list.names(LISTED)
    stand.ship(delta([(LISTED, 7, 1, "260501")], 4))
    assert stand.list.holds(LISTED, 7) and not stand.list.holds(LISTED, 1)
    assert not stand.list.names(OTHER) and stand.list.version == 4
    stand.restart()
    assert (stand.list.version, stand.list.holds(LISTED, 7)) == (4, True)
    stand.ship(full([OTHER], 5))
    assert stand.list.version == 5 and stand.list.changes is None
    stand.restart()
    assert stand.list.holds(OTHER, 1) and not stand.list.names(LISTED)


def test_changes_of_another_list_should_be_refused():
    stand = DenyStand(full([LISTED], 4))
    for wrong in (delta([], 5, 3), delta([], 5, 5), delta([], 6, 0)):
        stand.events[:] = []
        assert stand.ship(wrong) == ["refused"] and stand.list.version == 4
    bare = DenyStand()
    assert bare.ship(delta([], 5, 4)) == ["refused"] and bare.list.version == 0


def test_older_list_should_be_refused():
    """TD-020: anti-downgrade; the same number is no newer one."""
    stand = DenyStand(full([LISTED], 7))
    for version in (7, 6, 1):
        stand.events[:] = []
        stand.list.said = ""
        assert stand.ship(full([OTHER], version)) == ["refused"]
    assert stand.list.version == 7 and stand.list.holds(LISTED, 1)
    stand.tap(SmallCard(OTHER))
    del stand.files.there[PATH + ".next"]
    stand.files.there[PATH] = full([LISTED], 3)
    stand.restart()
    assert [one["what"] for one in stand.events if one["event"] == "deny_list"] == ["older"]


def test_one_changed_bit_should_refuse_the_whole_file():
    """TD-020: in head, signature, head of the payload, directory and leaf."""
    data = full([LISTED], 2)
    stand = DenyStand(full([OTHER]))
    for at in (5, 9, 60, 300, 330, 400, len(data) - 1):
        stand.events[:] = []
        stand.list.said = ""
        bent = data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :]
        assert stand.ship(bent) == ["refused"], at
        assert stand.list.version == 1 and stand.list.holds(OTHER, 1)
    assert stand.kinds() == ["event"] * 7


def test_refused_file_should_be_told_once_and_a_right_one_taken_after_it():
    stand = DenyStand(full([OTHER]))
    good = full([LISTED], 2)
    assert stand.ship(good[:-1] + b"\xff") == ["refused"]
    stand.idle()
    assert stand.kinds() == ["event"]
    stand.files.there[PATH + ".next"] = good  # same head and length: known again by nothing
    stand.idle(700)
    assert stand.list.version == 2


def test_list_that_grows_too_much_should_be_poison():
    """terminals.md 8: 25 % and at least one more are allowed here."""
    pans = [LISTED[:12] + "%03d" % at for at in range(40)]
    pans = [pan + str(luhn(pan)) for pan in pans]
    stand = DenyStand(full(pans[:8]))
    assert stand.ship(full(pans[:11], 2)) == ["poisoned"]
    assert stand.list.version == 1
    assert stand.records()[-1][1]["reason"] == "deny_list_poisoned"
    stand.events[:] = []
    assert stand.ship(full(pans[:10], 3)) == ["taken"]
    stand.events[:] = []
    assert stand.ship(delta([(pan, ALL, 1, "") for pan in pans[10:13]], 4, 3)) == ["poisoned"]


def test_list_of_the_cards_that_just_paid_should_be_poison():
    """terminals.md 9, London 2008: by card number and by range, also after a restart."""
    pans = [LISTED[:13] + "%02d" % at for at in range(40, 46)]
    pans = [pan + str(luhn(pan)) for pan in pans]
    stand = DenyStand(full([LISTED]))
    for pan in pans:
        assert stand.tap(SmallCard(pan))["message"] == "ok"
    assert stand.ship(full([LISTED, pans[0]], 2)) == ["taken"]  # one may be right
    stand.events[:] = []
    bad = full([], 3, "", [("622800", "622800", 3, "260301")])
    assert stand.ship(bad) == ["poisoned"] and stand.list.version == 2
    stand.restart()
    assert stand.ship(bad) == ["poisoned"]
    assert "5 of the last 5 cards" in [one for one in stand.events if "what" in one][-1]["text"]
    wide = full([], 3, "", [("9999", "9999", 3, "260301")])
    stand.events[:] = []
    assert stand.ship(wide) == ["poisoned"]


def test_list_that_cannot_be_read_any_more_should_be_out_of_use():
    """No answer is made up: told, noted, the lines of the parameters stay."""
    stand = DenyStand(full([LISTED], 9), "deny: %s\n" % OTHER)
    stand.list.full.blob.broken = True
    assert stand.tap(SmallCard(LISTED))["message"] == "ok"
    stand.idle(2)
    assert stand.list.version == 0 and "deny_list_damaged" in [
        one[1]["reason"] for one in stand.records()
    ]
    assert stand.tap(SmallCard(OTHER))["message"] == "deny_list"


def test_rot_should_be_found_in_idle_time_after_the_start():
    data = full([LISTED], 9)
    stand = DenyStand(data)
    stand.files.there[PATH] = data[:-1] + bytes((data[-1] ^ 1,))
    stand.restart()
    assert [one["what"] for one in stand.events if "what" in one] == ["damaged"]
    assert stand.list.full is None and not stand.list.names(LISTED)


def test_failed_rename_should_keep_the_old_list():
    stand = DenyStand(full([LISTED]))
    real = stand.files.rename

    def fail(old, new):
        raise OSError(28, old)

    stand.files.rename = fail
    assert stand.ship(full([OTHER], 2)) == ["refused"]
    assert stand.list.version == 1 and stand.list.holds(LISTED, 1)
    stand.files.rename = real
    stand.idle(700)
    assert stand.list.version == 2


def test_file_that_changes_while_it_is_judged_should_not_be_taken():
    stand = DenyStand(full([LISTED]))
    stand.files.there[PATH + ".next"] = full([OTHER], 2)
    stand.idle(12)
    assert stand.list.next is not None
    stand.files.there[PATH + ".next"] = full([LISTED, OTHER], 3)
    stand.idle(30)
    assert stand.list.version == 1
    assert [one["what"] for one in stand.events if "what" in one] == ["refused"]
