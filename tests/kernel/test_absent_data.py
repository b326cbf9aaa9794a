# SPDX-License-Identifier: Apache-2.0
"""What is absent: values the terminal has not, a PDOL the card has not."""

from firmware.kernel import dol, selection, tags, tlv

AID = bytes.fromhex("A000000333010101")


def test_absent_values_should_be_zero_whatever_their_format():
    """QT-092: a compressed numeric one too, which is filled up with F where it is there."""
    for tag in (tags.PAN, 0x9F20, tags.AMOUNT, tags.UN, 0x9F4E, 0xDF60):
        assert dol.fill(((tag, 8),), {}) == bytes(8), hex(tag)
        assert dol.fill(((tag, 8),), {tag: b""}) == bytes(8), hex(tag)
    assert dol.fill(((tags.PAN, 4),), {tags.PAN: b"\x12"}) == b"\x12\xff\xff\xff"


def test_fci_without_pdol_should_ask_for_nothing():
    """QT-088: no PDOL, no 9F66."""
    label = tlv.build(tags.APPLICATION_LABEL, b"X")
    body = tlv.build(tags.DF_NAME, AID) + tlv.build(tags.FCI_PROPRIETARY, label)
    selected = selection.parse_fci(AID, tlv.build(tags.FCI, body))
    assert selected.aid == AID and selected.pdol is None and selected.pdol_value == b""
