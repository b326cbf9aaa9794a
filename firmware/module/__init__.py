# SPDX-License-Identifier: Apache-2.0
"""The security module: where the keys of a card's memory are. It derives and makes MACs; no call
gives a key out (QX-070).

    module.check()                                  state word, asked of the module itself
    module.state()                                  the same word as it was last seen
    module.session(key_use, version, factor)        Session, or None
    session.mac(initial_value, data)                4 bytes, or None
    module.ahead(..), session.ahead(..)             begin what session(..) and mac(..) will ask for
    module.idle()                                   between customers: is it still there?

`key_use` and `version` name a key, 0..255 each; `factor` is the card's, 8 or 16 bytes;
`initial_value` is 8 bytes; `data` is not padded. Whether a key is 3DES or SM4 is the key's own
(JR/T 0025.14 §8.2, capp.md 2.5).

A session is opened before GPO (QX-072) and may make several MACs, a whole one at each call; one
that failed once stays dead (QX-073): None is a refusal before the last record, never a guess.

| state         | means |
|---|---|
| ready         | derives and makes MACs |
| absent        | no module there, or it was pulled out |
| wrong_trade   | another trade's module (QX-071) |
| wrong_version | keys that the settings name are not in it (QX-071) |
| locked        | it counted too many failures: checked anew at the next start alone |
| fault         | it answers what no module answers |

Behind the seam stands one of three holders, `module.py` before them: `software.py` (CPython, keys
sealed in a file), `psam.py` over PC/SC or over frames on a serial line (`slot.py`).
"""

READY = "ready"
ABSENT = "absent"
WRONG_TRADE = "wrong_trade"
WRONG_VERSION = "wrong_version"
LOCKED = "locked"
FAULT = "fault"
STATES = (READY, ABSENT, WRONG_TRADE, WRONG_VERSION, LOCKED, FAULT)
