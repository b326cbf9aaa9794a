# SPDX-License-Identifier: Apache-2.0
"""What a gate says: rows of the panel's table (panel.py)."""

WORDS = """
gate_walk|blue||请通行|Please walk through|80
gate_wait|blue||请稍候|Please wait
gate_alarm|red|no|请退回 一人一票|Step back: one at a time|81
gate_fire|blue||紧急疏散 请通行|Emergency: gate is open|82
gate_fault|red|no|通道故障 请走其他通道|Out of order: use another lane|83
gate_free|blue||免费通行|Free entry today|80
gate_exit_only|blue||只出不进|Exit only
gate_closed|red|no|通道关闭|Lane closed|83
re_entry|green|double|请再次通行 未再扣款|Walk through, not charged|80
pass_valid|green|double|通行证有效 请通行|Pass valid|80
passback|red|no|此票已入园|Already inside|91
not_passed|amber|again|未通行 请刷同一张卡|Not passed: same card again|84
ticket_ok|green|ok|门票有效 请通行|Ticket valid|80
ticket_used|red|no|门票已使用|Ticket already used|85
ticket_today|red|no|门票今日已使用|Ticket used today|85
ticket_early|red|no|未到入园时间|Ticket not valid yet|86
ticket_expired|red|no|门票已过期|Ticket expired|87
ticket_gate|red|no|请走其他入口|Ticket is for another gate|88
ticket_forged|red|no|门票无效|Ticket not genuine|89
ticket_unread|amber|again|请重新扫码|Scan again|90
ticket_list_full|red|no|请找工作人员 票表已满|Ask the staff: list full|92
"""
