# SPDX-License-Identifier: Apache-2.0
"""Releases by hand: faretap-release WORD, as root or as the user faretap.

All that is written belongs to the user faretap, and so do the folders: root's rights are laid down
before the first of them is touched.
"""

import fcntl
import os
import pwd
import subprocess
import sys
from collections.abc import Callable

from faretap_pi import LOCK, RECORD, SETTINGS, SHELF, USER, by_hand
from faretap_pi.holdings import holdings
from faretap_pi.shelf import Shelf
from firmware import hal
from firmware.boot import slots
from firmware.boot.record import FAULTS, HELD, BootRecord, InFiles
from firmware.errors import FormatError

USAGE = """usage: faretap-release WORD

  list           releases on this terminal, and which one runs
  running        number of that one, 0 for the package's own
  use NUMBER     start with that release, on trial
  back           start with the newest one that is older
  add FILE       lay a release beside the others and start with it, on trial
  unsent         how many records the collector does not have yet; status 1 when there are any

Examples:
  faretap-release list
  sudo faretap-release back

A release on trial gives way to the old one when it neither sells nor reaches its host in its first
starts. use, back and add stop the terminal, and start it again where systemd runs it.
"""
SERVICE = "faretap-terminal.service"


class Refused(Exception):
    """What cannot be done, in words."""


def main(arguments):
    """Status 0, 1 where something was refused, 2 for words that are none."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    if not arguments or arguments[0] not in WORDS:
        print(USAGE, end="", file=sys.stderr)
        return 2
    do, count = WORDS[arguments[0]]
    if len(arguments) != 1 + count:
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        return changing(do, arguments[1:]) if do in (use, back, add) else do(*arguments[1:])
    except (Refused, FormatError, OSError) as wrong:
        print("faretap-release: %s" % wrong, file=sys.stderr)
        return 1


def changing(do, arguments):
    """Call it with the terminal stopped and the lock held, without root's rights."""
    ran = is_root() and has_systemd() and systemctl("is-active", "--quiet") == 0
    if ran:
        systemctl("stop")
    try:
        child = os.fork()
        if not child:
            os._exit(unprivileged(do, arguments))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        if ran:
            systemctl("start")
    return status


def unprivileged(do, arguments):
    """In a process of its own."""
    try:
        become_user()
        lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = "the terminal runs: stop it first (systemctl stop %s)" % SERVICE
            raise Refused(said) from None
        return do(*arguments)
    except (Refused, FormatError, OSError) as wrong:
        print("faretap-release: %s" % wrong, file=sys.stderr)
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def become_user():
    """The unit's user, for good; nothing where this is somebody else already."""
    if not is_root():
        return
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise Refused("there is no user %s: is the package configured?" % USER) from None
    os.initgroups(USER, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(0o027)


def show():
    """list"""
    values = opened().values
    current, trial = slots.running(values), values["trial"]
    for number in Shelf(SHELF).numbers():
        words = ["on trial, %d starts left" % values["left"]] if trial else ["in use"]
        place = [slot for slot in HELD if values[HELD[slot][0]] == number]
        if number != current:
            words = ["goes back to it"] if place and trial else ["kept"]
        print("%8d  %s" % (number, words[0]))
    if not current:
        print("the release of the package runs, no other")
    if values["returned"]:
        print("%8d  was left: %s" % (values["returned"], dict(FAULTS)[values["why"]]))
    if values["text"]:
        print("last error: %s" % values["text"])
    return 0


def running():
    """running"""
    print(slots.running(opened().values))
    return 0


def use(text):
    """use NUMBER"""
    if not text.isdecimal():
        raise Refused("`%s` is no number of a release" % text)
    shelf = Shelf(SHELF)
    if int(text) not in shelf.numbers():
        raise Refused("release %s is not here: faretap-release list" % text)
    return start_with(shelf, int(text), *shelf.measure(int(text)))


def back():
    """back"""
    shelf = Shelf(SHELF)
    number = by_hand.before(opened().values, shelf.numbers())
    if not number:
        raise Refused("there is no older release to go back to: faretap-release list")
    return start_with(shelf, number, *shelf.measure(number))


def add(path):
    """add FILE"""
    shelf = Shelf(SHELF)
    number, size, digest = shelf.lay(path)
    values = opened().values
    if number == slots.running(values) and not values["trial"]:
        print("release %d is in use already" % number)
        return 0
    return start_with(shelf, number, size, digest)


def start_with(shelf, number, size, digest):
    """Put a release on trial, whichever number it has: somebody at the machine wants it."""
    record = opened()
    values = by_hand.chosen(record.values, number, size, digest)
    if not record.save(values):
        raise Refused("the boot record %s cannot be written: is the disk full?" % RECORD)
    shelf.drop(by_hand.kept(values, shelf.numbers()))
    print("release %d is started next, on trial" % number)
    return 0


def unsent():
    """unsent"""
    if is_root():
        become_user()
    found = holdings(SETTINGS)
    print(found.words)
    return 1 if found.count != 0 else 0


def opened():
    """The boot record as it is now."""
    return BootRecord(InFiles(hal, RECORD))


def is_root():
    """Whether there are rights to lay down."""
    return os.geteuid() == 0


def has_systemd():
    """Whether systemd runs this machine; in a chroot or a container it may not."""
    return os.path.isdir("/run/systemd/system")


def systemctl(*words):
    """Its status."""
    return subprocess.run(["systemctl", *words, SERVICE], check=False).returncode


# word: what does it, how many words behind it
WORDS: dict[str, tuple[Callable[..., int], int]] = {
    "list": (show, 0),
    "running": (running, 0),
    "use": (use, 1),
    "back": (back, 0),
    "add": (add, 1),
    "unsent": (unsent, 0),
}
