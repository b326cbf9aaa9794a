# SPDX-License-Identifier: Apache-2.0
"""Stations 1, 2 and 3 of a metro: settings of a gate there, and prices from where to where."""

from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from tests.fares.tables import Bytes, packed, product

PRICES = ((200, 300, 400), (300, 200, 300), (400, 300, 200))


class At:
    """Settings of a gate at this station."""

    terminal, line = 1501, 2

    def __init__(self, settings, stop):
        self.more, self.stop = settings.more, stop


def tariff():
    """Three stations; an unknown one costs 9 yuan."""
    places = [{"stop": at, "value": at - 1} for at in (1, 2, 3)]
    cells = [{"fen": fen} for row in PRICES for fen in row]
    one = product("metro", layout.MATRIX, fen=900, places=3, prices=3)
    return Cutover([Fares(Bytes(packed({"products": [one], "places": places, "cells": cells})))])
