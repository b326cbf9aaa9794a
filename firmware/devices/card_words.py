# SPDX-License-Identifier: Apache-2.0
"""What a panel says of records of the card: a trade that uses them appends ROWS to its own words
(panel.py says how a row is read).
"""

ROWS = """capp_absent|red|no|此卡不适用 未扣款|Card not usable, not charged|15
capp_unfit|red|no|卡数据错误 未扣款|Card error, not charged|15
record_missing|red|no|此卡未开通 请到服务台|Not subscribed: service desk|152
record_unread|red|no|卡记录错误 未扣款|Record error, not charged|15
record_invalid|red|no|卡记录无效 未扣款|Record not valid, no charge|15
record_locked|red|no|卡记录已锁 未扣款|Record locked, not charged|15
record_forged|red|no|卡记录不符 未扣款|Record not right, no charge|15
module_failed|red|no|安全模块故障 未扣款|Module error, not charged|15
update_refused|red|no|写卡失败 请到服务台|Card refuses: service desk|152
update_failed|amber|again|请再刷一次 未扣款|Tap again, not charged|6
pre_authorised_thrice|red|no|预授权已满 未扣款|Three holds open, no charge|15
pre_authorised|red|no|已有预授权 未扣款|Hold is open, not charged|15
not_pre_authorised|red|no|没有预授权 未扣款|No hold open, not charged|15
frozen_refused|red|no|未通过 已冻结{fare}元|Refused, {fare} is held: ask|15
stamp_refused|red|no|未通过 未扣款 请询问|Refused, not charged: ask|15
balance_low|red|no|余额不足 未扣款|Balance too low, not charged|15
stamp_proven|green|ok|已补完{fare}元 余额{balance}元|Settled {fare}, left {balance}|3
"""
