# SPDX-License-Identifier: Apache-2.0
"""nfcpy over a path. Its pattern knows names in /dev alone, so the transport is handed in."""

from importlib.metadata import version

import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag
from dialogue import converse


def connect(path):
    frontend = nfc.clf.ContactlessFrontend()
    frontend.device = nfc.clf.pn532.init(nfc.clf.transport.TTY(path))
    target = frontend.sense(nfc.clf.RemoteTarget("106A"))
    if target is None:
        raise LookupError("sense found no card")
    tag = nfc.tag.activate(frontend, target)
    return (
        "nfcpy " + version("nfcpy"),
        target.sdd_res,
        None,  # it keeps what it makes of the ATS, not the ATS
        tag.transceive,
        frontend.close,
    )


converse(connect)
