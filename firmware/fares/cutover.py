# SPDX-License-Identifier: Apache-2.0
"""Cutover: the fare table in force and the next one, changed at the exact second (TD-007).

tables = Cutover([fares, next_fares])
tables.price(trip)                     by the table of trip.when
tables.price(trip, version=7)          by the table that counted when the trip began
"""

from firmware.fares import calendar


class Cutover:
    """One or two Fares; the newest whose `effective` has come counts.

    `fault` as in engine.py, or no_table: none has come into force.
    """

    def __init__(self, tables):
        self.tables = sorted(tables, key=lambda one: (one.effective, one.version))
        self.fault = ""

    def at(self, when):
        """Fares in force at a local moment, to the second (TD-007); None before the first one, and
        for no moment.
        """
        found = None
        for one in self.tables if calendar.moment(when) else ():
            if one.effective <= tuple(when):
                found = one
        return found

    def of_version(self, version):
        """Fares of a trip that was begun with it (TD-007), None when it is not held any more."""
        for one in self.tables:
            if one.version == version:
                return one
        return None

    def price(self, trip, version=None):
        """Fare of a Trip, None where it is not sold: `fault` says why.

        version: of the table with which the trip began; it counts as long as it is held. Where
        the clock is not trusted nobody knows which table counts: the cheaper (TD-008).
        """
        found = []
        for one in self._asked(trip.when, trip.trusted, version):  # a board's stack is short
            found.append((one.price(trip), one.fault))
        return self._best(found)

    def stay(self, product, began, ended, pan="", trusted=True, spent=None):
        """Fare of a stay, by the table that was in force when it began."""
        fares = self._asked(began or ended, trusted, None)
        asked = [(one, one.stay(product, began, ended, pan, trusted, spent)) for one in fares]
        return self._best([(fare, one.fault) for one, fare in asked])

    def _asked(self, when, trusted, version):
        """The tables that may count."""
        kept = None if version is None else self.of_version(version)
        if kept is None and not trusted:
            return self.tables
        kept = kept or self.at(when)
        return [kept] if kept else []

    def _best(self, answers):
        best, self.fault = None, "" if answers else "no_table"
        for fare, fault in answers:
            self.fault = self.fault or fault
            if fare and (best is None or fare.amount_fen < best.amount_fen):
                best = fare
        if best:
            self.fault = ""
        return best
