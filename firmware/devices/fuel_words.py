# SPDX-License-Identifier: Apache-2.0
"""What a pump's terminal shows, prints and is told."""

from firmware.devices import holds
from firmware.devices.panel import yuan
from firmware.formats import fields, record
from firmware.neighbours import pump

WORDS = (
    """
fuel_ready|blue||请提枪|Lift the nozzle|
fuel_tap|blue||请刷卡加油|Tap card to fill|
fuel_filling|blue||正在加油|Filling|
fuel_due|blue||请刷原卡结算|Same card: pay what was filled|
pump_silent|red|no|加油机无应答 暂停加油|Pump not answering|200
pump_fault|red|no|加油机停用 暂停加油|Pump out of order|200
pump_away|red|no|加油机无应答 未扣款|Pump is away, not charged|200
pump_lift|red|no|请先提枪 未扣款|Lift first, not charged|201
pump_busy|red|no|正在加油 请稍候|Pump in use: please wait|202
pump_hang|amber|again|请先挂枪 再刷卡|Hang up, then tap again|203
fuel_unknown|red|no|加油量不明 请到服务台|Fill unknown: service desk|152
fuel_asked|amber|again|正在查询 请再刷卡|Asking the pump: tap again|6
other_pump|red|no|请到原加油机结算|Pay at the pump you filled at|204
fuel_none|green|ok|未加油 已解冻|Nothing filled, sum released|205
re_entry|green|double|请加油|Please fill|206
"""
    + holds.WORDS
)
STATES = {
    pump.IDLE: "fuel_ready",
    pump.LIFTED: "fuel_tap",
    pump.RELEASED: "fuel_filling",
    pump.FILLING: "fuel_filling",
    pump.FILLED: "fuel_due",
}
COMMANDS = """
sum|AMOUNT:yuan|freeze this for the next card
full||freeze the usual sum
due||fills whose cards have not come again
"""
UNITS = {pump.LITRES: ("升", "l"), pump.KILOGRAMS: ("公斤", "kg")}


def receipt(product, fill, sold):
    """Lines of a receipt; fill: Fill with its data, None where nothing is known of it; sold: Sold
    of the completion.
    """
    lines = ["加油 FUEL", "油品 Product %s" % product]
    if fill and fill.data:
        from firmware.devices.fuel_fills import FILL  # fuel_fills knows no words

        told = fields.unpack(FILL, fill.data)
        chinese, unit = UNITS[told["unit"]]
        quantity, price_fen = told["quantity"], told["price_fen"]
        lines.append("单号 Sale %d" % told["sale"])
        lines.append("%s %s %d.%03d" % (chinese, unit, quantity // 1000, quantity % 1000))
        lines.append("单价 Price %s" % yuan(price_fen))
        lines.append("冻结 Held %s" % yuan(fill.frozen_fen))
    lines.append("金额 Amount %s" % yuan(sold.amount_fen))
    lines.append("卡号 Card %s" % record.mask_pan(record.pan_bytes(sold.pan)))
    if sold.outcome.balance_fen is not None:
        lines.append("余额 Balance %s" % yuan(sold.outcome.balance_fen))
    return lines
