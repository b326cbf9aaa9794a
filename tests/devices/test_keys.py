# SPDX-License-Identifier: Apache-2.0
"""CA keys of a device at work: the round of checks, the alarm, the switch for SDA."""

from firmware.devices.terminal import Parts
from firmware.formats import parameters
from firmware.kernel import capk, tags, tlv
from tests.small_card import SmallCard
from tests.stand import FLEET, Stand


def test_damaged_key_should_be_disabled_and_reported():
    """QT-022: an event on the wire, an event record in the journal, no sale by that key."""
    stand, card = Stand(), SmallCard()
    keys = stand.terminal.sale.keys
    assert stand.tap(card)["outcome"] == "approved"
    parts = list(keys.capks[0])
    parts[3] = b"\x00" + parts[3][1:]  # its modulus, as if memory had lost it
    keys.ring.capks = (capk.Capk(*parts),)
    for _ in range(4):
        stand.terminal.turn()
    assert keys.capks == ()
    told = [one for one in stand.events if one["event"] == "ca_key"]
    assert told == [{"event": "ca_key", "text": "A000000333 F1 is damaged"}]
    kind, values = stand.records()[-1]
    assert (kind, values["reason"]) == ("event", "ca_key_damaged A000000333 F1")
    event = stand.tap(SmallCard("6228000100000028"))
    assert (event["outcome"], event["detail"]) == ("declined", "CA key F1 is not known")
    assert (event["taken"], event["message"]) == (False, "oda_failed")


def test_switch_for_sda_should_count_from_the_next_tap():
    """QT-008: no restart; the card is refused either way."""
    stand = Stand()

    def detail():
        card = SmallCard()
        card.aip = b"\x40\x00"
        card.personalise("351231")
        card.records[3][2] += tlv.build(tags.SSAD, bytes(80))
        event = stand.tap(card)
        assert (event["outcome"], event["reason"], event["taken"]) == (
            "declined",
            "oda_failed",
            False,
        )
        assert card.asked_last() == 0
        return event["detail"]

    assert detail() == "AIP without DDA, static data: SSAD trailer"
    whole = stand.terminal.sale.purchases.parameters
    stand.terminal.sale.purchases.parameters = parameters.parse(FLEET + "sda: no\n", "fleet")
    assert detail() == "AIP without DDA"
    stand.terminal.sale.purchases.parameters = whole
    assert detail() == "AIP without DDA, static data: SSAD trailer"


class FullJournal:
    """A journal with so much room left."""

    def __init__(self, left):
        self.left, self.taken = left, []

    def room(self):
        return self.left

    def append(self, data):
        self.taken.append(data)


def test_alarm_should_leave_the_last_place_to_a_sale():
    """QT-022: reported in any case."""
    for left, taken in ((0, 0), (1, 0), (2, 1)):
        stand = Stand()
        keys, told, journal = stand.terminal.sale.keys, [], FullJournal(left)
        keys.parts = Parts(*[None] * 4 + [journal, None, None, told.append, None])
        bad = list(keys.capks[0])
        keys.ring.capks = (capk.Capk(*bad[:8] + [bytes(20)]),)
        keys.idle()
        assert (len(told), len(journal.taken)) == (1, taken)


def test_keys_should_be_made_faster_between_cards():
    """QT-162: a slice a turn, while nothing else is due."""

    class Slow:
        table = None

        def improve(self):
            for _ in range(3):
                yield
            self.table = b"made"

    stand, key = Stand(), Slow()
    stand.terminal.sale.keys.cache.keep(b"one", key)
    turns = 0
    while key.table is None:
        stand.terminal.turn()
        turns += 1
        assert turns < 9
    assert turns == 4
