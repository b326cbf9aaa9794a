# SPDX-License-Identifier: Apache-2.0
"""What the small programs around other people's drivers share: APDUs in, a line of JSON each out.

A program runs in the environment of its driver and knows nothing of this project. Its argument
says where the chip is; C-APDUs come on standard input, a line of hex each.

    {"driver": "name version", "uid": hex, "ats": hex or null}    the card that was found
    {"answer": hex}            one for each APDU,
    {"failed": "Kind: text"}   or what the driver said instead
    {"never": "Kind: text"}    in place of all that: it could not open the chip or found no card
"""

import json
import sys


def say(**what):
    print(json.dumps(what), flush=True)


def words(fault):
    return "%s: %s" % (type(fault).__name__, fault)


def converse(connect):
    """`connect(where)` gives (driver, uid, ats or None, exchange, close).

    Whatever a driver raises is what is to be told, so everything is caught here.
    """
    try:
        driver, uid, ats, exchange, close = connect(sys.argv[1])
    except Exception as fault:
        say(never=words(fault))
        return
    say(driver=driver, uid=bytes(uid).hex(), ats=None if ats is None else bytes(ats).hex())
    for line in sys.stdin:
        try:
            answer = exchange(bytes.fromhex(line))
        except Exception as fault:
            say(failed=words(fault))
        else:
            say(answer=bytes(answer).hex())
    close()
