# SPDX-License-Identifier: Apache-2.0
"""Files in the folder of a play: texts, and what the office builds of texts (docs/scenarios.md).

    files = PlayFiles(folder, seed, pan_of)
    files.lay("city.fares", {"fares": TOML})
    files.lay("deny.bin.next", {"changes": LINES, "of": "deny.bin", "number": 42})

The tools that build are those of host_tools, with their checks: what lint or the guard of the
office refuses, no scenario can lay down. Of text, `{folder}` is the folder and `{pan KIND#WHO}`
the number of that card. With an authority all that can be signed is signed; an RSA one seals the
parameters as well. Its key is drawn anew in each play: nothing of it stands in a journal.
"""

import hashlib
import re
from collections.abc import Callable

from firmware.errors import FormatError
from firmware.fares import layout as fares_layout
from firmware.formats import allow_list as allow_layout
from firmware.formats import deny_list as deny_layout
from firmware.formats import signed
from host_tools import allow_list, deny_files, deny_list, deny_text, sealing, signing, tickets
from host_tools.fares import build, lint, source

CARD = re.compile(r"\{pan ([^{}]+)\}")
SALT_BYTES = 8


class PlayFiles:
    """folder: Path; seed: of the scenario; pan_of(name) -> digits of a card `KIND#WHO`;
    authority: "rsa", "sm2" or "" for none. FormatError for another word.
    """

    def __init__(self, folder, seed, pan_of, authority=""):
        self.folder = folder
        self.seed = seed
        self.pan_of = pan_of
        self.signer: signing.Signer | None = None
        if authority == "rsa":
            self.signer = signing.RsaSigner(sealing.make_key(folder / "authority.pem", b""))
        elif authority == "sm2":
            self.signer = signing.make_sm2_key(folder / "authority.key")
        elif authority:
            raise FormatError(f"authority = {authority!r} is neither rsa nor sm2")

    def settings(self):
        """Lines of the settings that name the authority."""
        return [self.signer.setting] if self.signer else []

    def sealed(self, parameters):
        """Text of a parameter file, under the seal of an RSA authority where there is one."""
        if isinstance(self.signer, signing.RsaSigner):
            return sealing.sealed(parameters, self.signer.key)
        return parameters

    def placed(self, value):
        """A text with folder and card numbers in their places."""
        text = str(value).replace("{folder}", str(self.folder))
        return CARD.sub(lambda found: self.pan_of(found[1]), text)

    def lay(self, name, told):
        """Write a file: a text as it is, a table of one of BUILDERS built. The terminal never
        sees half of one. FormatError, ValueError.
        """
        data = self.placed(told).encode() if isinstance(told, str) else self._built(name, told)
        part = self.folder / (name + ".part")
        part.write_bytes(data)
        part.replace(self.folder / name)

    def _built(self, name, told):
        kind = next((word for word in BUILDERS if word in told), None)
        if kind is None:
            raise FormatError(f"{name}: a file is a text, or one of {', '.join(BUILDERS)}")
        rest = {key: value for key, value in told.items() if key != kind}
        text = told[kind]
        text = self.placed(text) if isinstance(text, str) else text
        try:
            return BUILDERS[kind](self, text, **rest)
        except (FormatError, TypeError) as wrong:
            raise FormatError(f"{name}: {wrong}") from wrong

    # --- what is built

    def _fares(self, text):
        """A fare table as `faretap parameters build` makes it."""
        table = source.parse(text)
        errors = [str(one) for one in lint.findings(table) if one.is_error]
        if errors:
            raise FormatError("; ".join(errors))
        effective = table.effective.strftime("%Y%m%d%H%M%S")
        data = build.build(table)
        return self._signed(data, signed.FARES, fares_layout.LAYOUT, table.version, effective)

    def _deny(self, text, number):
        """A full deny list as `faretap deny build` makes it."""
        found = deny_text.parse(text.splitlines(), "deny")
        payload = deny_list.build(found.entries, found.ranges)
        return self._listed(payload, signed.DENY_LIST, number)

    def _changes(self, text, of, number):
        """What turns the full list `of` into the one of the text (`faretap deny delta`)."""
        found = deny_text.parse(text.splitlines(), "changes")
        with deny_files.opened(self.folder / of, kinds=(signed.DENY_LIST,)) as old:
            entries = deny_files.changes(old.listed, found)
            payload = deny_list.build(entries, found.ranges, old.head.number)
        return self._listed(payload, signed.DENY_DELTA, number)

    def _listed(self, payload, kind, number):
        if self.signer is None:
            raise FormatError("terminals take signed lists alone: `[world] authority = 'sm2'`")
        return self._signed(payload, kind, deny_layout.VERSION, number)

    def _allow(self, text):
        """An allow list as `faretap allow build` makes it."""
        salt = hashlib.sha256(f"{self.seed} allow".encode()).digest()[:SALT_BYTES]
        data = allow_list.build(text, salt)
        version = allow_list.opened(data).version
        return self._signed(data, signed.ALLOW_LIST, allow_layout.VERSION, version)

    def _ticket_keys(self, told):
        """Lines of the issuers' keys: a number, or text of a number and its bounds."""
        lines = [self._key_line(str(one)) for one in told]
        return ("\n".join(lines) + "\n").encode()

    def _key_line(self, text):
        number, _, bounds = text.partition(" ")
        line = tickets.key_line(int(number), ticket_signer(self.seed, int(number)))
        return f"{line} {bounds}".strip()

    def _kiosk_key(self, text):
        """The key of a kiosk: its line with the bounds, and the secret."""
        signer = ticket_signer(self.seed, int(text.partition(" ")[0]))
        return tickets.kiosk_file(self._key_line(text), signer).encode()

    def _signed(self, payload, kind, layout, number, effective=""):
        if self.signer is None:
            return payload
        return signing.sign_payload(payload, kind, layout, number, effective, self.signer)


BUILDERS: dict[str, Callable[..., bytes]] = {
    "fares": PlayFiles._fares,
    "deny": PlayFiles._deny,
    "changes": PlayFiles._changes,
    "allow": PlayFiles._allow,
    "ticket_keys": PlayFiles._ticket_keys,
    "kiosk_key": PlayFiles._kiosk_key,
}


def ticket_signer(seed, number):
    """The SM2 key of an issuer of tickets, the same in each play of a seed; it guards nothing."""
    drawn = hashlib.sha256(f"{seed} ticket key {number}".encode()).digest()
    return signing.Sm2Signer(int.from_bytes(drawn, "big") % (signing.ORDER - 2) + 1)
