# SPDX-License-Identifier: Apache-2.0
"""Fare: what a card of a class pays. Pure, integers in fen, rounded down in the rider's favour."""

FULL = "adult"


def class_of(pan, classes):
    """FareClass with the longest prefix that fits `pan`; None for the full fare.

    classes: formats.parameters.FareClass.
    """
    best = None
    for one in classes:
        if pan.startswith(one.prefix) and (best is None or len(one.prefix) > len(best.prefix)):
            best = one
    return best


def price(full_fen, fare_class):
    """Fare in fen of `fare_class` (None: full), at least 1 fen."""
    if fare_class is None:
        return full_fen
    return max(1, full_fen * fare_class.percent // 100)


def name(fare_class):
    """Name of a class as records carry it."""
    return fare_class.name if fare_class else FULL
