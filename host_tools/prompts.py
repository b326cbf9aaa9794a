# SPDX-License-Identifier: Apache-2.0
"""What a voice module says by the numbers of the panel's tables: what the operator records.

number|Chinese|English. A number once given never gets other words; one that is not used any more
stays here with its words. File 006.mp3 in folder 01 of the module is prompt 6. 1..39 common to all
devices (TD-040 among them), 40..59 and 160..169 bus, 60..79 taxi, 80..119 gate, 120..159 and
170..199 others, 200..209 pumps, 210..219 campus, 220..229 meter cards, 230..239 fare adjustment.
"""

from typing import NamedTuple

MOST = 255  # what the module's frame can ask for


class Prompt(NamedTuple):
    """One prompt."""

    number: int
    chinese: str
    english: str


# TD-040: ordinary 1, month 22, discount 2, elder 24, special care 25, staff 26, driver 27, partner
# card 28, special line 29, please board 30, tap again 6, top up 31, insert coins 32, invalid 15
TABLE = """
1|已付款|Paid
2|优惠卡|Reduced fare
3|已补完|Earlier payment completed
4|未完成，请再刷同一张卡|Not done, tap the same card again
5|请询问工作人员|Please ask the staff
6|请再刷一次|Tap again
7|请只刷一张卡|One card only
8|此卡已付|Already paid
9|卡已拒绝|Declined
10|卡已过期|Card expired
11|卡未生效|Card not valid yet
12|免费乘车|Free ride
13|请用其他方式|Please use other means
14|此卡停用|Card is on the list
15|无效卡|Invalid card
16|未通过，将退还|Refused, will be refunded
17|扣款待核实，请询问工作人员|Debit unclear, please ask the staff
18|待退还，请勿再刷|Refund is due, do not tap again
19|须联机|Needs online
20|卡已锁|Card locked
21|暂停服务|Out of service
22|月票卡|Monthly pass
23|学生卡|Student card
24|老年卡|Senior card
25|爱心卡|Special care card
26|员工卡|Staff card
27|司机卡|Driver card
28|联名卡|Partner card
29|专线|Special line
30|请上车|Please board
31|已付款，请充值|Paid, please top up
32|请投币|Please insert coins
40|请到前门刷卡|Please use the front reader
41|无此票价|No fare for this trip
60|现金已付|Paid in cash
61|本单取消|Trip cancelled
80|请通行|Please walk through
81|请退回，一人一票|Step back, one at a time
82|紧急疏散，请通行|Emergency, please leave
83|请走其他通道|Please use another lane
84|未通行，请刷同一张卡|Not passed, tap the same card
85|门票已使用|Ticket already used
86|未到入园时间|Ticket not valid yet
87|门票已过期|Ticket expired
88|请走其他入口|Ticket is for another gate
89|门票无效|Ticket not genuine
90|请重新扫码|Scan again
91|已入园|Already inside
92|请找工作人员|Please ask the staff
120|门已开，请进|Door is open
121|无权限|No access
122|非开放时间|No access at this hour
123|已通过|Has passed already
124|门禁故障|Door out of order
130|请进|Please drive in
131|请出场|Please drive out
132|已入场，请询问工作人员|Inside already, please ask
133|无入场记录，请询问工作人员|No entry, please ask
134|无法计费，请询问工作人员|No tariff, please ask
135|车位已满|Car park is full
136|道闸故障|Barrier out of order
140|本餐次数已满|Meal was taken
141|今日限额已满|Day limit reached
142|车票有效|Ticket is valid
143|无有效车票|No ticket for this stop
144|正在补打门票|Printing it again
145|门票未打印，请刷同一张卡补打|Not printed, ask for a reprint with the same card
146|此卡无票，不能补打|No ticket of this card
147|门票已售完|Sold out
150|请进站|Please enter
151|请出站|Please leave
152|请到服务台|Please go to the service desk
160|换乘优惠|Transfer
161|请上车，下车请刷卡|Please board, tap again when you leave
162|已补上次车费，请上车|The ride before was paid, please board
163|请下车|Please leave
164|记录有误，请询问司机|Please ask the driver
165|月票未生效|Pass is not valid yet
166|月票已过期|Pass has expired
167|月票次数已用完|Pass is used up
170|一路平安|Have a safe journey
171|无出口记录，请询问收费员|No exit before, please ask the collector
172|无入口记录，请询问收费员|No entry, please ask the collector
173|掉头行驶，请询问收费员|U-turn, please ask the collector
174|用时过短，请询问收费员|Too fast, please ask the collector
175|超时，请询问收费员|Overtime, please ask the collector
176|车型不符，请询问收费员|Vehicle class differs, please ask the collector
177|通行记录有误，请询问收费员|Journey record is bad, please ask the collector
178|非本路网，请询问收费员|Not of this road, please ask the collector
180|缴费未完成，请询问工作人员|Payment not settled, please ask the staff
181|请通行|Please drive on
190|已冻结|Sum is held
191|已完成|Done
192|请取车|Please take the bike
193|已解冻，未扣款|Released, not charged
194|请先还车入桩，再刷卡|Lock the bike first, then tap
195|无车可租，请到其他站点|No bike here, please go to another station
196|车锁未开，请再刷同一张卡|The lock is stuck, tap the same card again
200|加油机停用|Pump out of order
201|请先提枪|Lift the nozzle first
202|加油机使用中，请稍候|Pump in use, please wait
203|请先挂枪，再刷卡|Hang up the nozzle, then tap again
204|请到原加油机结算|Pay at the pump you filled at
205|未加油，已解冻|Nothing filled, the sum is released
206|请加油|Please fill
210|名单故障，请用其他方式|List fault, please use other means
211|补贴后已付款|Paid with subsidy
212|已签到|You are in
213|已签到，迟到|You are in, late
214|已签退|You are out
215|已签退，早退|You are out, early
216|已登记，请勿重复刷卡|Noted already
217|座位已满|No seat is free
218|请选择楼层|Choose your floor
219|无楼层权限|No floor for this card
220|已购买，请将卡贴近表具|Bought, please hold the card at your meter
221|卡未绑定表具|The card has no meter
222|表具类型不符|The card is of another kind of meter
223|表内余量已满|The meter is full
224|卡内记录有误，请到柜台|The record is bad, please go to the desk
230|无进站记录，请再刷同一张卡补票|No entry, tap the same card again to pay
231|未出站，请再刷同一张卡补票|No exit, tap the same card again to pay
232|已超时，请再刷同一张卡补票|Overtime, tap the same card again to pay
233|记录有误，请再刷同一张卡补票|The record is bad, tap the same card again to pay
234|异地进站，请再刷同一张卡补票|Entered elsewhere, tap the same card again to pay
235|无需补票，请走闸机|All right, go to the gate
236|已补票，请尽快出站|Adjusted, please leave soon
237|已补票，可以进站|Adjusted, you may enter
238|已更正，未扣款|Put right, not charged
"""


def prompts():
    """Every Prompt in the order of its number."""
    rows = [row.split("|") for row in TABLE.strip().split("\n")]
    return [Prompt(int(number), chinese, english) for number, chinese, english in rows]
