# SPDX-License-Identifier: Apache-2.0
"""Names in the directory of a card: 5 to 16 bytes, and what their order is made of."""

from firmware.kernel import selection, tags, tlv


def directory(*names):
    """PPSE answer with an entry for each name."""
    entries = [tlv.build(tags.FCI_ENTRY, tlv.build(tags.ADF_NAME, one)) for one in names]
    body = tlv.build(tags.FCI_PROPRIETARY, tlv.build(tags.FCI_DISCRETIONARY, b"".join(entries)))
    return tlv.build(tags.FCI, body)


def test_names_should_have_5_to_16_bytes():
    """QT-079: an entry without a usable 4F is left out, the others stay in their order."""
    names = [bytes((0xA0,)) * count for count in (4, 5, 16, 17, 7)]
    found = selection.directory_entries(directory(*names))
    assert [len(one.aid) for one in found] == [5, 16, 7]
    assert [one.priority for one in found] == [0, 0, 0]
