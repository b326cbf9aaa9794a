// SPDX-License-Identifier: Apache-2.0
// A Raspberry Pi Pico with firmware/ frozen: code takes up to 812 KB of the 2 MB of flash, the rest is
// divided by firmware/boot/layout.py, row `pico`; a test compares the sizes.
#define MICROPY_HW_BOARD_NAME "Raspberry Pi Pico with faretap"
#define MICROPY_HW_FLASH_STORAGE_BYTES (1232 * 1024)
// Places of names, a byte each: the port has 128, which a tap drives out again and again.
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (1024)
// Switches on vfs.VfsRom, by which a release is executed where it lies. The port looks for a file
// system of its own in this one block, the last in front of the storage, and finds none.
#define MICROPY_HW_ROMFS_BYTES (4096)
