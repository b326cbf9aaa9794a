# SPDX-License-Identifier: Apache-2.0
"""Rows of the panel's table (panel.py) that only a taxi shows."""

WORDS = """
taxi_vacant|blue||空车|For hire|
taxi_hired|blue||载客中|Hired, meter running|
trip_due|blue||请刷卡 车费{fare}元|Tap card, fare {fare}|
trip_torn|amber|again|未完成 请再刷同一张卡|Not done: same card again|4
trip_unclear|blue||待核实 请司机处理|Unclear: driver decides|
trip_left|blue||上一单未付 请司机处理|Last trip open: driver decides|
trip_cash|green|ok|现金已付 {fare}元|Paid in cash {fare}|60
trip_cancelled|red|no|本单取消 未付款|Cancelled, not paid|61
meter_silent|red|no|计价器无应答 请用其他方式|No meter: use other means|13
driver_sign_in|blue||请司机签到|Driver: sign in|
"""
