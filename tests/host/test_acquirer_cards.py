# SPDX-License-Identifier: Apache-2.0
"""What the simulated acquirer's issuer makes of chip data: the published card's, and bent ones."""

import pytest

from firmware.errors import FormatError
from firmware.formats import record
from host_tools import clearing
from sim import coding
from sim.acquirer_cards import MUST, Chip, Issuers, read_chip
from tests.host.acquirer_stand import OneIssuer, pan_of, sale
from tests.host.card_reading import shared_json
from tests.host.test_card import published, recorded


def test_the_published_cards_cryptogram_is_known_and_no_other():
    """The bytes of a recorded session, the keys of the published image: neither is ours."""
    image = shared_json("vectors", "test_card.json")["images"]["0031"]
    issuers, pdol = Issuers(images=[image]), published().pdol
    (presentation,) = recorded("pboc-offline-tc-fdda01").presentations
    command, answer = next((c, a) for c, a, _ in presentation if c[1] == 0xA8)
    values, at = {}, 7
    for tag, length in pdol:
        values[tag] = command[at : at + length]
        at += length
    values.update(coding.objects(coding.objects(answer[:-2])[0][1]))
    assert issuers.knows(image["pan"], "01", Chip(values))
    for tag in (0x9F02, 0x9F37, 0x9F26, 0x9F36, 0x82, 0x9F10):
        bent = values[tag][:-1] + bytes([values[tag][-1] ^ 1])
        if tag == 0x9F10:  # its last bytes are for the issuer alone: bend the card's verdict
            bent = values[tag][:4] + bytes([values[tag][4] ^ 1]) + values[tag][5:]
        assert not issuers.knows(image["pan"], "01", Chip({**values, tag: bent})), "%X" % tag
    assert not issuers.knows("6228000100001118", "01", Chip(values))


def field_55():
    return clearing.field_55(dict(coding.objects(record.unpack(sale(1))["chip_data"]))).hex()


def test_chip_data_is_read_in_its_order():
    chip = read_chip(field_55())
    assert [tag for tag in chip.values if tag in MUST] == list(MUST)
    assert Issuers([OneIssuer()]).knows(pan_of(1), "01", chip)
    assert not Issuers([OneIssuer()]).knows(pan_of(2), "01", chip)
    assert not Issuers([OneIssuer()]).knows(pan_of(1), "02", chip)
    assert not Issuers().knows(pan_of(1), "01", chip)


@pytest.mark.parametrize("tag", MUST)
def test_chip_data_that_lacks_or_doubles_a_tag_is_refused(tag):
    objects = coding.objects(bytes.fromhex(field_55()))
    without = [one for one in objects if one[0] != tag]
    doubled = objects + [one for one in objects if one[0] == tag]
    longer = [(one, value + b"\0" * (one == tag and one != 0x9F10)) for one, value in objects]
    wrong = [without, doubled, objects[::-1]] + [longer] * (tag != 0x9F10)
    for bent in wrong:
        with pytest.raises(FormatError):
            read_chip(b"".join(coding.tlv(one, value) for one, value in bent).hex())
