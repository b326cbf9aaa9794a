// SPDX-License-Identifier: Apache-2.0
// Sums of multiples of points of SM2: combs and windows as firmware/kernel/sm2_comb.py and
// sm2_window.py have them, which is where the why of them stands. Jacobian coordinates.
#include <string.h>
#include "sm.h"

#pragma GCC optimize("O2")

#define DOUBLINGS (SM_COLUMNS * (SM_TEETH - 1)) // of a table
#define DOUBLINGS_AT_ONCE 4
#define ENTRIES_AT_ONCE 2

static void twice(sm_number to, const sm_number a) { field_add(to, a, a); }

static void point_double(sm_work *work) { // 4 M + 4 S
    sm_number a, b, t;
    field_square(t, work->z);
    field_mul(work->z, work->y, work->z);
    twice(work->z, work->z);
    field_sub(a, work->x, t);
    field_add(t, work->x, t);
    field_mul(a, a, t);
    twice(t, a);
    field_add(a, a, t); // 3 (x - z^2) (x + z^2)
    field_square(work->y, work->y);
    field_mul(b, work->x, work->y);
    twice(b, b);
    twice(b, b);
    field_square(work->y, work->y);
    twice(t, work->y);
    twice(t, t);
    twice(t, t); // 8 y^4
    field_square(work->x, a);
    field_sub(work->x, work->x, b);
    field_sub(work->x, work->x, b);
    field_sub(b, b, work->x);
    field_mul(work->y, a, b);
    field_sub(work->y, work->y, t);
}

// Adds (x, y) of `scale` NULL, or (x, y) with scale[0] = z, its square and its cube.
static void point_add(sm_work *work, const sm_number x, const sm_number y, const sm_number *scale) {
    sm_number a, b, t;
    if (field_is_zero(work->z)) {
        memcpy(work->x, x, sizeof a);
        memcpy(work->y, y, sizeof a);
        if (scale) {
            memcpy(work->z, scale[0], sizeof a);
        } else {
            memset(work->z, 0, sizeof a);
            work->z[0] = 1;
        }
        return;
    }
    field_square(t, work->z);
    field_mul(a, x, t);
    field_mul(t, t, work->z);
    field_mul(b, y, t);
    if (scale) { // what is there already, written with the product of both z
        field_mul(work->x, work->x, scale[1]);
        field_mul(work->y, work->y, scale[2]);
        field_mul(work->z, work->z, scale[0]);
    }
    field_sub(a, a, work->x);
    field_sub(b, b, work->y);
    if (field_is_zero(a)) { // the same point, or its mirror image
        if (field_is_zero(b)) {
            point_double(work);
        } else {
            memset(work->z, 0, sizeof a);
        }
        return;
    }
    field_mul(work->z, work->z, a);
    field_square(t, a);
    field_mul(a, a, t);
    field_mul(t, work->x, t);
    field_square(work->x, b);
    field_sub(work->x, work->x, a);
    field_sub(work->x, work->x, t);
    field_sub(work->x, work->x, t);
    field_sub(t, t, work->x);
    field_mul(b, b, t);
    field_mul(a, work->y, a);
    field_sub(work->y, b, a);
}

static void negate(sm_number y) {
    static const sm_number zero = {0};
    field_sub(y, zero, y);
}

static void add_of_table(sm_work *work, const uint8_t *table, int digit) {
    sm_number x, y;
    if (digit == 0) {
        return;
    }
    const uint8_t *entry = table + SM_POINT * (((digit < 0 ? -digit : digit) >> 1) & (SM_ENTRIES - 1));
    field_load(x, entry);
    field_load(y, entry + SM_NUMBER);
    if (digit < 0) {
        negate(y);
    }
    point_add(work, x, y, NULL);
}

static void add_odd(sm_work *work, int digit) {
    sm_number y;
    if (digit == 0) {
        return;
    }
    const sm_number *odd = work->odd[((digit < 0 ? -digit : digit) >> 1) & (SM_ODD - 1)];
    memcpy(y, odd[1], sizeof y);
    if (digit < 0) {
        negate(y);
    }
    point_add(work, odd[0], y, odd + 2);
}

static uint32_t bit_of(const uint8_t *number, uint32_t at) { // 32 bytes, the highest first
    return at < 256 ? number[31 - at / 8] >> (at & 7) & 1 : 0;
}

static void comb_digits(int8_t *digits, const uint8_t *bits) {
    for (uint32_t column = 0; column < SM_COLUMNS; column++) {
        int digit = 0;
        for (int tooth = SM_TEETH - 1; tooth >= 0; tooth--) {
            digit = 2 * digit + (bit_of(bits, column + SM_COLUMNS * tooth) ? 1 : -1);
        }
        digits[column] = digit;
    }
}

static void window_digits(int8_t *digits, const uint8_t *number) {
    uint32_t at = 0, carry = 0;
    while (at < SM_DIGITS) {
        uint32_t digit = carry;
        for (uint32_t bit = 0; bit < 5; bit++) {
            digit += bit_of(number, at + bit) << bit;
        }
        if (!(digit & 1)) {
            at++; // an even digit and its carry: both are in the next one
            continue;
        }
        carry = digit >> 4 & 1;
        digits[at] = (int)digit - (carry ? 32 : 0);
        at += 5;
    }
}

// [1]P, [3]P .. by co-Z sums (Meloni): [2]P is rewritten with the z of each sum
static void odd_multiples(sm_work *work, const uint8_t *point) {
    sm_number x, y, u, v, z, a, b;
    sm_number *odd = work->odd[0];
    field_load(x, point);
    field_load(y, point + SM_NUMBER);
    memcpy(odd[0], x, sizeof x);
    memcpy(odd[1], y, sizeof y);
    for (int at = 2; at < 5; at++) {
        memset(odd[at], 0, sizeof x);
        odd[at][0] = 1;
    }
    twice(z, y);
    field_square(a, x);
    field_sub(a, a, odd[2]); // x^2 - 1
    twice(b, a);
    field_add(a, a, b);
    field_square(b, y);
    field_square(y, b);
    for (int times = 0; times < 3; times++) {
        twice(y, y);
    }
    field_mul(x, x, b);
    twice(x, x);
    twice(x, x);
    field_square(u, a);
    field_sub(u, u, x);
    field_sub(u, u, x);
    field_sub(v, x, u);
    field_mul(v, a, v);
    field_sub(v, v, y);
    for (int at = 1; at < SM_ODD; at++) {
        odd = work->odd[at];
        field_sub(a, u, x);
        field_sub(b, v, y);
        field_mul(z, z, a);
        field_square(a, a);
        field_mul(u, u, a);
        field_mul(x, x, a);
        memcpy(odd[0], x, sizeof x); // x * a^2, for the sum below
        field_sub(a, u, x);
        field_mul(v, v, a);
        field_square(odd[1], b);
        field_sub(odd[1], odd[1], u);
        field_sub(odd[1], odd[1], x);
        memcpy(x, odd[1], sizeof x);
        memcpy(odd[0], x, sizeof x);
        field_sub(a, u, x);
        field_mul(y, b, a);
        field_sub(y, y, v);
        memcpy(odd[1], y, sizeof y);
        memcpy(odd[2], z, sizeof z);
        field_square(odd[3], z);
        field_mul(odd[4], odd[3], z);
    }
}

void sm2_begin(sm_work *work, const uint8_t *base_bits, const uint8_t *key_bits, const uint8_t *point) {
    memset(work, 0, sizeof *work);
    comb_digits(work->base, base_bits);
    if (point) {
        window_digits(work->key, key_bits);
        odd_multiples(work, point);
        work->windows = 1;
        work->left = SM_DIGITS;
    } else {
        comb_digits(work->key, key_bits);
        work->left = SM_COLUMNS;
    }
}

uint32_t sm2_columns(sm_work *work, const uint8_t *base_table, const uint8_t *key_table, uint32_t count) {
    if (work->left > SM_DIGITS || (!work->windows && !key_table)) {
        work->left = 0; // not what sm2_begin() made
    }
    while (work->left && count--) {
        uint32_t column = --work->left;
        if (!field_is_zero(work->z)) {
            point_double(work);
        }
        if (column < SM_COLUMNS) {
            add_of_table(work, base_table, work->base[column]);
        }
        if (work->windows) {
            add_odd(work, work->key[column]);
        } else {
            add_of_table(work, key_table, work->key[column]);
        }
    }
    return work->left;
}

void sm2_result(const sm_work *work, uint8_t out[2 * SM_NUMBER]) {
    sm_number t;
    field_store(out, work->x);
    field_square(t, work->z);
    field_store(out + SM_NUMBER, t);
}

void sm2_begin_table(sm_work *work, const uint8_t *point) {
    memset(work, 0, sizeof *work);
    field_load(work->x, point);
    field_load(work->y, point + SM_NUMBER);
    work->z[0] = 1;
    memcpy(work->odd[0][0], work->x, 2 * sizeof(sm_number));
    work->left = (DOUBLINGS + DOUBLINGS_AT_ONCE - 1) / DOUBLINGS_AT_ONCE + SM_ENTRIES / ENTRIES_AT_ONCE;
}

static void keep_tooth(sm_work *work, sm_number *tooth) { // affine
    sm_number a, b;
    field_inverse(a, work->z);
    field_square(b, a);
    field_mul(tooth[0], work->x, b);
    field_mul(b, b, a);
    field_mul(tooth[1], work->y, b);
}

// Entry `at` of those made so far becomes itself less a tooth, and `count` on itself and the tooth.
static void both_ways(uint8_t *table, uint32_t at, uint32_t count, const sm_number *tooth) {
    sm_number u, v, by, slope, x, y, signed_y;
    uint8_t *from = table + SM_POINT * at, *to = from;
    field_load(u, from);
    field_load(v, from + SM_NUMBER);
    field_sub(by, u, tooth[0]);
    field_inverse(by, by);
    memcpy(signed_y, tooth[1], sizeof signed_y);
    for (int way = 0; way < 2; way++) {
        negate(signed_y);
        field_sub(slope, v, signed_y);
        field_mul(slope, slope, by);
        field_square(x, slope);
        field_sub(x, x, u);
        field_sub(x, x, tooth[0]);
        field_sub(y, tooth[0], x);
        field_mul(y, y, slope);
        field_sub(y, y, signed_y);
        field_store(to, x);
        field_store(to + SM_NUMBER, y);
        to += SM_POINT * count;
    }
}

uint32_t sm2_table_step(sm_work *work, uint8_t table[SM_TABLE]) {
    int doubling = work->tooth < SM_TEETH - 1;
    for (int times = 0; times < DOUBLINGS_AT_ONCE && work->tooth < SM_TEETH - 1; times++) {
        point_double(work);
        if (++work->doubled >= SM_COLUMNS) {
            work->doubled = 0;
            keep_tooth(work, work->odd[++work->tooth]);
            if (work->tooth == SM_TEETH - 1) { // the top one is the first entry, and the others go to it
                field_store(table, work->odd[SM_TEETH - 1][0]);
                field_store(table + SM_NUMBER, work->odd[SM_TEETH - 1][1]);
                work->made = 1;
            }
        }
    }
    for (int times = doubling ? ENTRIES_AT_ONCE : 0; times < ENTRIES_AT_ONCE && work->made < SM_ENTRIES; times++) {
        uint32_t at = work->made ? work->made - 1 : 0, tooth = 0, count = 1;
        while (at >= count) {
            at -= count;
            count *= 2;
            tooth++;
        }
        both_ways(table, at, count, work->odd[tooth]);
        work->made++;
    }
    if (work->left) {
        work->left--;
    }
    return work->left;
}
