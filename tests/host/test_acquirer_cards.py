# SPDX-License-Identifier: Apache-2.0
"""What the simulated acquirer's issuer makes of chip data: the published card's, and bent ones."""

from functools import cache

import pytest
import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools import clearing
from host_tools.acquirer import intake
from host_tools.acquirer.tables import ACKED
from host_tools.ledger.schema import RECORDS
from sim import coding
from sim.acquirer_cards import MUST, Chip, Issuers, read_chip
from sim.card import Card
from sim.issuer import Authority, Profile
from tests.host.acquirer_stand import OneIssuer, Stand, pan_of, sale
from tests.host.card_reading import shared_json
from tests.host.test_acquirer_present import rows
from tests.host.test_card import published, recorded
from tests.stand import Stand as Terminal


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


@cache
def authority():
    """A CA beside the one that the terminal on its stand has."""
    return Authority.generate(index=0xF4, bits=1408)


@cache
def issuer():
    return authority().issue_issuer(bits=1152)


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


@pytest.mark.parametrize("terms", [{}, {"cvn": "17"}, {"idd": "03"}, {"psn": "00"}])
def test_a_tap_at_a_terminal_is_taken_by_the_acquirer(tmp_path, terms):
    """CL-002, CL-003: card, kernel, journal, ledger, message, issuer: the cryptogram holds."""
    at_terminal = Terminal("ca: " + authority().ca_line())
    card = Card(issuer().personalise("6228000100000010", Profile(**terms)))
    assert at_terminal.tap(card)["outcome"] == "approved"
    raw = [data for _, data in at_terminal.journal.records()][-1]
    stand = Stand(tmp_path)
    stand.host.issuers = Issuers([issuer()])
    stand.ledger.commit(7, [(1, raw)])
    with stand.ledger.engine.connect() as connection:
        day = connection.execute(sa.select(RECORDS.c.settled_on)).scalar_one()
    intake.queue_day(stand.ledger, stand.profile, day, open_day=True)
    stand.present()
    assert rows(stand) == [ACKED], stand.events
    assert stand.acquirer_book.count() == 1
