# SPDX-License-Identifier: Apache-2.0
"""Images of boards: what is written into flash, byte for byte the same wherever it is built.

boards.py     a row a board: processor, compiler, container; regions are firmware/boot/layout.py
modules.py    which files of firmware/ a board and a device need
compiled.py   those files, compiled
romfs.py littlefs_image.py uf2.py partitions.py   containers
unit.py       one terminal's folder, checked against the board
build.py      all of it: the files of one image
manifest.py sbom.py   what is in it
"""
