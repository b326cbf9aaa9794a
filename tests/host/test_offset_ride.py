# SPDX-License-Identifier: Apache-2.0
"""A ride on the deposit: a fare above the balance at a metro's exit, from card to settlement."""

import pytest

from firmware.formats import extension, record
from host_tools.ledger import stamp_sums, stamps
from sim.capp_profile import Extension
from sim.card import Card
from sim.issuer import Profile
from tests.devices.parking_stand import PAN
from tests.host.record_torn import authority
from tests.host.test_metro_torn import FARE_FEN, Gate


class Net(Gate):
    """A gate that shows the balance as its settings say; `shows` of the class."""

    shows = "net"

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more["balance"] = self.shows
        return super().trade(settings, parameters, relay, clock, keys)


class AsTold(Net):
    shows = "card"


def new_card(r_mac):
    """3.00 yuan, and 20.00 that it may go below nothing."""
    extended = Extension(("metro", "rides"), r_mac=r_mac, offset_fen=2000)
    profile = Profile(balance_fen=300, extended=extended)
    return Card(authority().issue_issuer().personalise(PAN, profile))


@pytest.mark.parametrize("r_mac", [False, True])
def test_a_fare_above_the_balance_should_be_drawn_and_settled(r_mac, ledger):
    """QX-059, QX-060, QX-061: taken, told on the panel, and in the ledger's lines."""
    card = new_card(r_mac)
    assert Net("entry", 1, 0).tap(card)["message"] == "entered"
    gate = Net("exit", 3, 30)
    event = gate.tap(card)
    assert (event["outcome"], event["balance_fen"]) == ("approved", 0)
    assert (card.balance_fen, card.capp.more["offset_used_fen"]) == (0, FARE_FEN - 300)
    (told,) = [extension.of(one) for kind, one in gate.records() if kind == "approved"]
    assert told["funds"] == {"balance_fen": 300, "offset_limit_fen": 2000, "offset_used_fen": 0}
    ((_, values),) = [one for one in gate.records() if one[0] == "approved"]
    ledger.time_utc_s = lambda: values["time_utc_s"] + 60
    ledger.commit(8, [(1, record.pack(values))])
    with ledger.engine.connect() as connection:
        (row,) = connection.execute(stamps.STAMPS.select())
    assert (row.offset_fen, row.owed_fen) == (FARE_FEN - 300, FARE_FEN - 300)
    lines = {one.what: one.fen for one in stamp_sums.lines(ledger, row.business_day)}
    assert lines["offset drawn"] == FARE_FEN - 300 and lines["exit"] == FARE_FEN


def test_a_balance_should_be_asked_for_where_it_is_shown_net():
    """QX-060: by the setting; else the record says nothing of it."""
    card = new_card(False)
    assert AsTold("entry", 1, 0).tap(card)["message"] == "entered"
    gate = AsTold("exit", 3, 30)
    assert gate.tap(card)["outcome"] == "approved"
    assert [extension.of(one)["funds"] for kind, one in gate.records() if kind == "approved"] == [
        None
    ]
