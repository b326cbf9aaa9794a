# SPDX-License-Identifier: Apache-2.0
"""Parts and settings in, terminal out. The roots (main.py, sim/desk.py) hand in what differs.

hal: module of the contract in firmware/hal; clock and random_bytes may be others than hal's, so
that
a replay can stand still. Nothing below this file knows where its parts came from.
"""

from firmware.devices.panel import ReportPanel
from firmware.devices.sources import Qualifiers, UnpredictableNumbers
from firmware.devices.terminal import Parts, Terminal
from firmware.journal import Journal
from firmware.link import Link
from firmware.reader.bus import Hsu
from firmware.reader.healing import HealingReader
from firmware.reader.pn532 import Pn532
from firmware.upload import Uploader


def open_journal(settings, hal):
    """Journal on the flash region or file that the settings name; recovers what the last run
    left.
    """
    _, where = settings.journal
    storage = hal.open_flash(where, settings.journal_blocks)
    return Journal(storage)


def open_reader(settings, hal, clock, report):
    """HealingReader at its highest working speed. LinkLost when there is no chip now."""
    _, where = settings.reader
    own_card = None
    if settings.reader_engine == "own":
        from firmware.reader.iso_dep import IsoDepCard  # few terminals need it, memory is small

        own_card = IsoDepCard
    trace = None
    if settings.trace == "frames":
        from firmware.reader.frame_trace import FrameTrace  # likewise

        trace = FrameTrace(report, clock)

    def make_chip(stream):
        bus = Hsu(stream, clock)
        if trace:
            trace.bus = bus
        seen = trace.frame if trace else None
        return Pn532(bus, clock, settings.reader_baud, trace=seen, own_card=own_card)

    reader = HealingReader(lambda: hal.open_serial(where, 115200), make_chip)
    reader.open()
    return reader


def open_uploader(settings, hal, journal):
    """Uploader over the link of the settings, None without one."""
    if settings.link is None:
        return None
    kind, where = settings.link

    def opener():
        if kind == "serial":
            return Link(hal.open_serial(where, settings.link_baud), hal)
        host, _, port = where.rpartition(":")
        return Link(hal.connect(host, int(port), 200), hal)

    return Uploader(journal, settings.terminal, opener, hal, hal.random_bytes)


def assemble(settings, parameters, hal, report):
    """Terminal of a unit, started. FormatError for bad settings, LinkLost without a reader."""
    numbers = UnpredictableNumbers(hal.random_bytes)
    return assemble_from(
        settings, parameters, hal, hal, numbers.draw, Qualifiers(parameters).qualify, report
    )


def assemble_inspector(settings, parameters, hal, report):
    """Inspector of a unit, started. LinkLost without a reader."""
    from firmware.devices import inspector  # where settings ask for it

    reader = open_reader(settings, hal, hal, report)
    parts = inspector.Parts(reader, hal, ReportPanel(report), report)
    device = inspector.Inspector(parts, parameters.aids, settings.trace)
    device.start()
    return device


def assemble_from(settings, parameters, hal, clock, draw_un, qualify, report):
    """The same with the caller's clock and sources: for a replay (devices/sources.py)."""
    journal = open_journal(settings, hal)
    parts = Parts(
        reader=open_reader(settings, hal, clock, report),
        clock=clock,
        draw_un=draw_un,
        qualify=qualify,
        journal=journal,
        uploader=open_uploader(settings, hal, journal),
        panel=ReportPanel(report),
        report=report,
    )
    terminal = Terminal(parts, settings, parameters)
    terminal.start()
    return terminal
