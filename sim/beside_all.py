# SPDX-License-Identifier: Apache-2.0
"""Which machines stand beside which device on the stage."""

from sim.beside import Beside
from sim.beside_access import BesideAccess
from sim.beside_coach import BesideCoach
from sim.beside_gate import BesideGate
from sim.beside_parking import BesideParking
from sim.beside_taxi import BesideTaxi

KINDS: dict[str, type[Beside]] = {
    "access": BesideAccess,
    "coach": BesideCoach,
    "gate": BesideGate,
    "parking": BesideParking,
    "taxi": BesideTaxi,
}


def beside(play):
    """What stands beside the device of a play; nothing beside those that are not listed."""
    return KINDS.get(play.scenario.device, Beside)(play)
