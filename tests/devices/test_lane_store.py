# SPDX-License-Identifier: Apache-2.0
"""Entries of a car park: bounded, on flash, right after a cut at any write."""

from firmware.devices.lane_store import ROW, Entry, LaneStore, key_of
from sim.flash import Flash, PowerCut

PANS = ["62280001%08d" % number for number in range(60)]
BLOCKS, BLOCK_BYTES = 6, 1024  # 3 rows a block: 9 entries at the most


def entry(number, minute=0, lane=1, hour=10):
    return Entry(key_of(PANS[number]), lane, (2026, 11, 21, hour, minute, 30), 2)


def verdict(store, one):
    store.enter(one)
    return [word for _, word in store.turn()]


def test_entry_should_be_found_until_its_card_leaves_and_after_a_restart():
    """TD-068: inside is inside; the same card at once again is a driver who was not let in."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    store = LaneStore(flash)
    assert verdict(store, entry(0)) == ["stored"] and store.find(key_of(PANS[0])) == entry(0)
    assert verdict(store, entry(0, 4)) == ["stored"]  # again within REPEAT_S
    assert verdict(store, entry(0, 10)) == ["inside"]
    assert verdict(store, entry(0, 5, lane=2)) == ["inside"]
    store = LaneStore(flash)
    assert store.find(key_of(PANS[0])) == entry(0, 4) and store.find(key_of(PANS[1])) is None
    assert verdict(LaneStore(flash, replace=True), entry(0, 10)) == ["stored"]
    store = LaneStore(flash)
    store.leave(key_of(PANS[0]))
    store.leave(key_of(PANS[1]))  # nobody
    assert LaneStore(flash).find(key_of(PANS[0])) is None


def test_store_should_say_that_it_is_full_and_hold_whom_it_has():
    """TD-010: a car that stays for weeks is not forgotten while others come and go."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    store = LaneStore(flash)
    assert store.most == 9
    for number in range(9):
        assert verdict(store, entry(number)) == ["stored"] and (store.fault == "") == (number < 8)
    assert verdict(store, entry(9)) == ["full"] and store.fault == "park_full"
    assert verdict(store, entry(8, 1)) == ["stored"]  # who is inside may tap again
    for number in range(9, 60):
        store.leave(key_of(PANS[number - 1]))
        assert verdict(store, entry(number)) == ["stored"], number
        if number % 7 == 0:
            store = LaneStore(flash)
    for number in range(8):
        assert store.find(key_of(PANS[number])) == entry(number)
    assert store.find(key_of(PANS[59])) and flash.refused == 0 and len(store.rows) // ROW == 9


def run(store, steps, done):
    """Carry out steps; `done` grows by what was durable when it returned."""
    for number, enters in steps:
        if enters:
            assert verdict(store, entry(number)) == ["stored"]
        else:
            store.leave(key_of(PANS[number]))
        done.append((number, enters))


def test_entries_should_be_right_after_a_cut_at_any_write():
    """TD-012: what was said to be stored is there; the step that was cut, whole or not at all."""
    steps = []
    for number in range(16):
        steps.append((number, True))
        if number % 4:
            steps.append((number, False))
    for cut in range(0, 60, 1):
        flash, done = Flash(BLOCKS, BLOCK_BYTES), []
        flash.cut(cut, seed=cut * 7 + 1)
        try:
            run(LaneStore(flash), steps, done)
        except PowerCut:
            pass
        for ripe in (False, True):
            flash.restart()
            if ripe:
                flash.ripen()
            inside = [number for number, enters in done if enters]
            for number, enters in done:
                if not enters:
                    inside.remove(number)
            open_step = steps[len(done)][0] if len(done) < len(steps) else None
            store = LaneStore(flash)
            for number in range(16):
                if number != open_step:
                    known = store.find(key_of(PANS[number]))
                    assert (known is not None) == (number in inside), (cut, ripe, number)
        rest = [step for step in steps[len(done) :] if step[0] != open_step]
        run(store, rest, [])
        assert flash.refused == 0


def test_storage_that_fails_should_let_nobody_in():
    """MP-7: what could not be written is not written."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    store = LaneStore(flash)
    assert verdict(store, entry(0)) == ["stored"]
    flash.writeblocks = lambda *_: None  # a dead chip takes everything and keeps nothing
    assert verdict(store, entry(1)) == ["lost"] and store.fault == "store_fault"
