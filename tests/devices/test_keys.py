# SPDX-License-Identifier: Apache-2.0
"""CA keys of a device at work: the round of checks, the alarm, the switch for SDA."""

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
    whole = stand.terminal.sale.parameters
    stand.terminal.sale.parameters = parameters.parse(FLEET + "sda: no\n", "fleet")
    assert detail() == "AIP without DDA"
    stand.terminal.sale.parameters = whole
    assert detail() == "AIP without DDA, static data: SSAD trailer"
