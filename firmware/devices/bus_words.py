# SPDX-License-Identifier: Apache-2.0
"""What a bus says beyond the panel's own table (panel.py), and what its driver may key."""

# TD-040: what riders hear of; paid, again, refused and the rest are in the panel's table
WORDS = """
sign_in|blue||请司机签到|Driver: please sign in
no_trip|red|no|请到前门刷卡|Please use the front reader|40
no_fare|red|no|暂停服务 无此票价|No fare for this trip|41
group|blue||一卡多人 共{fare}元|One card pays {fare}
to_stop|blue||分段票价 {fare}元|To the stop keyed {fare}
staff|green|double|员工卡 未扣款|Staff card, not charged|26
driver|green|double|司机卡 未扣款|Driver card, not charged|27
low_balance|green|ok|已付{fare}元 余{balance} 请充值|Paid {fare}, {balance}: top up|31
low_reduced|green|double|优惠{fare}元 余{balance} 请充值|Reduced {fare}, {balance}: top up|31
student|green|double|学生卡{fare}元 余额{balance}元|Student {fare}, balance {balance}|23
senior|green|double|老年卡{fare}元 余额{balance}元|Senior {fare}, balance {balance}|24
care|green|double|爱心卡{fare}元 余额{balance}元|Care {fare}, balance {balance}|25
month|green|double|月票卡{fare}元 余额{balance}元|Monthly {fare}, balance {balance}|22
partner|green|double|异地卡{fare}元 余额{balance}元|Partner {fare}, balance {balance}|28
"""

# Classes of card numbers that never pay (TD-031); the word stands in the record as fare class.
STAFF = ("driver", "staff", "dispatch", "line_set", "device_set", "collection", "management")

COMMANDS = """
on|DRIVER:1..4294967295 SHIFT?:1..65535|sign on: a shift is opened
off||sign off: the shift is closed and its statement printed
line|LINE:1..65535 DIRECTION?:out/back|the line that is driven
direction|DIRECTION:out/back|which way
stop|STOP:1..65535|where the bus is, without an announcer
to|STOP:1..65535|the next card pays to this stop
=|STOP:1..65535|likewise
group|RIDERS:2..9|the next card pays for so many
clear||forget what was keyed for the next card
last||the last result once more
state||driver, shift, line and stop
statement||of this shift so far
"""
