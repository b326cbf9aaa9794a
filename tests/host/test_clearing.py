# SPDX-License-Identifier: Apache-2.0
"""From the wire to the clearing message: what was sent and received arrives, byte for byte."""

import json
import time

import pytest

from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel import tags, tlv
from host_tools import clearing
from host_tools.cli.runtime import runtime_command
from sim import coding
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import TERMINAL, Rig
from sim.timing import Timing
from tests.host.console import PATIENCE_S, faretap
from tests.small_card import SmallCard, bend, replaced
from tests.stand import Stand

MUST = [0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02, 0x5F2A, 0x82, 0x9F1A]
PDOL = (  # of the simulator's cards, to cut a GPO without the kernel
    (0x9F66, 4), (0x9F02, 6), (0x9F03, 6), (0x9F1A, 2), (0x95, 5), (0x5F2A, 2), (0x9A, 3),
    (0x9C, 1), (0x9F37, 4),
)  # fmt: skip
OF_THE_TERMINAL = {0x84, 0x9F33, 0x9F35, 0x9F1E, 0x9F09, 0x9F41, 0x9F27, 0x8A}
CARDS = (("one", "adult", "62280001", Profile()),)


def raw_record(card, extra=""):
    """Bytes of the record of one tap at a stand."""
    stand = Stand(extra)
    assert stand.tap(card)["outcome"] == "approved"
    return [data for _, data in stand.journal.records()][-1]


def objects(field_55):
    return dict(coding.objects(bytes.fromhex(field_55)))


def on_the_wire(exchanges):
    """Dict tag -> value of all that one presentation sent and got."""
    seen = {}
    for command, answer in exchanges:
        if command[1] in (0xA8, 0xB2) and answer[-2:] == b"\x90\x00":
            seen.update(coding.objects(coding.objects(answer[:-2])[0][1]))
        if command[1] == 0xA8:
            data = command[7:]
            for tag, length in PDOL:
                seen[tag], data = data[:length], data[length:]
    return seen


def test_field_55_should_be_what_went_over_the_wire(tmp_path):
    """QT-258: card, chip, terminal process, upload and ledger; then each byte of field 55."""
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.field.place(rig.cards["one"])
        assert until(rig.firmware, "tap")[-1]["outcome"] == "approved"
        wire = on_the_wire(rig.field.sent(rig.cards["one"])[0])
        end = time.monotonic() + PATIENCE_S
        while not rig.ledger.raw(TERMINAL):
            assert time.monotonic() < end, "no record came"
            time.sleep(0.05)
        [(sequence, raw)] = rig.ledger.raw(TERMINAL)
    fields = clearing.sale_fields(raw)
    found = objects(fields["55"])
    assert list(found)[: len(MUST)] == MUST
    assert found[0x9F27] == b"\x40" and found[0x8A] == b"Y1" and len(found[0x9F26]) == 8
    for tag, value in found.items():
        assert tag in OF_THE_TERMINAL or value == wire[tag], "%X" % tag
    assert fields["4"] == wire[0x9F02].hex() and fields["38"] == wire[0x9F74].decode()
    done = faretap("ledger", "clearing", "--database", tmp_path / "ledger.db")
    assert json.loads(done.stdout) == {"terminal": 1, "sequence": sequence, **fields}


def test_entry_mode_should_say_contactless_qpboc():
    """QT-261, CL-005: fields 22 and 60; a record of another path is no sale of ours."""
    raw = raw_record(SmallCard())
    fields = clearing.sale_fields(raw)
    assert fields["22"].startswith("07") and fields["60"] == "3600000000060"
    values = record.unpack(raw)
    full_path = values["chip_data"].replace(bytes.fromhex("9F660428"), bytes.fromhex("9F660448"))
    assert full_path != values["chip_data"]
    with pytest.raises(FormatError, match="qPBOC"):
        clearing.sale_fields(record.pack({**values, "chip_data": full_path}))


@pytest.mark.parametrize(
    "iad",
    [
        "0701010390000001",
        "07010103900000010A010000000054B7A69F",
        "07010103900000010F01000000980003000000005463B7A69F",
        "070117039000000105AABBCCDDEE",
    ],
)
def test_issuer_data_should_travel_whole_and_unread(iad):
    """QT-259: none, balance with MAC, two amounts with MAC, static data."""
    card = SmallCard()
    card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.IAD, bytes.fromhex(iad)))
    assert objects(clearing.sale_fields(raw_record(card))["55"])[0x9F10].hex().upper() == iad


def test_approval_code_should_go_into_field_38():
    """QT-260, CL-004."""
    assert clearing.sale_fields(raw_record(SmallCard()))["38"] == "ECC001"


@pytest.mark.parametrize(("currency", "field_49"), [("0156", "156"), ("0344", "344")])
def test_currency_should_be_the_one_that_was_sent(currency, field_49):
    """QT-264: 5F2A as configured; the amount is the same number in each."""
    fields = clearing.sale_fields(raw_record(SmallCard(), "currency: " + currency))
    assert (fields["4"], fields["49"]) == ("000000000200", field_49)
    assert objects(fields["55"])[0x5F2A].hex() == currency


@pytest.mark.parametrize("kind", [number for number, name in record.KINDS if name != "approved"])
def test_nothing_but_a_sale_should_be_cleared(kind):
    """QT-159, CL-010: whatever else was recorded, a TC among its data or not."""
    values = record.unpack(raw_record(SmallCard()))
    assert values["tc"] != bytes(8)
    with pytest.raises(FormatError, match="no sale"):
        clearing.sale_fields(record.pack({**values, "kind": kind}))


def test_sale_without_its_currency_should_not_be_guessed():
    values = record.unpack(raw_record(SmallCard()))
    kept = [one for one in tlv.parse(values["chip_data"]) if one.tag != tags.CURRENCY]
    bare = b"".join(tlv.build(one.tag, one.value) for one in kept)
    with pytest.raises(FormatError, match="currency"):
        clearing.sale_fields(record.pack({**values, "chip_data": bare}))
