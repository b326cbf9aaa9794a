// SPDX-License-Identifier: Apache-2.0
// Shows what the terminal reports (server-sent events) and sends what the hand does (POST).
"use strict";

const $ = (id) => document.getElementById(id);
const SIGNS = { green: "✓", amber: "!", red: "✗", blue: "·" };
const HOLD_MS = 400; // pressed longer: the card is held
const BESIDE_MOST = 6; // lines of the neighbours
let facts = { tones: {}, prompts: {} };
let held = new Set();
let audio = null;

const yuan = (fen) => (fen / 100).toFixed(2);

async function act(path, cards = [], more = {}) {
  const asked = new URLSearchParams(more);
  cards.forEach((name) => asked.append("card", name));
  const answer = await fetch(`/${path}?${asked}`, { method: "POST" }).catch(() => null);
  if (!answer) return say("没有连接 No connection");
  if (!answer.ok) say(answer.status === 429 ? "请稍候 One moment" : await answer.text());
}

function say(words) {
  $("link").textContent = words;
}

// --- terminal

function show(panel) {
  $("line1").textContent = panel.line1;
  $("line2").textContent = panel.line2;
  lamp(panel.lamp);
  beep(panel.beep, false);
  voice(panel.voice);
}

function lamp(colour) {
  $("terminal").dataset.lamp = colour;
  $("sign").textContent = SIGNS[colour];
  // a result stands for a second: what the last one was stays below
  if (colour !== "blue") $("before").textContent = `上次 Last: ${SIGNS[colour]} ${$("line2").textContent}`;
}

function beep(kind, aloud = true) {
  const bars = (facts.tones[kind] || []).map((ms, at) => {
    const bar = document.createElement("i");
    bar.style.width = `${Math.max(4, ms / 12)}px`;
    if (at % 2) bar.className = "off";
    return bar;
  });
  $("buzzer").replaceChildren(...bars);
  $("buzzer").dataset.kind = kind;
  if (aloud && $("sound").checked) sound(facts.tones[kind] || []);
}

function sound(pattern) {
  audio = audio || new AudioContext();
  let at = audio.currentTime;
  pattern.forEach((ms, number) => {
    if (number % 2 === 0) {
      const tone = audio.createOscillator();
      tone.frequency.value = 2300;
      tone.connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
    }
    at += ms / 1000;
  });
}

function voice(number) {
  const words = facts.prompts[number];
  $("voice").textContent = words ? `“${words[0]}” ${words[1]}` : "";
}

function beside(event) {
  const line = document.createElement("p");
  const { event: kind, at, ...rest } = event;
  line.textContent = `${kind} ${Object.entries(rest).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`).join(" ")}`;
  $("beside").prepend(line);
  while ($("beside").children.length > BESIDE_MOST) $("beside").lastChild.remove();
}

function machine(state) {
  $("machine").hidden = !state.kind;
  if (!state.kind) return;
  $("machine").classList.toggle("open", state.open);
  const arms = state.open ? "开 Open" : "关 Closed";
  $("lane").textContent = `${arms} · 进 In ${state.passed} · 出 Out ${state.exited}${state.happened ? " · " + state.happened : ""}`;
}

function words(list) {
  $("words").replaceChildren(...list.map(([word, chinese, english]) => {
    const button = document.createElement("button");
    button.textContent = `${chinese} ${english}`;
    button.dataset.word = word;
    button.onclick = () => act("say", [], { where: word });
    return button;
  }));
}

// --- wallet

function makeCard(card) {
  const item = $("card").content.cloneNode(true).firstElementChild;
  item.dataset.name = card.name;
  item.querySelector("b").textContent = card.name;
  item.querySelector(".kind").textContent = card.kind;
  pressable(item.querySelector(".face"), card.name);
  const keep = item.querySelector(".keep");
  keep.onclick = () => {
    const keeps = keep.getAttribute("aria-pressed") !== "true";
    keep.setAttribute("aria-pressed", keeps);
    held[keeps ? "add" : "delete"](card.name);
    act(keeps ? "hold" : "leave", [card.name]);
  };
  item.querySelector(".tear").onclick = () => act("tear", [card.name], { where: $("where").value });
  item.querySelector(".pick").onchange = () => {
    $("together").disabled = picked().length < 2;
  };
  return item;
}

function pressable(face, name) {
  let timer = null;
  let holds = false;
  face.onpointerdown = (event) => {
    if (event.button) return;
    face.setPointerCapture(event.pointerId);
    holds = false;
    timer = setTimeout(() => {
      holds = true;
      act("hold", [name]);
    }, HOLD_MS);
  };
  face.onpointerup = face.onpointercancel = (event) => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    if (holds) act("leave", [name]);
    else if (event.type === "pointerup") act("tap", [name]);
  };
  face.onclick = (event) => {
    if (event.detail === 0) act("tap", [name]); // from the keyboard
  };
  face.oncontextmenu = (event) => event.preventDefault();
}

const picked = () => [...document.querySelectorAll(".pick:checked")].map((box) => box.closest(".card").dataset.name);

function cards(list) {
  if ($("cards").children.length !== list.length) $("cards").replaceChildren(...list.map(makeCard));
  list.forEach((card, at) => {
    $("cards").children[at].querySelector(".balance").textContent = `¥ ${yuan(card.balance_fen)}`;
  });
}

function field(names) {
  for (const item of $("cards").children) item.classList.toggle("there", names.includes(item.dataset.name));
  $("reader").classList.toggle("there", names.length > 0);
  $("reach").textContent = names.length ? names.join(", ") : "读卡区 Reader";
}

// --- records and the last tap

function records(list) {
  $("records").replaceChildren(...list.map((one) => {
    const row = document.createElement("tr");
    const paid = one.taken ? yuan(one.amount_fen) : "0.00";
    [one.sequence, one.time, one.card, paid, one.message, one.ms].forEach((text) => {
      row.insertCell().textContent = text;
    });
    return row;
  }));
}

function waterfall() {
  $("waterfall").hidden = false;
  $("waterfall").alt = "最近一次刷卡的时间 Where the time of the last tap went";
  $("waterfall").src = `/waterfall.svg?${Date.now()}`;
}

// --- events

let kept = [];
const HEARD = {
  state(event) {
    facts = event;
    const { chinese, english, fare_fen: fare } = event.device;
    $("device").textContent = `${chinese} ${english} ¥ ${yuan(fare)}`;
    show(event.panel);
    cards(event.cards);
    field(event.field);
    records((kept = event.records));
    words(event.words);
    machine(event.beside);
    if (event.waterfall) waterfall();
    say("已连接 Connected");
  },
  show(event) {
    show({ ...event, lamp: $("terminal").dataset.lamp, beep: "", voice: 0 });
  },
  lamp: (event) => lamp(event.lamp),
  beep: (event) => beep(event.beep),
  voice: (event) => voice(event.voice),
  field(event) {
    field(event.field);
    cards(event.cards);
  },
  cards: (event) => cards(event.cards),
  record(event) {
    records((kept = [event.record, ...kept].slice(0, 12)));
  },
  beside: (event) => machine(event.beside),
  tap: waterfall,
  upload(event) {
    $("acknowledged").textContent = `已上传到 Uploaded and committed up to # ${event.acknowledged}`;
  },
  table: (event) => say(event.text),
  ready: () => say("已连接 Connected"),
};
const QUIET = ["apdu", "heap", "counters", "collision", "reader", "link"];

const stream = new EventSource("/events");
stream.onmessage = (message) => {
  const event = JSON.parse(message.data);
  const heard = HEARD[event.event];
  if (heard) heard(event);
  else if (!QUIET.includes(event.event)) beside(event);
};
stream.onerror = () => say("连接中断 Connection lost");

$("together").onclick = () => act("tap", picked());
$("plug").onclick = () => act("plug");
