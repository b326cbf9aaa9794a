# SPDX-License-Identifier: Apache-2.0
"""The Chinese of what reports say: cards with memory, and a day by device and service."""

# Of cards with memory: what a line of the day's settlement is about, what is open, and since when
MEMORY = {
    "entry": "进站登记",
    "exit": "出站扣款",
    "pass": "票证记录",
    "purchase": "购量写卡",
    "payment": "缴费登记",
    "adjust": "补票登记",
    "other": "其他记录",
    "pass rides": "票证乘次",
    "offset drawn": "押金抵扣",
    "frozen": "冻结",
    "never cleared": "未完成",
    "completion": "完成扣款",
    "trip": "未出站",
    "doubtful": "存疑",
    "0-1 d": "一日内",
    "1-7 d": "一至七日",
    "older": "七日以上",
    "wait: the rider may still be inside": "等待：乘客可能仍在站内",
    "the next entry or the service desk ends it": "下次进站或由服务台补登",
    "ask why the exit is missing: its station's gaps, the card's disputes": (
        "查明缺出站原因：车站缺号、该卡争议"
    ),
    "wait: hire or filling may still be going on": "等待：租用或加注可能未结束",
    "the customer's next tap completes it: find him": "客户再次刷卡即完成：查找客户",
    "wait: the bike may still be out": "等待：车辆可能未还",
    "look for the bike: its rider's tap at a dock completes the hire": (
        "查找车辆：租车人在车桩刷卡即完成"
    ),
    "wait: the card's next tap completes what was poured": "等待：再次刷卡即结清已加油款",
    "look what was poured (fuel_filled): find the customer": "核查加油量（fuel_filled）：查找客户",
    "nothing poured: ask the issuer to release the sum; else claim it": (
        "未加油：请发卡行解冻；已加油：追索油款"
    ),
    "wait: the car may be inside": "等待：车辆可能仍在场内",
    "look whether the car stands there": "查看车辆是否在场",
    "no car: its exit's gaps and pending debits, the card's disputes": (
        "车已不在：查出口缺号、待定扣款、该卡争议"
    ),
    "ask the card's issuer to release the sum: no terminal can": "请发卡行解冻：终端无法解冻",
    "wait: the torn card may come back": "等待：闪卡可能再次出示",
    "look at the pending debit: did the tap happen?": "核查待定扣款：是否已成交",
    "settle it with the pending debit it stands beside": "随对应的待定扣款一并处理",
}
# Of a day by device: what a line is, and the headings around it
REPORTS = {
    "by service": "按业务",
    "Device": "设备",
    "What": "类别",
    "Service": "业务",
    "Class": "票种",
    "Less, yuan": "优惠（元）",
    "Quantity": "数量",
    "sale": "已扣款",
    "refund due": "应退款",
    "unproven": "未证实",
    "pending freeze": "冻结待定",
    "refund due freeze": "冻结被拒",
    "unproven freeze": "冻结未证实",
    "paid cash": "收现金",
    "refund cash": "退现金",
    "let through": "放行",
    "Car parks": "停车场",
    "Lane": "车道",
    "Attendant": "值班员",
    "Cars": "车次",
    "Length": "时长",
    "up to 1 h": "一小时内",
    "1-4 h": "一至四小时",
    "4-24 h": "四至二十四小时",
    "over 24 h": "二十四小时以上",
    "unknown": "不详",
    "Lines of sales add up to the settlement of the day; all others are no money to clear.": (
        "已扣款各行之和即当日结算额；其余均非清算款。"
    ),
    "The lines do not add up to the settlement:": "各行之和与结算不符：",
    "This day has {n} records, more than a page reads: ask `faretap ledger report`.": (
        "当日有 {n} 条记录，网页不便读取：请用 `faretap ledger report`。"
    ),
}
