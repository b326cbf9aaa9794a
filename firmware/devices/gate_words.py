# SPDX-License-Identifier: Apache-2.0
"""What a gate says: rows of the panel's table (panel.py)."""

WORDS = """
gate_walk|blue||请通行|Please walk through
gate_wait|blue||请稍候|Please wait
gate_alarm|red|no|请退回 一人一票|Step back: one at a time
gate_fire|blue||紧急疏散 请通行|Emergency: gate is open
gate_fault|red|no|通道故障 请走其他通道|Out of order: use another lane
gate_free|blue||免费通行|Free entry today
gate_exit_only|blue||只出不进|Exit only
gate_closed|red|no|通道关闭|Lane closed
re_entry|green|double|请再次通行 未再扣款|Walk through, not charged
pass_valid|green|double|请通行|Pass valid
passback|red|no|此票已入园|Already inside
not_passed|amber|again|未通行 请刷同一张卡|Not passed: same card again
ticket_ok|green|ok|门票有效 请通行|Ticket valid
ticket_used|red|no|门票已使用|Ticket already used
ticket_today|red|no|门票今日已使用|Ticket used today
ticket_early|red|no|未到入园时间|Ticket not valid yet
ticket_expired|red|no|门票已过期|Ticket expired
ticket_gate|red|no|请走其他入口|Ticket is for another gate
ticket_forged|red|no|门票无效|Ticket not genuine
ticket_unread|amber|again|请重新扫码|Scan again
ticket_list_full|red|no|请找工作人员 票表已满|Ask the staff: list full
"""
