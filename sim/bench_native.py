# SPDX-License-Identifier: Apache-2.0
"""What hashes and signatures cost an interpreter with the twins it has, one JSON object a line.

Runs on a board, on MicroPython and on CPython; imports the firmware alone. On the emulated Pico it
comes as a file beside settings (host_tools/cli/bench_native.py). `keys` is a dict of hex:

| name | bytes |
|---|---|
| ca, issuer, card | points of SM2 |
| issuer_certificate, icc_certificate, sdad | tags 90, 9F46, 9F4B |
| static, terminal | what 9F46 and 9F4B sign beside their own fields |
| pan, atc, today | 5A, of an even number of digits; 9F36; YY, MM, DD |
"""

import gc
import json
import time

from firmware.kernel import capk, oda, oda_sm2, rsa, rsa_plain, sm2, sm3, twins

ticks_us = getattr(time, "ticks_us", None) or (lambda: time.perf_counter_ns() // 1000)
RSA_BITS = (1152, 1408, 1984)


def run(slices):
    """(microseconds in all, the longest slice, what the generator returned)."""
    gc.collect()
    all_us = longest_us = 0
    result = None
    while True:
        began = ticks_us()
        try:
            next(slices)
            over = False
        except StopIteration as end:
            over, result = True, end.value
        took = ticks_us() - began
        all_us += took
        longest_us = max(longest_us, took)
        if over:
            return all_us, longest_us, result


def at_once(call):
    """A call as a generator of one slice."""
    yield from ()
    return call()


def tell(name, measured):
    """Print one row; what was computed."""
    all_us, longest_us, result = measured
    print(json.dumps({"event": "cost", "name": name, "us": all_us, "slice_us": longest_us}))
    return result


def hashes(key):
    """SM3 and what hangs on it."""
    tell("SM3 of 200 bytes", run(at_once(lambda: sm3.sm3(bytes(200)))))
    tell("HMAC-SM3 of 1 KB", run(hmac_sm3(bytes(1024))))
    tell("ZA of a key", run(at_once(lambda: sm2.za(key))))


def hmac_sm3(data):
    """Generator: what signs a batch of an upload (formats/session_key.py)."""
    inner = sm3.Sm3()
    yield from inner.steps(bytes(64) + data)
    return sm3.sm3(bytes(64) + inner.digest())


def issuer_key(keys, cache):
    """Generator: the issuer's key, of its certificate or out of the cache."""
    ca = capk.new(bytes(5), 1, oda_sm2, keys["ca"])
    found = yield from oda_sm2.issuer_key(ca, keys["issuer_certificate"], b"", b"", cache)
    return found


def chain(keys, cache, name):
    """A whole chain: what is done before the last record, and what has to come behind it."""
    pan, today = keys["pan"].hex(), tuple(keys["today"])

    def before():
        issuer = yield from issuer_key(keys, cache)
        icc = yield from oda_sm2.icc_key(issuer, keys["icc_certificate"], b"", b"", pan, today)
        opened = yield from oda_sm2.open_sdad(icc, keys["sdad"], keys["atc"])
        return icc, opened

    def behind():
        oda_sm2.check_static(icc, keys["static"])
        return opened.verify(keys["terminal"])

    icc, opened = tell("SM2 chain, issuer %s" % name, run(before()))
    if not tell("SM2 chain, behind the last record", run(at_once(behind))):
        raise ValueError("a right chain was refused")


def signatures(keys, cache):
    """One check of each kind, the table of a key, and a chain with it."""
    point, signature = keys["card"], keys["icc_certificate"][-64:]
    chain(keys, cache, "new")
    issuer = run(issuer_key(keys, cache))[2]
    tell("SM2, making a table", run(issuer.improve()))
    chain(keys, cache, "known")
    tell("SM2, key seen once", run(sm2.commitment(signature, point)))
    tell("SM2, key with a table", run(sm2.commitment(signature, issuer.point, issuer.table)))


def powers(word):
    """RSA with made-up numbers of the lengths that are in use; in C there is e = 65537 alone."""
    for bits in RSA_BITS:
        modulus = b"\xff" + bytes([at & 255 for at in range(bits // 8 - 2)]) + b"\x0b"
        signature = b"\x7e" + modulus[:-1]
        n, s = int.from_bytes(modulus, "big"), int.from_bytes(signature, "big")
        for exponent in (3, 65537) if word == "plain" else (65537,):
            name = "RSA %d, e = %d" % (bits, exponent)
            tell(name, run(rsa.recover(signature, modulus, exponent)))
            if word == "plain":
                tell(name + ", pow()", run(power(s, exponent, n)))


def power(number, exponent, modulus):
    """Generator of one slice."""
    yield from ()
    return pow(number, exponent, modulus)


def main(keys, words=("c", "viper", "plain")):
    """Measure what there is of the twins."""
    print(json.dumps({"event": "chosen", "sm3": sm3.twin.WORD, "sm2": sm2.twin.WORD}))
    curves = {one.WORD: one for one in twins.each_sm2()}
    for sm3.twin in list(twins.each_sm3()):
        word = sm3.twin.WORD
        if word not in words:
            continue
        print(json.dumps({"event": "twin", "word": word}))
        hashes(keys["card"])
        if word in curves:
            sm2.twin = curves[word]
            signatures(keys, oda.KeyCache())
    for twin in list(twins.each_power()):
        twins.CHOSEN[:] = [twin]
        word = "plain" if twin is rsa_plain.plain_power else "c"
        if word in words:
            print(json.dumps({"event": "twin", "word": word}))
            powers(word)
    print(json.dumps({"event": "measured"}))


if __name__ == "__main__":
    with open("keys.json") as file:
        main({name: bytes.fromhex(text) for name, text in json.load(file).items()})
