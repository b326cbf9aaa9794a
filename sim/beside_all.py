# SPDX-License-Identifier: Apache-2.0
"""Which machines stand beside which device on the stage."""

from collections.abc import Callable

from sim.beside import Beside
from sim.beside_access import BesideAccess
from sim.beside_adjust import BesideAdjust
from sim.beside_attendance import BesideAttendance
from sim.beside_bike import BesideBike
from sim.beside_bus import BesideBus
from sim.beside_canteen import BesideCanteen
from sim.beside_coach import BesideCoach
from sim.beside_entry import BesideEntry
from sim.beside_fuel import BesideFuel
from sim.beside_gate import BesideGate
from sim.beside_gates import BesideGates
from sim.beside_kiosk import BesideKiosk
from sim.beside_lift import BesideLift
from sim.beside_meter_cards import BesideMeterCards
from sim.beside_metro import BesideMetro, BesideMetroEntry
from sim.beside_metro_card import BesideMetroCard
from sim.beside_parking import BesideParking
from sim.beside_parking_card import BesideParkingCard
from sim.beside_parking_day import BesideParkingDay
from sim.beside_parking_pay import BesideParkingPay
from sim.beside_shop import BesideShop
from sim.beside_stage import BesideStage
from sim.beside_taxi import BesideTaxi
from sim.beside_toll import BesideTollCard
from sim.beside_toll_store import BesideTollStore
from sim.beside_utilities import BesideUtilities


def lane_of(play):
    """What stands beside one lane of a car park: the other one, or a module at its slot."""
    if play.scenario.settings.get("trips") == "card":
        return BesideParkingCard(play)
    if "pay_lines" in play.scenario.settings:
        return BesideParkingDay(play)
    lanes = {"entry": BesideEntry, "pay": BesideParkingPay}
    return lanes.get(play.scenario.settings.get("lane"), BesideParking)(play)


def gate_of(play):
    """What stands beside a gate of a metro: by where its trips lie; other gates, or none."""
    if play.among:
        return BesideGates(play)
    if play.scenario.settings.get("trips") == "card":
        return BesideMetroCard(play)
    enters = play.scenario.settings.get("lane") == "entry"
    return (BesideMetroEntry if enters else BesideMetro)(play)


def toll_of(play):
    """What stands beside a toll lane: likewise."""
    card = play.scenario.settings.get("trips") == "card"
    return (BesideTollCard if card else BesideTollStore)(play)


def kiosk_of(play):
    """What stands beside a kiosk of a utility: who writes bills, or the meters at home."""
    units = play.scenario.settings.get("sells") == "units"
    return (BesideMeterCards if units else BesideUtilities)(play)


KINDS: dict[str, Callable[..., Beside]] = {
    "access": BesideAccess,
    "adjust": BesideAdjust,
    "attendance": BesideAttendance,
    "bike": BesideBike,
    "bus": BesideBus,
    "canteen": BesideCanteen,
    "coach": BesideCoach,
    "fuel": BesideFuel,
    "gate": BesideGate,
    "kiosk": BesideKiosk,
    "lift": BesideLift,
    "metro": gate_of,
    "parking": lane_of,
    "shop": BesideShop,
    "stage": BesideStage,
    "taxi": BesideTaxi,
    "toll": toll_of,
    "utilities": kiosk_of,
}


def beside(play):
    """What stands beside the device of a play; nothing beside those that are not listed."""
    return KINDS.get(play.scenario.device, Beside)(play)
