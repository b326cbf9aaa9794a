# SPDX-License-Identifier: Apache-2.0
"""The data objects that GET DATA gives, and which of them change (qpboc.md 2.12).

`card` is a sim.card.Card. After a GPO in the second currency the tags of the first give the values
of the second (JR/T 0025.15 5.3.3); before one they give those of the first.
"""

from sim.card_money import PURSES
from sim.coding import n12
from sim.profile import SPECIAL_DEVICE

READABLE = (
    0x9F36, 0x9F13, 0x9F17, 0x9F4F, 0x9F79, 0x9F6D, 0x9F5D, 0x9F77, 0x9F78, 0x9F6B, 0x9F68, 0x9F51,
    0xDF71, 0xDF72, 0xDF76, 0xDF77, 0xDF78, 0xDF79, 0xDF4F, 0xDF61, 0xDF62, 0xDF63,
)  # fmt: skip
# What stands for a tag in the second currency
SECOND = {0x9F79: 0xDF79, 0x9F6D: 0xDF76, 0x9F77: 0xDF77, 0x9F78: 0xDF78, 0x9F6B: 0xDF72}


def get_data(card, tag):
    """The value that GET DATA of `tag` gives now; None when it gives none (6A88)."""
    if tag not in READABLE or f"{tag:04X}" in card.image.get("unreadable", SPECIAL_DEVICE):
        return None
    if card.purse:
        tag = SECOND.get(tag, tag)
    return data_object(card, tag)


def data_object(card, tag):
    """The value of `tag` now, None when the card has no such object."""
    own, state = card.image["internal_data"].get(f"{tag:04X}"), card.state
    if card.capp and tag in card.capp.TAGS:
        return card.capp.data_object(tag)
    if own is None:
        return None
    if tag in (0x9F36, 0x9F13):
        return state["atc" if tag == 0x9F36 else "online_atc"].to_bytes(2, "big")
    if tag in (0x9F79, 0xDF79):
        return n12(state[PURSES[tag == 0xDF79]])
    if tag == 0x9F5D:  # personalised as zero: switched off (JR/T 0025.12 C.1)
        return n12(state[PURSES[card.purse]]) if int(own) else None
    return bytes.fromhex(own)
