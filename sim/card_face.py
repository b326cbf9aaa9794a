# SPDX-License-Identifier: Apache-2.0
"""What of a card belongs to one signature suite: key, ciphers, AIP, AFL and what follows of them.

A card of both suites has two faces and shows the one that the last GPO asked for.
"""

from sim import coding
from sim.suites import KEYS, PROFILES


class Face:
    """`key` of rsa_keys or sm2_keys, `cipher` of ciphers.py, `udk_ac` and `udk_mac` for it.

    `last` and `sdad_record` are names of records (SSRR), `available_record` that of the one with
    9F5D where it is not in the GPO answer; `tags` is what the AFL's records hold.
    """

    def __init__(self, suite, image, records):
        where = PROFILES[suite]
        profile = image["profiles"][where.name]
        self.suite, self.cipher = suite, where.cipher
        self.key = KEYS[suite].from_json(image[where.key])
        self.udk_ac = bytes.fromhex(image[where.symmetric]["udk_ac"])
        self.udk_mac = bytes.fromhex(image[where.symmetric]["udk_mac"])
        self.aip, self.afl = bytes.fromhex(profile["aip"]), bytes.fromhex(profile["afl"])
        self.sdad_record = profile.get("sdad_record", "")
        self.available_record = profile.get("available_record", "")
        names = [f"{sfi:02X}{number:02X}" for sfi, number in records_of(self.afl)]
        self.last = names[-1]
        self.tags = {
            tag
            for name in names
            for tag, _ in coding.objects(coding.find(records.get(name, b"\x70\x00"), 0x70))
        }


def records_of(afl):
    """(SFI, number) of each record that an AFL names, in order."""
    for at in range(0, len(afl), 4):
        for number in range(afl[at + 1], afl[at + 2] + 1):
            yield afl[at] >> 3, number


def faces_of(image, records):
    """{suite: Face} of all suites an image has, RSA first."""
    return {
        suite: Face(suite, image, records) for suite in PROFILES if PROFILES[suite].key in image
    }
