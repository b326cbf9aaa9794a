# SPDX-License-Identifier: Apache-2.0
"""The list of an image's parts in CycloneDX 1.6, by cyclonedx-python-lib.

Reproducible: the serial number is drawn from the manifest, and there is no time in it.
"""

import json
import uuid

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6

from host_tools.image.manifest import sha256

APACHE, MIT, BSD = "Apache-2.0", "MIT", "BSD-3-Clause"
# of what a full image is made of; mbedtls offers a second licence beside this one
LICENCES = {
    "micropython": MIT,
    "mbedtls": APACHE,
    "pico-sdk-source": BSD,
    "tinyusb-source": MIT,
}


def make(manifest: dict) -> str:
    """JSON of a manifest's image: the image itself, firmware by file, sources, compiler."""
    text = json.dumps(manifest, sort_keys=True)
    image = _component("faretap", manifest["version"], APACHE, ComponentType.FIRMWARE)
    image.properties.add(Property(name="faretap:board", value=manifest["board"]))
    bom = Bom(serial_number=uuid.UUID(sha256(text.encode())[:32]))
    bom.metadata.component = image
    parts = [
        _component(one["name"], manifest["version"], APACHE, ComponentType.FILE, one)
        for one in manifest["firmware"]
    ]
    parts += [
        _component(one["name"], one["version"], LICENCES[one["name"]], ComponentType.LIBRARY, one)
        for one in manifest.get("sources", ())
    ]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(image, parts)
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    del made["metadata"]["timestamp"]  # the same image, the same list, on any day
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


def _component(name, version, licence, kind, one=None) -> Component:
    hashes = []
    digest = (one or {}).get("sha256") or (one or {}).get("source_sha256")
    if digest:
        hashes.append(HashType(alg=HashAlgorithm.SHA_256, content=digest))
    return Component(
        name=name,
        version=version,
        type=kind,
        bom_ref="%s@%s" % (name, version),
        licenses=[LicenseExpression(licence)],
        hashes=hashes,
    )
