# SPDX-License-Identifier: Apache-2.0
# faretap_sm for ports built by cmake (rp2): -DUSER_C_MODULES=tools/micropython/native/micropython.cmake
add_library(usermod_faretap_sm INTERFACE)
target_sources(usermod_faretap_sm INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/module.c
    ${CMAKE_CURRENT_LIST_DIR}/sm2_field.c
    ${CMAKE_CURRENT_LIST_DIR}/sm2_point.c
    ${CMAKE_CURRENT_LIST_DIR}/sm3.c
    ${CMAKE_CURRENT_LIST_DIR}/words.c
)
target_include_directories(usermod_faretap_sm INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_faretap_sm)
