# SPDX-License-Identifier: Apache-2.0
"""What differs between interpreters and boards, and nothing else; imported by the roots alone.

One choice, by sys.implementation.name and sys.platform: CPython on a Raspberry Pi or PC
(cpython.py), MicroPython's unix port (unix.py), MicroPython on a board (board.py). Each gives
these plain functions, so the module is the Clock:

    ticks_ms() ticks_us()        counters for differences only; they may wrap
    sleep_ms(duration_ms)        nothing for so long
    ticks_diff(later, earlier)   the signed difference of two of them
    local_now()                  (year, month, day, hour, minute, second) on the terminal's wall
    time_utc_s()                 whole seconds since 1970-01-01 UTC on every board, also where the
                                 port counts from 2000 (micropython.md, 10)
    random_bytes(count)          from the system's random source
    open_serial(where, baud, ring=0)
                                 byte stream; `where` is a device path, on a board "1:tx=4,rx=5";
                                 ring: bytes it has to keep while nobody reads, 0: 512
    open_bus(kind, where)        line of an "spi" or "i2c" bus by its wiring text (wiring.py):
                                 contract in firmware/reader/framed.py, spi.py and i2c.py
    open_console()               a byte stream: who sits at the board's USB line or on standard
                                 input (console.py)
    open_output(where) open_input(where)
                                 a single pin by its wiring text (wiring.py: read_pin), or a
                                 simulator's, "pty:PATH,NAME" (pins_pty.py)
    open_display(where)          a screen, "ssd1306:1" or "hd44780:1,columns=20" (wiring.py:
                                 read_display; contract in firmware/outputs/display.py)
    connect(host, port, timeout_ms)
                                 byte stream over TCP
    open_tls(trust, name, identity)
                                 an object whose connect(host, port) gives a byte stream over TLS
                                 1.2 or later that does not wait (secure.py). trust: path of CA
                                 certificates; name: the one the other end's certificate has to
                                 bear; identity: (certificate, key) paths or None. All in PEM;
                                 FormatError, OSError
    open_library(name, where)    the object of another PN532 driver, "pn532pi" or "adafruit", on a
                                 serial port: CPython alone, absent elsewhere
    open_ciphers()               block ciphers and the opening of sealed files, of a software
                                 module (ciphers_cpython.py): likewise
    open_pcsc(where)             a card in a contact reader whose name holds `where`; contract of a
                                 slot in firmware/module/psam.py: likewise
    open_reader(where)           a whole reader: a stage of the simulator alone, absent elsewhere
    open_flash(path, block_count, block_size=4096)
                                 block device: a file on PCs, a flash region on boards
    open_region(name)            block device of a region of boot/layout.py: boards alone, absent
                                 elsewhere
    has_slots() mount_release(name, at, size)
                                 whether a board has regions for releases, and that the modules in
                                 one come first: likewise
    board_word()                 what releases call this kind of board (formats/release.py)
    make_folder(path)            a folder, if it is not there
    open_blob(path)              a file read in places (blob.py); OSError when it cannot be opened
    read_text(path)              a whole UTF-8 text file; OSError when it cannot be opened
    write_at(path, at, data)     `data` from place `at` of a file on, at 0 the file anew; durable.
                                 OSError, errno 28 where the disk is full (parts.py)
    rename(old, new)             one file takes the place of another, whole or not at all, durable
    reset_cause()                a number of RESETS in firmware/formats/status.py: why this start
    restart()                    this program anew, as it was started; does not return. Where the
                                 port cannot do that it ends with status 4
    leave(status)                the program has ended with an exit status of boot/start.py: a
                                 board starts anew, others leave that to who started them
    write_line(text)             one line to standard output, flushed
    on_stop(stop)                stop() is called when the system asks this program to end; it may
                                 come between any two steps; never where nobody asks, on boards
    heap()                       (used, total) bytes, each None where it is not known
    collect()                    garbage collection now, while nothing is due
    sweep()                      the same in a tap, as short as may be
    unload(names)                drop modules that have done their part, where memory is short
    watchdog(timeout_ms)         a Watchdog (watchdog.py), begun: feed() it at least so often
    hold_watchdog()              it feeds itself: somebody works at the console of a board

Byte stream: write(data) hands all bytes over in one call; read(count, timeout_ms) returns as soon
as `count` bytes are there, fewer on time-out, with timeout_ms=0 what is there; speed(baud) lets
written bytes leave, then changes the speed, False when this line has no such speed; close();
`reset`: None, or reset(level) sets the chip's reset pin, as do the lines of open_bus.
LinkLost when the line is gone, or cannot be opened.

Pin: an output has set(level), an input get() -> 1 or 0; 1 is active, whichever level that is. An
output begins at rest (0), and close() leaves it so. LinkLost when the pin is gone or in use.

Block device: MicroPython's protocol, see docs/design.md "Storage"; ioctl(3, 0) returns when all is
durable (MP-1, MP-2).
"""

import sys

if sys.implementation.name != "micropython":
    from firmware.hal.cpython import (
        board_word,
        collect,
        connect,
        heap,
        hold_watchdog,
        leave,
        local_now,
        make_folder,
        on_stop,
        open_blob,
        open_bus,
        open_ciphers,
        open_console,
        open_display,
        open_flash,
        open_input,
        open_library,
        open_output,
        open_pcsc,
        open_serial,
        open_tls,
        random_bytes,
        read_text,
        rename,
        reset_cause,
        restart,
        sleep_ms,
        sweep,
        ticks_diff,
        ticks_ms,
        ticks_us,
        time_utc_s,
        unload,
        watchdog,
        write_at,
        write_line,
    )
elif sys.platform in ("linux", "darwin"):
    from firmware.hal.unix import (
        board_word,
        collect,
        connect,
        heap,
        hold_watchdog,
        leave,
        local_now,
        make_folder,
        on_stop,
        open_blob,
        open_bus,
        open_console,
        open_display,
        open_flash,
        open_input,
        open_output,
        open_serial,
        open_tls,
        random_bytes,
        read_text,
        rename,
        reset_cause,
        restart,
        sleep_ms,
        sweep,
        ticks_diff,
        ticks_ms,
        ticks_us,
        time_utc_s,
        unload,
        watchdog,
        write_at,
        write_line,
    )
else:
    from firmware.hal.board import (
        board_word,
        collect,
        connect,
        has_slots,
        heap,
        hold_watchdog,
        leave,
        local_now,
        make_folder,
        mount_release,
        on_stop,
        open_blob,
        open_bus,
        open_console,
        open_display,
        open_flash,
        open_input,
        open_output,
        open_region,
        open_serial,
        open_tls,
        random_bytes,
        read_text,
        rename,
        reset_cause,
        restart,
        sleep_ms,
        sweep,
        ticks_diff,
        ticks_ms,
        ticks_us,
        time_utc_s,
        unload,
        watchdog,
        write_at,
        write_line,
    )

__all__ = (
    "board_word",
    "collect",
    "sweep",
    "connect",
    "has_slots",
    "heap",
    "hold_watchdog",
    "leave",
    "local_now",
    "make_folder",
    "mount_release",
    "on_stop",
    "open_blob",
    "open_bus",
    "open_ciphers",
    "open_console",
    "open_display",
    "open_flash",
    "open_input",
    "open_library",
    "open_output",
    "open_pcsc",
    "open_region",
    "open_serial",
    "open_tls",
    "random_bytes",
    "read_text",
    "rename",
    "reset_cause",
    "restart",
    "sleep_ms",
    "ticks_diff",
    "ticks_ms",
    "ticks_us",
    "time_utc_s",
    "unload",
    "watchdog",
    "write_at",
    "write_line",
)
