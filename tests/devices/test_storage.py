# SPDX-License-Identifier: Apache-2.0
"""A journal that fills says so at 80 and 95 per cent, and what it tells of its wear."""

from firmware.errors import JournalFull
from firmware.formats import record
from sim.flash import Flash
from tests.small_card import SmallCard
from tests.stand import Stand


class Unit(Stand):
    """With more than two records behind each level."""

    flash = Flash(72, 1536)

    def lamp(self, colour):
        """Seen by nobody; Stand counts the journal here, which takes the heap of a board."""


def storage_events(stand):
    return [one for one in stand.events if one["event"] == "storage"]


def newest(stand):
    """What the last record says, "" where there is none."""
    for _, data in stand.journal.recent(1):
        return record.unpack(data)["reason"]
    return ""


def fill_to(stand, share):
    """Records until the journal is so full."""
    event = record.pack(record.blank(record.EVENT))
    try:
        while stand.journal.fill() < share:
            stand.journal.append(event)
    except JournalFull:
        pass


def minute(stand):
    stand.clock.advance(61)
    stand.terminal.turn()


def test_store_should_warn_before_it_is_full():
    """CL-014: on the panel each minute, as event and record once a level; sales go on."""
    stand = Unit()
    minute(stand)
    assert storage_events(stand) == [] and newest(stand) == ""
    said = []
    for share, level in ((0.8, "journal_80"), (0.95, "journal_95")):
        fill_to(stand, share)
        for _ in range(3):
            minute(stand)
        said.append(newest(stand))
        assert said[-1] == level
        assert ("show", "Storage low: connect it", 0) in stand.log
    filled = [one["fill"] for one in storage_events(stand)]
    assert len(filled) == 2 and 80 <= filled[0] < 95 <= filled[1]
    stand.journal.acknowledge(stand.journal.settled_upto())
    minute(stand)
    assert stand.terminal.storage.level == 0
    assert stand.tap(SmallCard())["outcome"] == "approved"


def test_service_should_end_with_what_the_storage_has_seen():
    """Wear and torn ends, beside the counters."""
    stand = Stand()
    stand.tap(SmallCard())
    stand.terminal.stop()
    stand.terminal.turn()
    (event,) = storage_events(stand)
    assert event["waiting"] == 1 and event["torn"] == 0 and event["fill"] < 80
    fewest, most, mean = event["erases"]
    assert fewest == 0 <= mean <= most == 1
