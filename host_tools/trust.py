# SPDX-License-Identifier: Apache-2.0
"""Whom a client of ours believes over TLS, and as whom it shows itself."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from firmware.errors import FormatError


def client_context(ca: Path | str | None, identity: Sequence | None) -> ssl.SSLContext:
    """Certificates under `ca`, or under those of the machine; identity: files of certificate and
    key. FormatError when a file holds none, OSError when it cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
        if identity:
            context.load_cert_chain(*identity)
    except ssl.SSLError as wrong:
        raise FormatError(f"{ca or ''} {identity or ''}: {wrong.reason or wrong}") from wrong
    return context
