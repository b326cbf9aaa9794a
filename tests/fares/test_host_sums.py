# SPDX-License-Identifier: Apache-2.0
"""The host's sums in files: taken whole, renewed between customers, refused with a reason."""

from collections import namedtuple

from firmware.devices.host_sums import LOOK_MS, HostSums
from firmware.formats import signed
from tests.deny_lists import PRIME, Blob, signed_file
from tests.fares.sums_file import key, payload

PAN = "6228000100000010"
Settings = namedtuple("Settings", ("terminal", "authority", "authority_sm2", "more"))


class Disk:
    """Of hal: files in memory, ticks by hand."""

    def __init__(self):
        self.files, self.ms = {}, 0

    def open_blob(self, path):
        if path not in self.files:
            raise OSError("no such file")
        return Blob(self.files[path])

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)

    def ticks_ms(self):
        return self.ms

    def ticks_diff(self, later, earlier):
        return later - earlier


def a_file(version, fen=100, cut_off=5, **more):
    rows = payload([(key(PAN), (fen, fen, fen))], [(7, cut_off)])
    return signed_file(rows, signed.CARD_SUMS, version, **more)


def opened(disk, written=10):
    """(HostSums, events) of terminal 7."""
    events = []
    authority = PRIME.to_bytes(256, "big")
    host = HostSums(Settings(7, authority, b"", {"sums": "sums"}), disk, events.append)
    host.written = lambda: written
    return host, events


def turned(disk, host):
    for _ in range(60):
        disk.ms += LOOK_MS
        host.turn()


def test_file_in_force_should_tell_sums_and_cut_off():
    disk = Disk()
    disk.files["sums"] = a_file(3)
    host, events = opened(disk)
    assert host.of(PAN) == [(0, (100, 100, 100))] and host.of(PAN + "1") == []
    assert (host.cut_off, host.day, host.version, events) == (5, 9823, 3, [])


def test_without_a_file_the_host_should_say_nothing():
    host, events = opened(Disk())
    assert host.of(PAN) == [] and host.cut_off == 0 and events == []


def test_cut_off_of_another_journal_should_not_count():
    """A number that was never written here: what was sold here is added, in the rider's favour."""
    disk = Disk()
    disk.files["sums"] = a_file(3, cut_off=11)
    host, _ = opened(disk, written=10)
    assert host.cut_off == 0 and host.of(PAN) == [(0, (100, 100, 100))]


def test_next_file_should_be_taken_between_customers():
    disk = Disk()
    disk.files["sums"] = a_file(3)
    host, events = opened(disk)
    disk.files["sums.next"] = a_file(4, 250, 9)
    turned(disk, host)
    assert host.of(PAN) == [(0, (250, 250, 250))] and host.cut_off == 9
    assert [one["what"] for one in events] == ["taken"] and "sums.next" not in disk.files


def test_what_is_no_newer_file_of_the_operator_should_be_refused_once():
    """TD-020: older, changed, cut short, of another kind."""
    good = a_file(4, 250)
    for bent, why in (
        (a_file(3), "version 3, 3 is in force"),
        (good[:-30] + b"\1" + good[-29:], "hash"),
        (good[:-1], "not what its head says"),
        (good[:60] + b"\1" + good[61:], "signature"),
        (signed_file(b"", signed.DENY_LIST, 9), "deny list is not wanted"),
        (b"", "no signed file"),
    ):
        disk = Disk()
        disk.files["sums"] = a_file(3)
        host, events = opened(disk)
        disk.files["sums.next"] = bent
        turned(disk, host)
        assert host.of(PAN) == [(0, (100, 100, 100))]
        assert len(events) == 1 and events[0]["what"] == "refused", (why, events)
        assert why in events[0]["text"], events


def test_damaged_file_should_be_out_of_use_and_told():
    disk = Disk()
    good = a_file(3)
    disk.files["sums"] = good[:-1] + bytes((good[-1] ^ 1,))
    host, events = opened(disk)
    assert host.of(PAN) == [] and host.cut_off == 0
    assert [one["what"] for one in events] == ["damaged"]
    disk.files["sums"] = good[:60] + b"\1" + good[61:]
    host, events = opened(disk)
    assert host.of(PAN) == [] and "signature" in events[0]["text"]
