# SPDX-License-Identifier: Apache-2.0
"""The kernel against published TLV and DOL data."""

from firmware.kernel import dol, tlv
from tests.published import entries, octets
from tests.refusal import refusal


def tree(objects):
    """The decoded objects in the shape of the published tree."""
    found = []
    for one in objects:
        node = {"tag": "%02X" % one.tag, "length": len(one.value)}
        if one.children is None:
            node["value"] = one.value.hex().upper() if one.value else ""
        else:
            node["children"] = tree(one.children)
        found.append(node)
    return found


def test_tlv_should_be_read_as_published():
    """QT-108: 93 good inputs object by object, 11 that are refused."""
    counts = {True: 0, False: 0}
    for case in entries("tlv", "cases"):
        data = octets(case["input"])
        counts[case["ok"]] += 1
        if case["ok"]:
            assert tree(tlv.parse(data)) == case["tree"], case["id"]
        else:
            assert refusal(tlv.parse, data)
    assert counts == {True: 93, False: 11}


def test_dol_should_be_read_and_filled_as_published():
    """QT-091..094: entries, lengths, and the values joined."""
    counts = {True: 0, False: 0}
    for case in entries("dol", "cases"):
        data = octets(case["dol"])
        counts[case["ok"]] += 1
        if not case["ok"]:
            assert refusal(dol.parse, data)
            continue
        found = dol.parse(data)
        assert [["%02X" % tag, length] for tag, length in found] == case["entries"]
        assert sum([length for _, length in found]) == case["data_length"]
        if "built" in case:
            values = {int(tag, 16): octets(value) for tag, value in case["sources"].items()}
            assert dol.fill(found, values) == octets(case["built"]), case["id"]
    assert counts == {True: 25, False: 2}
