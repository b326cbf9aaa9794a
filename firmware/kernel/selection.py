# SPDX-License-Identifier: Apache-2.0
"""Application selection: PPSE, candidate list, final SELECT (JR/T 0025.12 §6.4, .3 §12.3).

Nothing here changes the card. A refusal is an Outcome `other_interface`; a lost link goes up to
the caller.
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.kernel import apdu, dol, outcome, tags, tlv

MAX_CANDIDATES = 16  # entries of a PPSE answer; a card of the book has a few

# aid bytes; partial: True when a longer card AID may match (ASI 0, QT-025)
ListedAid = namedtuple("ListedAid", ("aid", "partial"))
# aid: the card's full ADF name; priority: low nibble of 87, 0 = none
Candidate = namedtuple("Candidate", ("aid", "priority"))
# aid: bytes; fci: dict tag -> value of what KEPT names; pdol: entries of dol.parse, None without
# 9F66; pdol_value: 9F38 as it came
Selected = namedtuple("Selected", ("aid", "fci", "pdol", "pdol_value"))
KEPT = (  # of A5 and its BF0C (QT-090)
    tags.APPLICATION_LABEL,
    tags.PREFERRED_NAME,
    tags.LANGUAGE,
    tags.CODE_TABLE,
    tags.LOG_ENTRY,
    tags.LOAD_LOG_ENTRY,
    tags.EXTENDED_APPLICATION,
)

# What a status word of the final SELECT says (qpboc.md 2.13)
REFUSED = {0x6283: "app_blocked", 0x6A81: "card_blocked", 0x6A82: "app_missing"}


def _other(reason, detail):
    return outcome.refused(outcome.OTHER_INTERFACE, reason, detail)


def listed(aid, aids):
    """The first ListedAid that `aid` equals, or begins with where ASI allows; None (QT-081)."""
    for one in aids:
        if aid == one.aid or (one.partial and aid.startswith(one.aid)):
            return one
    return None


def directory_entries(data):
    """Candidates of a PPSE answer in its order, entries without a usable 4F left out (QT-079)."""
    proprietary = tlv.find(tlv.parse_template(data, tags.FCI), tags.FCI_PROPRIETARY)
    discretionary = tlv.find(proprietary.children, tags.FCI_DISCRETIONARY) if proprietary else None
    if not discretionary:
        raise FormatError("PPSE answer without A5 BF0C")
    if len(discretionary.children) > MAX_CANDIDATES:
        raise FormatError("PPSE answer with %d entries" % len(discretionary.children))
    candidates = []
    for entry in discretionary.children:
        name = tlv.find(entry.children, tags.ADF_NAME) if entry.tag == tags.FCI_ENTRY else None
        if name and 5 <= len(name.value) <= 16:
            mark = tlv.find(entry.children, tags.PRIORITY)
            priority = mark.value[0] & 0x0F if mark and mark.value else 0
            candidates.append(Candidate(name.value, priority))
    return candidates


def build_candidate_list(entries, aids):
    """What card and terminal have in common, best first (QT-082..084).

    Order of the card decides between equals.
    """
    common = [entry for entry in entries if listed(entry.aid, aids)]
    # MicroPython's sort does not keep the order of equals: the place goes into the key.
    places = sorted([(entry.priority or 16, at) for at, entry in enumerate(common)])
    return [common[at] for _, at in places]


def parse_fci(aid, data):
    """Selected of the answer to the final SELECT; raises FormatError (QT-087).

    pdol is None without a 9F38 with 9F66.
    """
    objects = tlv.parse_template(data, tags.FCI)
    name = tlv.find(objects, tags.DF_NAME)
    if not name or not 5 <= len(name.value) <= 16:
        raise FormatError("FCI without a DF name of 5 to 16 bytes")
    proprietary = tlv.find(objects, tags.FCI_PROPRIETARY)
    if not proprietary:
        raise FormatError("FCI without A5")
    discretionary = tlv.find(proprietary.children, tags.FCI_DISCRETIONARY)
    kept = {}
    for one in proprietary.children + (discretionary.children if discretionary else []):
        if one.tag in KEPT:
            kept[one.tag] = one.value
    pdol = tlv.find(proprietary.children, tags.PDOL)
    entries = dol.parse(pdol.value) if pdol else ()
    usable = tags.TTQ in [tag for tag, _ in entries]
    return Selected(aid, kept, entries if usable else None, pdol.value if pdol else b"")


def select_application(aids):
    """Generator: Selected, or an Outcome. aids: the ListedAid of the terminal."""
    try:
        data, sw = apdu.split((yield apdu.select(apdu.PPSE)))
        if sw != apdu.SW_OK:
            return _other("no_ppse", "SW %04X" % sw)
        entries = directory_entries(data)
    except FormatError as wrong:
        return _other("no_ppse", str(wrong))  # QT-077
    candidates = build_candidate_list(entries, aids)
    if not candidates:
        return _other("no_common_app", "%d applications, none listed" % len(entries))  # QT-085
    aid = candidates[0].aid  # the full name (QT-080)
    try:
        data, sw = apdu.split((yield apdu.select(aid)))
        if sw != apdu.SW_OK:
            reason = REFUSED.get(sw, "app_refused")  # QT-086
            return _other(reason, "SELECT %s: SW %04X" % (aid.hex().upper(), sw))
        selected = parse_fci(aid, data)
    except FormatError as wrong:
        return _other("no_pdol_ttq", str(wrong))
    if selected.pdol is None:
        return _other("no_pdol_ttq", "PDOL does not ask for 9F66")  # QT-088
    return selected
