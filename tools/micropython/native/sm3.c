// SPDX-License-Identifier: Apache-2.0
// SM3 (GB/T 32905-2016 5.3).
#include "sm.h"

#pragma GCC optimize("O2")

static uint32_t turned(uint32_t word, uint32_t count) {
    return word << count | word >> (-count & 31);
}

static uint32_t big_endian(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static uint32_t expanded(uint32_t w[16], uint32_t j) { // word j of 16 and up, in place of word j - 16
    uint32_t x = w[j & 15] ^ w[(j + 7) & 15] ^ turned(w[(j + 13) & 15], 15);
    x ^= turned(x, 15) ^ turned(x, 23) ^ turned(w[(j + 3) & 15], 7) ^ w[(j + 10) & 15];
    return w[j & 15] = x;
}

static void compress(uint32_t state[8], const uint8_t *data) {
    uint32_t w[16], s[8];
    for (int at = 0; at < 16; at++) {
        w[at] = big_endian(data + 4 * at);
    }
    for (int at = 0; at < 8; at++) {
        s[at] = state[at];
    }
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (uint32_t j = 0; j < 64; j++) {
        uint32_t now = w[j & 15];
        uint32_t ahead = j < 12 ? w[j + 4] : expanded(w, j + 4);
        uint32_t t = turned(a, 12);
        uint32_t ss1 = t + e + (j < 16 ? turned(0x79CC4519, j) : turned(0x7A879D8A, j & 31));
        ss1 = turned(ss1, 7);
        uint32_t tt1 = d + (ss1 ^ t) + (now ^ ahead);
        uint32_t tt2 = h + ss1 + now;
        if (j < 16) {
            tt1 += a ^ b ^ c;
            tt2 += e ^ f ^ g;
        } else {
            tt1 += (a & b) | (c & (a | b));
            tt2 += g ^ (e & (f ^ g));
        }
        d = c;
        c = turned(b, 9);
        b = a;
        a = tt1;
        h = g;
        g = turned(f, 19);
        f = e;
        e = tt2 ^ turned(tt2, 9) ^ turned(tt2, 17);
    }
    uint32_t made[8] = {a, b, c, d, e, f, g, h};
    for (int at = 0; at < 8; at++) {
        state[at] = s[at] ^ made[at];
    }
}

void sm3_compress(uint16_t state[SM_HALVES], const uint8_t *data, uint32_t blocks) {
    uint32_t words[8];
    for (int at = 0; at < 8; at++) {
        words[at] = (uint32_t)state[2 * at] << 16 | state[2 * at + 1];
    }
    for (; blocks; blocks--, data += SM_BLOCK) {
        compress(words, data);
    }
    for (int at = 0; at < 8; at++) {
        state[2 * at] = words[at] >> 16;
        state[2 * at + 1] = words[at];
    }
}
