# SPDX-License-Identifier: Apache-2.0
"""An allow list on the tabletop, made of its wallet: who stands on it, in which zone, when."""

import secrets
from typing import NamedTuple

from host_tools import allow_list
from sim.tabletop_beside import Part

VERSION = 3
ALWAYS = "daily 00:00-24:00"
NOT_LISTED = ("其余的卡不在名单上", "All other cards are not on the list")


class Zone(NamedTuple):
    """word: of the list; hours: what stands behind it (host_tools/allow_list.py); names: cards."""

    word: str
    hours: str
    chinese: str
    english: str
    names: tuple[str, ...]


class Guests(Part):
    """`zones`: numbered as they stand; `rest`: what is said of all cards that are in none."""

    kind = "guests"

    def __init__(self, zones, rest=NOT_LISTED):
        super().__init__()
        self.zones, self.rest = zones, rest

    @staticmethod
    def where(folder):
        """For the settings: the path of the list."""
        return folder.resolve() / "allow.bin"

    def prepare(self, wallet, folder):
        """The list, of the cards that are in the wallet."""
        numbers = {entry.name: entry.pan for entry in wallet.entries}
        rows = [f"version: {VERSION}"]
        rows += [f"hours: {one.word} {one.hours}" for one in self.zones]
        rows += [
            f"card: {numbers[name]} {one.word}"
            for one in self.zones
            for name in one.names
            if name in numbers
        ]
        data = allow_list.build("\n".join(rows) + "\n", secrets.token_bytes(8))
        self.where(folder).write_bytes(data)

    def told(self):
        rows = [[one.chinese, one.english, list(one.names)] for one in self.zones]
        return {**super().told(), "rows": rows, "rest": self.rest}
