// SPDX-License-Identifier: Apache-2.0
// Cards, and what a hand does with them: mouse, finger or keys.
import { $, act, bi, label, make, yuan } from "./words.js";

const HOLD_MS = 400; // pressed longer: the card is held
const DRAG_PX = 8; // moved further, with a mouse: the card is dragged
const HANDS = [ // word, Chinese, English
  ["tap", "刷卡", "Tap"],
  ["hold", "放着", "Hold"],
  ["together", "几张一起", "Several"],
  ["late", "扣款后撕", "Tear after debit"],
  ["middle", "扣款前撕", "Tear before debit"],
  ["early", "一开始撕", "Tear at start"],
];
const GROUPS = [["能付的", "Cards that pay"], ["该拒绝的", "Cards to be refused"]];
const faces = new Map();
const picked = new Set();
let there = [];

const hand = () => document.querySelector('input[name="hand"]:checked').value;

export function begin() {
  HANDS.forEach(([word, chinese, english], at) => {
    const radio = Object.assign(make("input"), { type: "radio", name: "hand", value: word, checked: at === 0 });
    radio.onchange = () => pick(null);
    $("hands").append(make("label", "", radio, bi(make("span"), chinese, english)));
  });
  $("together").onclick = () => {
    act("tap", [...picked]);
    pick(null);
  };
  pick(null);
}

function pick(name) {
  if (name === null) picked.clear();
  else if (!picked.delete(name)) picked.add(name);
  for (const [one, face] of faces) face.classList.toggle("picked", picked.has(one));
  $("together").hidden = hand() !== "together";
  $("together").disabled = picked.size < 2;
  bi($("together"), `一起刷 ${picked.size} 张`, `Tap ${picked.size} together`);
}

function use(name) {
  const does = hand();
  if (does === "tap") act("tap", [name]);
  else if (does === "hold") act(there.includes(name) ? "leave" : "hold", [name]);
  else if (does === "together") pick(name);
  else act("tear", [name], { where: does });
}

function pressable(face, name) {
  let timer = null, holds = false, ghost = null, from = null, over = false;
  const end = (event) => {
    if (from === null) return;
    clearTimeout(timer);
    const dragged = ghost !== null;
    if (ghost) ghost.remove();
    if (holds || over) act("leave", [name]);
    else if (event.type === "pointerup" && !dragged) use(name);
    ghost = from = null;
    over = holds = false;
  };
  face.onpointerdown = (event) => {
    if (event.button) return;
    face.setPointerCapture(event.pointerId);
    from = [event.clientX, event.clientY];
    timer = setTimeout(() => {
      holds = true;
      act("hold", [name]);
    }, HOLD_MS);
  };
  face.onpointermove = (event) => {
    if (from === null || holds || event.pointerType === "touch") return;
    if (!ghost && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < DRAG_PX) return;
    clearTimeout(timer);
    ghost = ghost || lifted(face);
    ghost.style.left = `${event.clientX}px`;
    ghost.style.top = `${event.clientY}px`;
    const place = $("reader").getBoundingClientRect();
    const inside = event.clientX > place.left && event.clientX < place.right && event.clientY > place.top && event.clientY < place.bottom;
    if (inside !== over) act(inside ? "hold" : "leave", [name]);
    over = inside;
  };
  face.onpointerup = face.onpointercancel = end;
  face.onclick = (event) => {
    if (event.detail === 0) use(name); // from the keyboard
  };
  face.oncontextmenu = (event) => event.preventDefault();
}

function lifted(face) {
  const ghost = face.cloneNode(true);
  ghost.classList.add("ghost");
  ghost.setAttribute("aria-hidden", "true");
  document.body.append(ghost);
  return ghost;
}

function makeCard(card, kinds) {
  const face = $("card").content.cloneNode(true).firstElementChild;
  const [chinese, english, pays] = kinds[card.kind] || [card.kind, card.kind, true];
  face.dataset.name = card.name;
  face.dataset.kind = pays ? card.kind : "trouble";
  face.querySelector("b").textContent = card.name;
  bi(face.querySelector(".kind"), chinese, english);
  face.querySelector(".digits").textContent = `•• ${card.last4}`;
  pressable(face, card.name);
  faces.set(card.name, face);
  return face;
}

export function deal(list, kinds) {
  faces.clear();
  const pays = (card) => (kinds[card.kind] || [0, 0, true])[2];
  const groups = [list.filter(pays), list.filter((card) => !pays(card))];
  $("cards").replaceChildren(...groups.flatMap((cards, at) => cards.length ? [
    bi(make("h3"), ...GROUPS[at]),
    label(make("div", "deck", ...cards.map((card) => makeCard(card, kinds))), ...GROUPS[at]),
  ] : []));
  balances(list);
}

export function balances(list) {
  list.forEach((card) => {
    const face = faces.get(card.name);
    if (face) face.querySelector(".balance").textContent = `¥ ${yuan(card.balance_fen)}${card.frozen_fen ? `\n❄ ${yuan(card.frozen_fen)}` : ""}`;
  });
}

export function field(names) {
  there = names;
  for (const [name, face] of faces) face.classList.toggle("there", names.includes(name));
}

export const names = () => [...faces.keys()];
