// SPDX-License-Identifier: Apache-2.0
// The module `faretap_sm`: SM3, SM2 and RSA for firmware/kernel/{sm3,sm2,rsa}_native.py.
//
// | function | does |
// |---|---|
// | compress(state, data, at, blocks) | SM3: blocks of data[at:] into an array("H") of 16 halves |
// | begin(work, base_bits, key_bits, point) | starts [base]G + [key]point; point None: by a table |
// | columns(work, base_table, key_table, count) | does so many columns; how many are left |
// | result(work, out) | 64 bytes: X and Z^2 of the sum |
// | begin_table(work, point) | starts the table of a point |
// | table_step(work, table) | a step of it; how many are left |
// | product(out, a, b) | one product of the field |
// | rsa_product(x, y, modulus) | x * y / 2^(8 * length) modulo an odd modulus into x; little-endian |
//
// WORK is the size of `work`, a buffer at a word's boundary, as a bytearray is. What is too short, no
// buffer or not writable raises ValueError or TypeError; a `work` that something else has written into
// gives a wrong sum and nothing worse. Built into an image (micropython.mk, .cmake) or, with
// FARETAP_NATMOD, a native .mpy for an interpreter as others ship it (Makefile).
#ifdef FARETAP_NATMOD
#include "py/dynruntime.h"
#else
#include "py/obj.h"
#include "py/runtime.h"
#endif
#include "sm.h"

static void *buffer(mp_obj_t given, size_t least, size_t aligned, mp_uint_t flags) {
    mp_buffer_info_t found;
    mp_get_buffer_raise(given, &found, flags);
    if (found.len < least || ((uintptr_t)found.buf & (aligned - 1))) {
        mp_raise_ValueError(MP_ERROR_TEXT("faretap_sm: buffer"));
    }
    return found.buf;
}

static const uint8_t *readable(mp_obj_t given, size_t least) {
    return buffer(given, least, 1, MP_BUFFER_READ);
}

static sm_work *work_of(mp_obj_t given) {
    return buffer(given, sizeof(sm_work), sizeof(uint32_t), MP_BUFFER_WRITE);
}

static mp_obj_t compress(size_t count, const mp_obj_t *args) {
    uint16_t *state = buffer(args[0], SM_HALVES * sizeof(uint16_t), sizeof(uint16_t), MP_BUFFER_WRITE);
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[1], &data, MP_BUFFER_READ);
    mp_int_t at = mp_obj_get_int(args[2]), blocks = mp_obj_get_int(args[3]);
    (void)count;
    if (at < 0 || blocks < 0 || (size_t)at > data.len || (size_t)blocks > (data.len - at) / SM_BLOCK) {
        mp_raise_ValueError(MP_ERROR_TEXT("faretap_sm: blocks"));
    }
    sm3_compress(state, (const uint8_t *)data.buf + at, blocks);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(compress_obj, 4, 4, compress);

static mp_obj_t begin(size_t count, const mp_obj_t *args) {
    (void)count;
    sm_work *work = work_of(args[0]);
    const uint8_t *base_bits = readable(args[1], SM_NUMBER), *key_bits = readable(args[2], SM_NUMBER);
    sm2_begin(work, base_bits, key_bits, args[3] == mp_const_none ? NULL : readable(args[3], SM_POINT));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(begin_obj, 4, 4, begin);

static mp_obj_t columns(size_t count, const mp_obj_t *args) {
    (void)count;
    sm_work *work = work_of(args[0]);
    const uint8_t *base_table = readable(args[1], SM_TABLE);
    const uint8_t *key_table = args[2] == mp_const_none ? NULL : readable(args[2], SM_TABLE);
    mp_int_t some = mp_obj_get_int(args[3]);
    return MP_OBJ_NEW_SMALL_INT(sm2_columns(work, base_table, key_table, some < 0 ? 0 : some));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(columns_obj, 4, 4, columns);

static mp_obj_t result(mp_obj_t work, mp_obj_t out) {
    sm2_result(work_of(work), buffer(out, 2 * SM_NUMBER, 1, MP_BUFFER_WRITE));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(result_obj, result);

static mp_obj_t begin_table(mp_obj_t work, mp_obj_t point) {
    sm2_begin_table(work_of(work), readable(point, SM_POINT));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(begin_table_obj, begin_table);

static mp_obj_t table_step(mp_obj_t work, mp_obj_t table) {
    return MP_OBJ_NEW_SMALL_INT(sm2_table_step(work_of(work), buffer(table, SM_TABLE, 1, MP_BUFFER_WRITE)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(table_step_obj, table_step);

static mp_obj_t product(mp_obj_t out, mp_obj_t a, mp_obj_t b) {
    sm2_product(buffer(out, SM_NUMBER, 1, MP_BUFFER_WRITE), readable(a, SM_NUMBER), readable(b, SM_NUMBER));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(product_obj, product);

static mp_obj_t rsa(mp_obj_t x, mp_obj_t y, mp_obj_t modulus) {
    mp_buffer_info_t of;
    mp_get_buffer_raise(modulus, &of, MP_BUFFER_READ);
    if (of.len == 0 || of.len > RSA_WORDS * 4 || of.len % 4 || !(*(const uint8_t *)of.buf & 1)) {
        mp_raise_ValueError(MP_ERROR_TEXT("faretap_sm: modulus"));
    }
    const uint32_t *by = buffer(modulus, of.len, 4, MP_BUFFER_READ);
    rsa_product(buffer(x, of.len, 4, MP_BUFFER_WRITE), buffer(y, of.len, 4, MP_BUFFER_READ), by, of.len / 4);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(rsa_obj, rsa);

#ifdef FARETAP_NATMOD
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    mp_store_global(MP_QSTR_WORK, MP_OBJ_NEW_SMALL_INT(sizeof(sm_work)));
    mp_store_global(MP_QSTR_compress, MP_OBJ_FROM_PTR(&compress_obj));
    mp_store_global(MP_QSTR_begin, MP_OBJ_FROM_PTR(&begin_obj));
    mp_store_global(MP_QSTR_columns, MP_OBJ_FROM_PTR(&columns_obj));
    mp_store_global(MP_QSTR_result, MP_OBJ_FROM_PTR(&result_obj));
    mp_store_global(MP_QSTR_begin_table, MP_OBJ_FROM_PTR(&begin_table_obj));
    mp_store_global(MP_QSTR_table_step, MP_OBJ_FROM_PTR(&table_step_obj));
    mp_store_global(MP_QSTR_product, MP_OBJ_FROM_PTR(&product_obj));
    mp_store_global(MP_QSTR_rsa_product, MP_OBJ_FROM_PTR(&rsa_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
#else
static const mp_rom_map_elem_t globals[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_faretap_sm)},
    {MP_ROM_QSTR(MP_QSTR_WORK), MP_ROM_INT(sizeof(sm_work))},
    {MP_ROM_QSTR(MP_QSTR_compress), MP_ROM_PTR(&compress_obj)},
    {MP_ROM_QSTR(MP_QSTR_begin), MP_ROM_PTR(&begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_columns), MP_ROM_PTR(&columns_obj)},
    {MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&result_obj)},
    {MP_ROM_QSTR(MP_QSTR_begin_table), MP_ROM_PTR(&begin_table_obj)},
    {MP_ROM_QSTR(MP_QSTR_table_step), MP_ROM_PTR(&table_step_obj)},
    {MP_ROM_QSTR(MP_QSTR_product), MP_ROM_PTR(&product_obj)},
    {MP_ROM_QSTR(MP_QSTR_rsa_product), MP_ROM_PTR(&rsa_obj)},
};
static MP_DEFINE_CONST_DICT(globals_dict, globals);

const mp_obj_module_t faretap_sm_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals_dict,
};
MP_REGISTER_MODULE(MP_QSTR_faretap_sm, faretap_sm_module);
#endif
