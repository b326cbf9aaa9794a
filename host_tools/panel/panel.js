// SPDX-License-Identifier: Apache-2.0
// Shows what the terminal reports (server-sent events) and sends what a hand does (POST).
import * as machines from "./machines.js";
import * as terminal from "./terminal.js";
import * as wallet from "./wallet.js";
import * as words from "./words.js";

const { $, act, bi, make, yuan } = words;
const STORIES_MOST = 8;
const POWER = { // power -> what is said, what the plug does next
  on: ["已连接", "Connected", "out", "拔电源", "Pull the plug"],
  off: ["没有电", "No power", "in", "插电源", "Plug it in"],
  dead: ["终端已停", "The terminal has ended", "in", "重新启动", "Start it again"],
  starting: ["正在启动", "Starting", "in", "正在启动", "Starting"],
};
const KINDS = { // of records: sign, tone, Chinese, English
  approved: ["✓", "good", "已付", "Paid"],
  void: ["○", "plain", "未扣款", "Not debited"],
  pending: ["?", "warn", "待核实", "Unresolved"],
  refused: ["✗", "bad", "拒绝", "Refused"],
  "debited-refused": ["✗", "bad", "已扣应退", "Refund due"],
  "debited-unproven": ["?", "warn", "扣款未证实", "Debit unproven"],
  event: ["·", "plain", "事件", "Event"],
  stamped: ["✓", "good", "已写入卡", "Stamped"],
  preauthorised: ["◷", "good", "已冻结", "Frozen"],
};
let facts = {};
let pending = [];

function power(state) {
  document.body.dataset.power = state;
  const [chinese, english, next, plug, plugged] = POWER[state];
  bi($("link"), chinese, english);
  bi($("plug"), plug, plugged);
  $("plug").disabled = state === "starting";
  $("plug").onclick = () => act("plug", [], { where: next });
  if (state === "on") return;
  terminal.show({ lamp: "dark", line1: chinese, line2: english, beep: "", voice: 0 });
}

// --- journal

const NOTHING_TAKEN = ["refused", "void", "event", "stamped"];

function row(one) {
  const [sign, tone, chinese, english] = KINDS[one.kind] || ["·", "plain", one.kind, one.kind];
  const reason = facts.messages[one.reason.split(" ")[0]] || [one.reason, one.reason];
  const badge = make("span", `badge ${tone}`, `${sign} `, bi(make("span"), chinese, english));
  const why = bi(make("span", "why"), reason[0], reason[1]);
  const line = document.createElement("tr");
  const amount = NOTHING_TAKEN.includes(one.kind) ? "" : yuan(one.amount_fen);
  const less = amount && one.full_fen > one.amount_fen ? [" ", bi(make("span", "why"), `原价 ${yuan(one.full_fen)}`, `of ${yuan(one.full_fen)}`)] : [];
  const people = one.riders > 1 ? [` ×${one.riders}`] : [];
  [one.sequence, one.time, [badge, " ", why, ...people, ...less], one.card, amount, one.sent ? "✓" : "…"].forEach((cell) => {
    line.insertCell().append(...[cell].flat().map((part) => (part instanceof Node ? part : String(part))));
  });
  return line;
}

function journal(state) {
  $("records").replaceChildren(...state.records.map(row));
  const now = Date.now();
  pending = state.pending.map((one) => ({ ...one, until: now + one.left_s * 1000 }));
  countDown();
  bi($("acknowledged"), `采集服务器已确认到 #${state.acknowledged}，待传 ${state.waiting} 条`,
    `The collector has acknowledged up to #${state.acknowledged}; ${state.waiting} wait`);
  $("collector").setAttribute("aria-pressed", state.linked);
  const waits = state.waiting ? ` ${state.waiting}` : "";
  bi($("collector"), `${state.linked ? "采集：通" : "采集：断"}${waits && "，待传" + waits}`,
    `${state.linked ? "Collector on" : "Collector off"}${waits && "," + waits + " wait"}`);
  $("collector").onclick = () => act("link", [], { where: state.linked ? "off" : "on" });
}

function countDown() {
  $("pending").replaceChildren(...pending.map((one) => {
    const left = Math.max(0, Math.round((one.until - Date.now()) / 1000));
    const state = one.state === "torn" ? ["等同一张卡", "waits for the same card"] : ["待启动时核实", "is settled at the next start"];
    return bi(make("li"), `待处理 #${one.sequence} ${one.card} ${yuan(one.amount_fen)}元：${state[0]}，还有 ${left} 秒`,
      `Pending #${one.sequence} ${one.card}, ${yuan(one.amount_fen)} yuan: ${state[1]}, ${left} s left`);
  }));
}
setInterval(() => { if (pending.length) countDown(); }, 1000);

// --- what was seen

function story(one) {
  return make("li", one.tone, make("time", "", one.time), " ", bi(make("span"), one.chinese, one.english));
}

function paper(lines) {
  $("paper").hidden = !lines.length;
  $("receipt").textContent = lines.join("\n");
}

function waterfall() {
  $("nothing").hidden = true;
  $("waterfall").hidden = false;
  $("waterfall").alt = "最近一次刷卡的时间 Where the time of the last tap went";
  $("waterfall").src = `/waterfall.svg?${Date.now()}`;
}

// --- events

function stands(event) {
  facts = event;
  const { chinese, english, runtime, name, hint } = event.device;
  bi($("try"), ...hint);
  document.body.dataset.device = name;
  bi($("device"), chinese, english);
  document.title = `faretap ${english}`;
  $("runtime").textContent = runtime === "micropython" ? "MicroPython" : "CPython";
  terminal.begin(event);
  terminal.show(event.panel);
  terminal.reach(event.field);
  wallet.deal(event.cards, event.kinds);
  wallet.field(event.field);
  machines.place(event.parts, wallet.names());
  machines.show(event.beside, event.panel);
  paper(event.paper);
  journal(event.journal);
  $("stories").replaceChildren(...event.stories.map(story));
  if (event.waterfall) waterfall();
  power(event.power);
}

function shown(event) {
  terminal.words(event);
  machines.suggest(event.line2);
}

function fieldChanged(event) {
  terminal.reach(event.field);
  wallet.field(event.field);
  wallet.balances(event.cards);
}

const HEARD = {
  state: stands,
  show: shown,
  lamp: (event) => terminal.result(event.lamp),
  beep: (event) => terminal.beep(event.beep),
  voice: (event) => terminal.voice(event.voice),
  field: fieldChanged,
  cards: (event) => wallet.balances(event.cards),
  journal: (event) => journal(event.journal),
  beside: (event) => machines.show(event.beside),
  paper: (event) => paper(event.paper),
  tap: waterfall,
  power: (event) => power(event.power),
  heap: (event) => { $("heap").textContent = `, heap ${Math.round(event.live / 1024)} of ${Math.round(event.total / 1024)} KB`; },
  story(event) {
    $("stories").prepend(story(event.story));
    while ($("stories").children.length > STORIES_MOST) $("stories").lastChild.remove();
  },
};

words.begin();
wallet.begin();
const stream = new EventSource("/events");
stream.onmessage = (message) => {
  const event = JSON.parse(message.data);
  const heard = HEARD[event.event];
  if (heard) heard(event);
};
stream.onerror = () => bi($("link"), "页面与终端的连接中断", "The page has lost its server");
