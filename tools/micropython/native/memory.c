// SPDX-License-Identifier: Apache-2.0
// What a native .mpy has no library for.
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int value, size_t count);

#pragma GCC optimize("no-tree-loop-distribute-patterns")

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    for (size_t at = 0; at < count; at++) {
        ((unsigned char *)to)[at] = ((const unsigned char *)from)[at];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    for (size_t at = 0; at < count; at++) {
        ((unsigned char *)to)[at] = value;
    }
    return to;
}
