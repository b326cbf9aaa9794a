// SPDX-License-Identifier: Apache-2.0
// SM3 compression, sums of points on the SM2 curve and products of RSA in C, for verification alone:
// nothing here is constant in time, because all that is computed with is public. Knows nothing of MicroPython;
// module.c is what Python sees, tests/host/test_native.py builds these functions for themselves.
//
// A number of the field is eight words, the lowest first, always below P. Outside it is 32 bytes,
// the highest first. Every function takes any bytes and stays inside the buffers that it names.
#ifndef FARETAP_SM_H
#define FARETAP_SM_H

#include <stdint.h>

#define SM_BLOCK 64   // bytes of a block of SM3
#define SM_HALVES 16  // of its state: words cut in two, the upper half first
#define SM_NUMBER 32  // bytes of a number
#define SM_POINT 64   // bytes of a point, X || Y
#define SM_TEETH 7    // of a comb, firmware/kernel/sm2_comb.py
#define SM_COLUMNS 37 // of a comb
#define SM_ENTRIES 64 // of its table
#define SM_TABLE (SM_ENTRIES * SM_POINT)
#define SM_DIGITS 257 // of a number in windows, firmware/kernel/sm2_window.py
#define SM_ODD 8      // odd multiples that a digit chooses of

typedef uint32_t sm_number[8];

// What a sum or a table in the making needs between two slices; all zero is a finished one.
typedef struct {
    sm_number x, y, z;          // Jacobian, z = 0 is the point at infinity
    sm_number odd[SM_ODD][5];   // x, y, z, z^2, z^3; of a table: teeth, x and y alone
    int8_t base[SM_COLUMNS], key[SM_DIGITS];
    uint16_t left;              // columns or steps still to do
    uint8_t tooth, doubled;     // of a table: teeth there are, doublings behind the last of them
    uint8_t made;               // entries there are
    uint8_t windows;            // 1: key[] are windows, 0: columns of a comb
} sm_work;

// Takes `blocks` blocks of `data` into `state`.
void sm3_compress(uint16_t state[SM_HALVES], const uint8_t *data, uint32_t blocks);

// Starts [base]G + [key]point. base_bits: what sm2_comb.py cuts into columns; key_bits: likewise, or
// where `point` is given the number itself.
void sm2_begin(sm_work *work, const uint8_t *base_bits, const uint8_t *key_bits, const uint8_t *point);

// Does at most `count` columns and returns how many are left. key_table: where there was no point.
uint32_t sm2_columns(sm_work *work, const uint8_t *base_table, const uint8_t *key_table, uint32_t count);

// X and Z^2 of the sum.
void sm2_result(const sm_work *work, uint8_t out[2 * SM_NUMBER]);

// Starts the table of a comb; a step is four doublings or two entries. Returns the steps left.
void sm2_begin_table(sm_work *work, const uint8_t *point);
uint32_t sm2_table_step(sm_work *work, uint8_t table[SM_TABLE]);

// One product modulo P, for measurements and tests; numbers of P and more are taken modulo P.
void sm2_product(uint8_t out[SM_NUMBER], const uint8_t *a, const uint8_t *b);

#define RSA_WORDS 128 // at most, 4096 bits

// x = x * y / 2^(32 count) modulo an odd `modulus`, count words each, the lowest first (Montgomery).
void rsa_product(uint32_t *x, const uint32_t *y, const uint32_t *modulus, uint32_t count);

// Inside: words.c. to += by * a, `count` words; the carry that belongs into to[count].
uint32_t add_product(uint32_t *to, const uint32_t *a, uint32_t count, uint32_t by);

// Inside: sm2_field.c
void field_load(sm_number to, const uint8_t *from);
void field_store(uint8_t *to, const sm_number from);
void field_mul(sm_number to, const sm_number a, const sm_number b);
void field_square(sm_number to, const sm_number a);
void field_add(sm_number to, const sm_number a, const sm_number b);
void field_sub(sm_number to, const sm_number a, const sm_number b);
void field_inverse(sm_number to, const sm_number a);
int field_is_zero(const sm_number a);

#endif
