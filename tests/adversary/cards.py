# SPDX-License-Identifier: Apache-2.0
"""Cards of the adversary, made once and copied: with and without R-MAC, both ciphers, offset,
passes and meters; and what they say of themselves.
"""

import copy
from functools import cache

from firmware.capp import layouts
from sim import capp_hostile
from sim.capp_personalise import extended
from sim.capp_profile import Extension
from sim.card import Card
from sim.hostile import Hostile
from sim.issuer import Profile
from sim.meter_home import give_out
from tests.adversary.kinds import METER
from tests.devices.parking_stand import OTHER, PAN
from tests.host.record_torn import authority

PANS = (PAN, OTHER)
PASSES = {
    "rides": {"pass_kind": layouts.RIDES, "rides": 3, "price_fen": 1000},
    "days": {"pass_kind": layouts.DAYS, "period_days": 1, "price_fen": 900},
}


@cache
def _issuer():
    return authority().issue_issuer()


@cache
def _image(pan, r_mac, freezes):
    """Image of a card with this DF61: keys take long to make, all else is put in anew."""
    extended = Extension(("metro",), r_mac=r_mac, pre_authorisation=freezes)
    return _issuer().personalise(pan, Profile(extended=extended))


def new_card(place, records, spec, cipher):
    """A card of number PANS[place]; spec: dict of r_mac, offset_fen, withheld, on_pass,
    balance_fen.
    """
    freezes = bool({"bike", "fuel"} & set(records))
    asked = {name: spec[name] for name in ("r_mac", "offset_fen", "withheld")}
    extension = Extension(records, cipher=cipher, pre_authorisation=freezes, **asked)
    image = copy.deepcopy(_image(PANS[place], spec["r_mac"], freezes))
    image["extended"] = extended(image["pan"], "01", extension)
    card = Card(image)
    card.state["balance_fen"] = spec["balance_fen"]
    if spec["on_pass"] and "pass" in records:
        fields = {**PASSES[spec["on_pass"]], "from_day": 20260101, "until_day": 20271231}
        _write(card, "pass", fields)
    if "meter" in records:
        give_out(card, "gas", METER)
    return card


def bent(card, name):
    """The card as a liar of capp_hostile, where `name` is the index of a row that suits it."""
    rows = [*capp_hostile.rows(), *capp_hostile.torn_rows()]
    row = rows[name % len(rows)]
    if row.r_mac is not None and row.r_mac != card.capp.r_mac:
        return card
    return Hostile(card, row.bend)


def _write(card, trade, fields):
    sfi, _, _, layout = layouts.OWN[trade]
    for row in card.state["extended"]["records"]:
        if row[0] == f"{sfi:02X}":
            row[1] = layouts.write(layout, bytes.fromhex(row[1]), fields).hex().upper()


def image_of(card, sfi):
    """Bytes of the first record of a file; of the newest ride, b"" where there is none."""
    more = card.state["extended"]
    if sfi == 0x1E:
        return bytes.fromhex((more["ring"]["records"] or [""])[0])
    found = [data for place, data, _ in more["records"] if place == f"{sfi:02X}"]
    return bytes.fromhex(found[0])


def finals(card):
    """{ATC: fen} of the debits that are final; of what froze a sum: {ATC: "frozen"} likewise."""
    found = {}
    for row in card.state["debits"]:
        if row[2]:
            found[row[0]] = "frozen" if len(row) > 5 else row[1]
    return found
