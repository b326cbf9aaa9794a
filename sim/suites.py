# SPDX-License-Identifier: Apache-2.0
"""The two signature suites of a card by name: RSA/SHA-1 with 3DES, SM2/SM3 with SM4.

A card of "both" answers with the one that the terminal's DF69 asks for (JR/T 0025.17 10.4, 10.5).
"""

from collections import namedtuple

from sim.ciphers import Sm4, TripleDes
from sim.rsa_keys import RsaKey
from sim.sm2_keys import Sm2Key

KEYS: dict[str, type[RsaKey] | type[Sm2Key]] = {"rsa": RsaKey, "sm2": Sm2Key}
SUITES = {"rsa": ("rsa",), "sm2": ("sm2",), "both": ("rsa", "sm2")}

# Where an image keeps what belongs to a suite: the name of its profile, of the card's key, of its
# symmetric keys, and the SFI of its key records
Place = namedtuple("Place", "name key symmetric sfi cipher")
PROFILES = {
    "rsa": Place("qpboc", "icc_rsa", "des_keys", 2, TripleDes),
    "sm2": Place("qpboc_sm2", "icc_sm2", "sm4_keys", 4, Sm4),
}


def key_from_json(parts):
    """The key that to_json() of one of them wrote; KeyError when it is neither."""
    return (RsaKey if "n" in parts else Sm2Key).from_json(parts)
