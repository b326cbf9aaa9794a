# SPDX-License-Identifier: Apache-2.0
"""Words for the printed tables (docs.py) where the code leaves a name to its reader.

WORDS: keys of settings and parameters, and the fields named after them. FIELD_WORDS: fields of
records and messages; a comment in the code wins.
"""

WORDS = {
    "version": "of this file, stands in every record",
    "fare_fen": "the full fare",
    "deny_list_version": "of the deny list, shown when a card is refused by it",
    "ttq": "9F66 before the amount changes it: qPBOC, offline only, fDDA 01 (QT-003, QT-006)",
    "currency": "5F2A, ISO 4217 in BCD",
    "country": "9F1A, ISO 3166 in BCD",
    "terminal_type": "9F35",
    "transaction_type": "9C",
    "ceiling_fen": "no fare is ever above it, whatever the tables say (TD-006)",
    "transaction_limit_fen": "an amount at or over it is not sold (QT-041)",
    "cvm_limit_fen": "at or over it a holder check is due (QT-042): refused when offline only",
    "floor_limit_fen": "over it an online cryptogram is due (QT-043): likewise",
    "journal": "file:PATH; on ESP32 flash:LABEL of a partition; on rp2 flash:END, the last blocks",
    "line": "line number (TD-032)",
    "stop": "number of the stop",
    "vehicle": "number of the vehicle",
    "driver": "number of the driver",
    "shift": "number of the shift",
}
FIELD_WORDS = {
    "version": "1; the first byte says how to read the others",
    "kind": "what became of the tap, numbers below",
    "device": "kind of device, `device` of its settings",
    "time_utc_s": "seconds since 1970, UTC",
    "amount_fen": "asked of the card",
    "full_fare_fen": "before discount",
    "fare_class": "name of the class, `adult` for the full fare",
    "parameters_version": "by whose rules: `version` of the parameters",
    "deny_list_version": "by whose list",
    "clock_trusted": "0: the clock had never been set (QT-015)",
    "oda": "fdda00, fdda01, failed, not_performed",
    "aid": "name of the application that was selected",
    "pan": "as in 5A: BCD, padded with F",
    "psn": "5F34, 0 when absent",
    "uid": "of the card as the chip saw it",
    "atc": "9F36",
    "afl": "94, which records belong to the transaction",
    "date": "local, YYMMDD",
    "time": "local, HHMMSS",
    "records": "every record read but the last, rows below",
    "terminal_id": "number of the terminal",
    "items": "records with their numbers, rows below",
    "batch_crc": "CRC of the BATCH frame that is answered",
    "upto": "all numbers up to it are on disk",
    "code": "why, numbers below",
    "expected": "number expected next, 0: any",
    "text": "for people",
}
