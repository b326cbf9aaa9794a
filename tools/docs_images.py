# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/images.md: boards, and how their flash is divided."""

from firmware.boot import layout
from host_tools.image import boards


def tables(table):
    """{name of a table: who prints it}; table(head, rows) makes it Markdown."""
    return {"boards": lambda: table(*_boards()), "regions": lambda: table(*_regions())}


def _boards():
    head = ["`BOARD=`", "board", "mpy-cross `-march=`", "is written by", "family of UF2"]
    rows = []
    for one in boards.MAKERS:
        by = "esptool" if one.kind == boards.ESPTOOL else "UF2"
        family = "%08X" % one.family if one.family else ""
        rows.append(["`%s`" % one.word, one.name, one.march, by, family])
    return head, rows


def _regions():
    head = ["board", "storage at", "blocks of 4 KB", "regions: blocks, one behind the other"]
    rows = []
    for word, _, base, blocks, regions in layout.BOARDS:
        told = ", ".join("%s %d" % region for region in regions)
        rows.append(["`%s`" % word, "%X" % base, str(blocks), told])
    return head, rows
