# SPDX-License-Identifier: Apache-2.0
"""Parts and settings in, terminal out. The roots (main.py, sim/desk.py) hand in what differs.

hal: module of the contract in firmware/hal; clock and random_bytes may be others than hal's, so
that
a replay can stand still. Nothing below this file knows where its parts came from.
"""

from firmware.devices.panel import ReportPanel
from firmware.devices.random_health import Health
from firmware.devices.sources import Qualifiers, UnpredictableNumbers
from firmware.devices.terminal import Parts, Terminal
from firmware.errors import FormatError, JournalFull, LinkLost
from firmware.journal import open_journal as open_records
from firmware.link import RECEIVE_RING, SEGMENT, Link
from firmware.reader.bus import Hsu
from firmware.reader.healing import HealingReader
from firmware.reader.pn532 import Pn532
from firmware.upload import Uploader

ROOMY_BYTES = 112 * 1024  # of heap free: a tap takes less than may be used up (hal/mpy.py)


def open_journal(settings, hal):
    """Journal on the flash region or file that the settings name; recovers what the last run
    left.
    """
    _, where = settings.journal
    storage = hal.open_flash(where, settings.journal_blocks)
    return open_records(storage, lambda: make_chain(settings.more))


def make_chain(more):
    """Chain of the archive, with the key of the settings. FormatError where they are wrong."""
    from firmware.journal.chain import KEY_MOST_BYTES, Chain  # small journals have no archive

    try:
        key = bytes.fromhex(more.get("journal_key", ""))
    except ValueError:
        raise FormatError("settings: `journal_key` is not hex")
    if len(key) > KEY_MOST_BYTES or "journal_key" in more and len(key) < 16:
        raise FormatError("settings: `journal_key` has 16 to %d bytes" % KEY_MOST_BYTES)
    named = more.get("journal_hash", "sha256")
    if named not in ("sha256", "sm3"):
        raise FormatError("settings: `journal_hash` is sha256 or sm3")
    if named == "sha256":
        return Chain(key)
    from firmware.kernel.sm3 import Sm3  # where settings ask for it

    return Chain(key, Sm3)


def open_reader(settings, hal, clock, report):
    """HealingReader at its highest working speed. LinkLost when there is no chip now."""
    kind, where = settings.reader
    if kind == "stage":
        if not hasattr(hal, "open_reader"):
            raise FormatError("reader: stage is for the simulator (sim/stage.py)")
        return hal.open_reader(where)
    if kind in ("pn532pi", "adafruit"):
        from firmware.reader import borrowed  # few terminals need it, memory is small

        return borrowed.open_reader(kind, where, hal, clock, report)
    make_bus = Hsu
    own_card = None
    if kind == "spi":
        from firmware.reader.spi import Spi as make_bus  # likewise
    elif kind == "i2c":
        from firmware.reader.i2c import I2c as make_bus  # likewise
    if settings.reader_engine == "own":
        from firmware.reader.iso_dep import IsoDepCard as own_card  # likewise

    trace = None
    if settings.trace == "frames":
        from firmware.reader.frame_trace import FrameTrace  # likewise

        trace = FrameTrace(report, clock)
        make_bus = trace.watching(make_bus)

    def open_line():
        return hal.open_serial(where, 115200) if kind == "serial" else hal.open_bus(kind, where)

    def make_chip(line):
        bus, kbps = make_bus(line, clock), settings.reader_speed
        return Pn532(bus, clock, settings.reader_baud, trace=trace, own_card=own_card, kbps=kbps)

    reader = HealingReader(open_line, make_chip, report)
    reader.open()
    return reader


def open_uploader(settings, hal, journal, keeper=None):
    """Uploader over the link of the settings, None without one; keeper: a Timekeeper, or None."""
    if settings.link is None:
        return None
    kind, where = settings.link
    host, _, port = where.rpartition(":")
    tls = open_tls(settings.more, host, hal) if kind == "tls" else None
    signed = None
    if "upload_key" in settings.more:
        from firmware import signed_setup  # where settings ask for it

        signed = signed_setup.make(settings, hal, journal, keeper)
    ask_first = keeper.ask if keeper and not signed else None

    def opener():
        if kind == "serial":
            return Link(hal.open_serial(where, settings.link_baud, RECEIVE_RING), hal)
        if tls:
            return Link(tls.connect(host, int(port)), hal, chunk=SEGMENT)
        return Link(hal.connect(host, int(port), 200), hal, chunk=SEGMENT)

    return Uploader(
        journal,
        settings.terminal,
        opener,
        hal,
        hal.random_bytes,
        ask_first=ask_first,
        signed=signed,
    )


def open_tls(more, host, hal):
    """Whom the link trusts. FormatError, OSError when a file cannot be used."""
    identity = (more["link_cert"], more["link_key"]) if "link_cert" in more else None
    return hal.open_tls(more["link_ca"], more.get("link_name", host), identity)


def open_module(more, hal, clock, report):
    """Security module of the settings, None without one (firmware/module/opening.py)."""
    if more.get("module", "none") == "none":
        return None
    try:
        from firmware.module import opening  # where settings ask for it
    except ImportError:
        raise FormatError("settings: `module`: this image is for devices without card memory")
    return opening.open_module(more, hal, clock, report)


def open_trade(settings, parameters, hal, clock, report):
    """Trade of the settings' device: firmware/devices/DEVICE.py has make() (docs/porting.md).

    FormatError when its settings or tables cannot be used.
    """
    # by name, as memory has room for one device alone; settings.DEVICES lists what there is
    try:
        module = __import__("firmware.devices." + settings.device, None, None, ("make",))
    except ImportError as missing:
        raise FormatError("`device: %s` is not in this image: %s" % (settings.device, missing))
    trade = module.make(settings, parameters, hal, clock, report)
    if parameters.service != "open" or "service" in settings.more:
        from firmware.devices import duty  # where somebody may close it, or let everybody ride

        return duty.make(trade, settings, parameters, report)
    return trade


def open_panel(settings, hal, clock, report):
    """Panel whose changes are reported, and seen where settings name outputs.

    FormatError when their texts or libraries are wrong; one that is only absent is reported.
    """
    panel = ReportPanel(report)
    if [key for key in ("outputs", "display", "voice") if key in settings.more]:
        from firmware.outputs import together  # where settings ask for it

        panel = together.make(panel, settings.more, hal, clock, report)
        panel.power_on()  # TD-016
    return panel


def assemble(settings, parameters, hal, report, feed=None):
    """Terminal of a unit, started. FormatError for bad settings, LinkLost without a reader.

    feed(): what keeps a watchdog quiet, called between the steps and at each exchange of a tap.
    """
    health = Health()
    health.begin(hal.random_bytes)
    numbers = UnpredictableNumbers(hal.random_bytes, health)
    clock = hal
    step_s, bound_s = parameters.clock_step_s, parameters.clock_bound_s
    if step_s or bound_s:
        from firmware.devices.timekeeper import Timekeeper  # where parameters ask for it

        clock = Timekeeper(hal, step_s, bound_s, settings.terminal)
    return assemble_from(
        settings,
        parameters,
        hal,
        clock,
        numbers.draw,
        Qualifiers(parameters).qualify,
        report,
        feed,
        health,
    )


def assemble_inspector(settings, parameters, hal, report):
    """Inspector of a unit, started. LinkLost without a reader."""
    from firmware.devices import inspector  # where settings ask for it

    reader = open_reader(settings, hal, hal, report)
    parts = inspector.Parts(reader, hal, ReportPanel(report), report)
    records = None
    if settings.more.get("records", "no") == "yes":
        from firmware.devices import inspector_records as records  # likewise; on no board
    device = inspector.Inspector(parts, parameters.aids, settings.trace, records)
    device.start()
    return device


def assemble_from(
    settings, parameters, hal, clock, draw_un, qualify, report, feed=None, health=None
):
    """The same with the caller's clock and sources: for a replay (devices/sources.py)."""
    feed = feed or (lambda: None)
    panel = open_panel(settings, hal, clock, report)
    feed()
    journal = _or_say(20, panel, report, lambda: open_journal(settings, hal))
    feed()
    parts = Parts(
        reader=_or_say(10, panel, report, lambda: open_reader(settings, hal, clock, report)),
        clock=clock,
        draw_un=draw_un,
        qualify=qualify,
        journal=journal,
        uploader=open_uploader(
            settings,
            hal,
            journal,
            clock if parameters.clock_step_s and hasattr(clock, "heard") else None,
        ),
        panel=panel,
        report=report,
        module=open_module(settings.more, hal, clock, report),
    )
    feed()
    trade = open_trade(settings, parameters, hal, clock, report)
    feed()
    terminal = Terminal(parts, settings, parameters, trade)
    terminal.feed = feed
    hal.collect()
    used, total = hal.heap()
    terminal.collect, terminal.sale.collect = hal.collect, hal.sweep
    terminal.sale.roomy = bool(total) and total - used >= ROOMY_BYTES
    terminal.health = health
    if "deny_list" in settings.more:
        from firmware.devices.deny import DenyList  # where settings ask for it

        terminal.use_list(DenyList(settings, parameters, hal, report))
        feed()
    terminal.start()
    feed()
    from firmware.devices import selftest  # likewise: dropped again

    selftest.at_start(terminal)
    hal.unload(("firmware.devices.selftest", "firmware.devices.known_answers"))
    if parts.uploader and parts.uploader.signed:
        from firmware import fleet_setup  # for units that sign what they send

        fleet_setup.attach(terminal, settings, hal, parts.uploader.signed)
    if not isinstance(panel, ReportPanel):
        panel.beep("ready")  # TD-016
    return terminal


def watch_files(terminal, settings, hal, renewal):
    """Who may ask for a new start: Renewal or None, and who looks for files that a start takes."""
    from firmware.devices import held_files, next_files  # for units whose files are signed

    found = next_files.NextFiles(settings, terminal, hal, held_files.places(settings))
    return next_files.Watches([renewal, found]) if renewal else found


def watch_releases(terminal, settings, hal, watch, boot):
    """Likewise, and who looks for a newer release; boot: Places of this start."""
    from firmware import update_setup  # for units that keep releases

    update = update_setup.attach(terminal, settings, hal, boot)
    if not update or not watch:
        return update or watch
    from firmware.devices.next_files import Watches  # likewise

    return Watches([watch, update])


def self_test(terminal, said=()):
    """Test each part and report it; True when all are well (TD-017). said: (code, text) that the
    caller knows already.
    """
    from firmware.devices import late_tests, selftest  # on demand

    late = [one for one in late_tests.checks(terminal) if one]
    return selftest.on_demand(terminal, late + list(said))


def late_tests(terminal, said):
    """Generator of the tests that have time until nobody is there; loads them."""
    from firmware.devices import late_tests  # dropped behind the last one

    return late_tests.steps(terminal, said)


def _or_say(code, panel, report, opener):
    """What opener() gives; a part that is not there is said by its code before the start fails
    (TD-016).
    """
    try:
        return opener()
    except (FormatError, JournalFull, LinkLost, OSError, ValueError) as wrong:
        from firmware.devices import selftest  # its table is needed here and for the test alone

        selftest.failed(panel, report, code, str(wrong))
        raise
