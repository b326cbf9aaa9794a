# SPDX-License-Identifier: Apache-2.0
"""What a bus with records on the card says, beside the panel's own table (panel.py)."""

from firmware.devices.card_words import ROWS

WORDS = (
    """
lane_entry|blue||上车 请刷卡|Board: present card|
lane_exit|blue||下车 请刷卡|Leave: present card|
lane_both|blue||上下车 请刷卡|Board or leave: present card|
no_fare|red|no|暂停服务 无此票价|No fare for this trip|41
transfer|green|double|换乘{fare}元 余额{balance}元|Transfer {fare}, balance {balance}|160
pass_ride|green|double|月票卡 付{fare}元|Pass valid, paid {fare}|22
boarded|green|double|请上车 下车刷卡|Board, tap when leaving|161
boarded_late|green|double|补上次{fare}元 请上车|Ride before {fare}, board|162
free_exit|green|double|请下车 未扣款|Leave, not charged|163
re_entry|green|double|已刷卡 未再扣款|Pass, not charged again|80
exit_missing|red|no|上次下车未刷 请询问司机|No exit before: ask the driver|164
entry_missing|red|no|无上车记录 请询问司机|No boarding: ask the driver|164
overtime|red|no|超时 请询问司机|Too long: ask the driver|164
stamp_ahead|red|no|时间不符 请询问司机|Time is wrong: ask the driver|164
stamp_bad|red|no|记录有误 请询问司机|Record is bad: ask the driver|164
record_foreign|red|no|非本系统 请询问司机|Foreign record: ask the driver|164
pass_early|red|no|月票未生效 未扣款|Pass not valid yet, no charge|165
pass_expired|red|no|月票已过期 未扣款|Pass expired, not charged|166
pass_used_up|red|no|次数已用完 未扣款|Pass used up, not charged|167
pass_unknown|red|no|月票无法识别 未扣款|Pass not known, not charged|164
"""
    + ROWS
)
