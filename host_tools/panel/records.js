// SPDX-License-Identifier: Apache-2.0
// What stands beside a terminal that uses records of cards: module, other terminals, its place.
import { bi, make } from "./words.js";

function psam() {
  const said = make("p", "said");
  return {
    title: ["安全模块 PSAM（模拟）", "Security module, PSAM (simulated)"],
    parts: [said],
    show(state) {
      bi(said, `${state.pulled ? "已拔出" : "在槽内"} · 派生密钥 ${state.derived} 次 · MAC ${state.macs} 次`,
        `${state.pulled ? "Pulled out" : "In its slot"} · keys derived: ${state.derived} · MACs: ${state.macs}`);
      said.classList.toggle("warn", state.pulled);
    },
  };
}

function others(told) {
  const list = make("ul", "said");
  return {
    title: told.title,
    parts: [list],
    show(state) {
      list.replaceChildren(...state.rows.map(([name, chinese, english]) => bi(make("li"), `${name} ${chinese}`, `${name}: ${english}`)));
      if (!state.rows.length) bi(list, "各卡的记录都是空的：先选一张卡", "No card bears a record yet: pick a card first");
    },
  };
}

function place(told) {
  const said = make("p", "said");
  return {
    title: told.title,
    parts: [said],
    show(state) {
      bi(said, ...state.said);
      const keys = said.closest("article")?.querySelectorAll("[data-word]") || [];
      keys.forEach((key) => key.setAttribute("aria-pressed", key.dataset.word === state.at));
    },
  };
}

function loop() {
  const said = make("p", "said");
  return {
    title: ["线圈（模拟）：栏杆后面", "Loop behind the barrier (simulated)"],
    parts: [said],
    show: (state) => bi(said, `${state.on ? "有车" : "无车"} · 已驶过 ${state.driven}`, `${state.on ? "A vehicle is on it" : "Nobody is on it"} · drove over: ${state.driven}`),
  };
}

export const KINDS = { psam, others, place, loop };
