// SPDX-License-Identifier: Apache-2.0
// The machines beside the terminal: one drawing a kind, keys for each.
import { KINDS as HOLDS } from "./holds.js";
import { KINDS as PEOPLE } from "./people.js";
import { KINDS as RECORD_KINDS } from "./records.js";
import { $, bi, label, make, say, trouble, yuan } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
let drawn = {}; // name of the part -> { element, show }
let hints = []; // [button, words of the panel that make it the next one]

function svg(box, inside) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", box);
  picture.setAttribute("aria-hidden", "true");
  inside.forEach(([tag, attributes]) => {
    const shape = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([key, value]) => shape.setAttribute(key, value));
    picture.append(shape);
  });
  return picture;
}

function keys(name, told, names) {
  const row = make("div", "keys");
  const choice = make("select");
  if (told.picks) {
    label(choice, "哪张卡", "Which card");
    choice.append(...names.map((one) => new Option(one, one)));
    row.append(choice);
  }
  told.keys.forEach(([word, chinese, english, hint]) => {
    const button = bi(make("button", "key"), chinese, english);
    button.type = "button";
    button.dataset.word = word;
    button.onclick = () => say(name, told.picks ? `${word} ${choice.value}` : word);
    if (hint) hints.push([button, hint.split("|")]);
    row.append(button);
  });
  return row;
}

function typing(name) {
  const form = make("form", "typing");
  const line = label(make("input"), "输入命令", "Type a command");
  Object.assign(line, { maxLength: 64, autocomplete: "off", placeholder: "help", spellcheck: false });
  const send = bi(make("button", "key"), "发送", "Send");
  form.append(make("span", "prompt", ">"), line, send);
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!line.value.trim()) return trouble("help");
    say(name, line.value);
    line.value = "";
  };
  return form;
}

const fact = (chinese, english, value) => make("div", "fact", bi(make("small"), chinese, english), value);

// --- one drawing a kind: (told) -> { parts: elements above the keys, show(state) }

function console_() {
  const screen = label(make("pre", "screen"), "司机屏", "Operator's screen");
  screen.tabIndex = 0;
  return {
    title: ["操作台", "Operator's console"],
    parts: [screen],
    show(state) {
      screen.textContent = state.lines.join("\n");
      screen.scrollTop = screen.scrollHeight;
      if (state.paper.length) {
        $("paper").hidden = false;
        $("receipt").textContent = state.paper.join("\n");
      }
    },
  };
}

function meter() {
  const digits = make("output", "digits");
  const flag = make("span", "flag");
  const km = make("span"), waiting = make("span"), clock = make("span"), trip = make("span");
  const said = make("p", "said");
  said.setAttribute("role", "status");
  return {
    title: ["计价器（模拟）", "Taximeter (simulated)"],
    parts: [
      make("div", "glass", make("div", "fare", digits, bi(make("small"), "元", "yuan")), flag,
        fact("里程 km", "km", km), fact("等候 分", "wait, min", waiting), fact("单号", "trip", trip), fact("时间", "time", clock)),
      said,
    ],
    show(state) {
      digits.textContent = state.silent ? "--.--" : yuan(state.fen);
      km.textContent = state.km;
      waiting.textContent = state.waiting;
      clock.textContent = state.clock;
      trip.textContent = state.trip || "–";
      const now = state.silent ? ["已拔", "Unplugged"] : !state.signed_in ? ["未签到", "Signed off"]
        : state.hired ? ["载客", "Hired"] : state.asks.startsWith("trip") ? ["等付款", "Waits for payment"] : ["空车", "For hire"];
      bi(flag, ...now);
      flag.dataset.state = now[1];
      bi(said, ...state.said);
      said.dataset.paid = state.paid_by;
    },
  };
}

function announcer(told) {
  const stops = make("ol", "stops", ...told.stops.map(([chinese, english]) => make("li", "", bi(make("span"), chinese, english))));
  const where = make("p", "said");
  return {
    title: ["报站器（模拟）", "Stop announcer (simulated)"],
    parts: [stops, where],
    show(state) {
      [...stops.children].forEach((item, at) => {
        item.classList.toggle("here", at + 1 === state.stop);
        item.classList.toggle("behind", state.direction === 1 ? at + 1 < state.stop : at + 1 > state.stop);
        if (at + 1 === state.stop) item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
      });
      stops.classList.toggle("back", state.direction === 2);
      stops.scrollLeft = stops.children[state.stop - 1].offsetLeft - stops.offsetLeft - stops.clientWidth / 2;
      const [chinese, english] = told.stops[state.stop - 1];
      const wrong = state.line === told.line ? "" : " ⚠";
      if (state.silent) bi(where, "报站器没有声音", "The announcer is silent");
      else bi(where, `${state.line}路${wrong} 第${state.stop}站 ${chinese}，${state.direction === 1 ? "去程" : "回程"}`,
        `Line ${state.line}${wrong}, stop ${state.stop} ${english}, ${state.direction === 1 ? "out" : "back"}`);
    },
  };
}

function rear() {
  const said = make("p", "said");
  return {
    title: ["后门读卡器（只模拟线路）", "Rear reader (its line alone, simulated)"],
    parts: [said],
    show(state) {
      const who = state.boarded.length ? state.boarded.join(", ") : "–";
      const link = state.cut ? ["线路断开", "The line is cut"] : !state.heard ? ["听不到前门", "Does not hear the front"]
        : state.open ? ["已开班", "Shift is open"] : ["未开班", "No shift"];
      bi(said, `${link[0]}。后门已刷：${who}`, `${link[1]}. Paid at the rear: ${who}`);
    },
  };
}

function lane() {
  const picture = svg("0 0 240 84", [
    ["rect", { class: "floor", x: 0, y: 0, width: 240, height: 84, rx: 8 }],
    ["path", { class: "beam one", d: "M78 14v56" }], ["path", { class: "beam two", d: "M120 14v56" }], ["path", { class: "beam three", d: "M162 14v56" }],
    ["rect", { class: "post", x: 66, y: 2, width: 108, height: 12, rx: 5 }], ["rect", { class: "post", x: 66, y: 70, width: 108, height: 12, rx: 5 }],
    ["path", { class: "arm up", d: "M120 14v27" }], ["path", { class: "arm down", d: "M120 70v-27" }],
    ["g", { class: "person" }],
  ]);
  const person = picture.querySelector(".person");
  ["M0-9a6 6 0 1 1 .1 0z", "M-9 12c0-18 18-18 18 0z"].forEach((d) => {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("d", d);
    person.append(shape);
  });
  const said = make("p", "said");
  said.id = "lane";
  said.setAttribute("role", "status");
  const box = make("div", "lane", picture);
  return {
    title: ["通道（模拟）", "Lane (simulated)"],
    parts: [box, said],
    show(state) {
      box.classList.toggle("open", state.open);
      box.classList.toggle("fire", state.fire);
      box.dataset.walking = state.walking;
      const queue = state.waiting ? ` · ⏳${state.waiting}` : "";
      const last = state.happened ? ` · ${state.happened}` : "";
      bi(said, `${state.fire ? "火警！" : ""}${state.open ? "开" : "关"} · 进 ${state.passed} · 出 ${state.exited}${queue}${last}`,
        `${state.fire ? "Fire! " : ""}${state.open ? "Open" : "Closed"} · In ${state.passed} · Out ${state.exited}${queue}${last}`);
    },
  };
}

function scanner(told) {
  const row = make("div", "tickets");
  told.keys.forEach(([word, chinese, english]) => {
    const code = make("img");
    Object.assign(code, { src: `/ticket/${word}.svg`, alt: "", loading: "lazy", draggable: false });
    const button = make("button", "ticket", code, bi(make("span"), chinese, english));
    button.type = "button";
    button.dataset.word = word;
    button.onclick = () => say(told.name, word);
    row.append(button);
  });
  return {
    title: ["电子票：点一下给扫码器看", "E-tickets: click one to show it to the scanner"],
    parts: [row],
    keyless: true,
    show(state) {
      for (const one of row.children) one.classList.toggle("shown", one.dataset.word === state.shown);
    },
  };
}

function entry(told) {
  const list = make("ul", "said");
  const verdicts = { stored: ["已入场", "is inside"], inside: ["已在场内", "was inside already"], full: ["已满", "no room"], lost: ["未记下", "not kept"] };
  return {
    title: told.title,
    parts: [list],
    show(state) {
      list.replaceChildren(...state.rows.map(([name, when, verdict]) => {
        const [chinese, english] = verdicts[verdict] || [verdict, verdict];
        return bi(make("li"), `${name} ${when} ${chinese}`, `${name}, ${when}: ${english}`);
      }));
      if (!state.rows.length) bi(list, "还没有人进入：先选一张卡", "Nobody has come in: pick a card first");
    },
  };
}

function output(chinese, english, classes, picture) {
  const box = make("div", `output ${classes}`, picture);
  const said = make("p", "said");
  return {
    title: [chinese, english],
    parts: [box, said],
    show(state) {
      box.classList.toggle("open", state.open);
      bi(said, state.open ? "开" : "关", state.open ? "Open" : "Closed");
    },
  };
}

function printer() {
  const list = make("ul", "said");
  return {
    title: ["票据打印机（模拟）", "Ticket printer (simulated)"],
    parts: [list],
    show(state) {
      list.replaceChildren(...state.slips.map((lines) => {
        const [code, ...text] = [...lines].reverse();
        const item = make("li", "", text.reverse().join(" · "));
        item.title = code;
        return item;
      }));
      if (!state.paper) bi(list, "缺纸", "No paper");
      else if (!state.slips.length) bi(list, "还没有票", "No ticket yet");
    },
  };
}

function billing() {
  const list = make("ul", "said");
  const states = { open: ["未付", "open"], held: ["正在付", "shown"], paid: ["已付", "paid"], pending: ["待核实", "pending"] };
  return {
    title: ["账单系统（模拟）", "Billing (simulated)"],
    parts: [list],
    show(state) {
      list.replaceChildren(...state.rows.map(([customer, bill, fen, word]) => {
        const [chinese, english] = states[word];
        return bi(make("li"), `户号 ${customer} 账单 ${bill} ${yuan(fen)}元 ${chinese}`, `Customer ${customer}, bill ${bill}, ${yuan(fen)}: ${english}`);
      }));
    },
  };
}

const barrier = () => output("道闸（模拟）", "Barrier (simulated)", "barrier", svg("0 -44 240 112", [
  ["path", { class: "ground", d: "M0 66h240" }], ["rect", { class: "post", x: 20, y: 26, width: 18, height: 40, rx: 3 }],
  ["path", { class: "boom", d: "M29 34h190" }],
]));
const flaps = () => output("闸门（模拟）", "Gate (simulated)", "flaps", svg("0 0 240 84", [
  ["rect", { class: "floor", x: 0, y: 0, width: 240, height: 84, rx: 8 }], ["path", { class: "flap up", d: "M120 14v27" }], ["path", { class: "flap down", d: "M120 70v-27" }],
  ["rect", { class: "post", x: 66, y: 2, width: 108, height: 12, rx: 5 }], ["rect", { class: "post", x: 66, y: 70, width: 108, height: 12, rx: 5 }],
]));
const door = () => output("门锁（模拟）", "Door strike (simulated)", "door", svg("0 0 120 90", [
  ["rect", { class: "frame", x: 34, y: 4, width: 52, height: 82, rx: 3 }], ["path", { class: "leaf", d: "M37 7h46v76h-46z" }], ["circle", { class: "knob", cx: 76, cy: 46, r: 3 }],
]));

const KINDS = { console: console_, meter, announcer, rear, lane, scanner, entry, barrier, flaps, door, printer, billing, ...HOLDS, ...PEOPLE, ...RECORD_KINDS };

// --- all of them

export function place(parts, names) {
  drawn = {};
  hints = [];
  const boxes = Object.entries(parts).map(([name, told]) => {
    const one = KINDS[told.kind]({ ...told, name });
    drawn[name] = one;
    const box = make("article", `machine ${told.kind}`, bi(make("h3"), ...one.title), ...one.parts);
    box.dataset.part = name;
    if (told.keys.length && !one.keyless) box.append(keys(name, told, names));
    if (told.types) box.append(typing(name));
    return box;
  });
  $("machines").replaceChildren(...boxes);
  $("beside").hidden = !boxes.length;
  document.body.classList.toggle("alone", !boxes.length);
}

export function show(beside, panel) {
  Object.entries(beside).forEach(([name, state]) => drawn[name] && drawn[name].show(state));
  if (panel) suggest(panel.line2);
}

export function suggest(line) {
  for (const [button, words] of hints) button.classList.toggle("next", words.some((word) => line.includes(word)));
}
