# SPDX-License-Identifier: Apache-2.0
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
set(MICROPY_BOARD_PINS "${MICROPY_PORT_DIR}/boards/RPI_PICO/pins.csv")
# What a tap spends its time in (docs/porting.md), beside the three files that the port names itself.
foreach(name bc gc malloc obj objdict objfun objgenerator objlist objtuple objtype qstr runtime sequence)
    set_source_files_properties("${MICROPY_DIR}/py/${name}.c" PROPERTIES COMPILE_OPTIONS "-O2")
endforeach()
