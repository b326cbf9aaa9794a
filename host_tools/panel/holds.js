// SPDX-License-Identifier: Apache-2.0
// What stands beside a terminal that freezes a sum: docks with bikes, a fuel pump.
import { bi, make, say, yuan } from "./words.js";

function key(part, word, chinese, english) {
  const button = bi(make("button", "key"), chinese, english);
  button.type = "button";
  button.dataset.word = word;
  button.onclick = () => say(part, word);
  return button;
}

const DOCKS = {
  empty: ["空", "Empty"], locked: ["可租", "To hire"], returned: ["已还，等刷卡", "Brought, no tap yet"],
  opening: ["锁已开", "Lock is open"], fault: ["锁坏", "Lock is stuck"],
};

function docks(told) {
  const rack = make("ol", "rack");
  const riders = make("ul", "said");
  let seen = "";
  function dock([number, state, bike, stuck]) {
    const item = make("li", state, make("b", "", String(number)), bi(make("small"), ...DOCKS[state]), bi(make("span", "bike"), bike ? `车 ${bike}` : "–", bike ? `bike ${bike}` : "–"));
    if (state === "opening") {
      item.append(key(told.name, `take ${number}`, "取车", "Take it"));
      item.lastChild.classList.add("next");
    }
    if (state === "locked") item.append(key(told.name, `press ${number}`, "选这辆", "This one"));
    item.append(key(told.name, `stick ${number}`, stuck ? "修锁" : "卡住锁", stuck ? "Mend" : "Jam lock"));
    return item;
  }
  function rider([name, bike, chinese, english]) {
    const frozen = english.includes("frozen");
    const item = make("li", "rider", bi(make("span"), `${name}：${bike ? `骑着 ${bike}，` : ""}${chinese}`, `${name}: ${bike ? `rides ${bike}, ` : ""}${english}`));
    if (bike) item.append(key(told.name, `bring ${name}`, "还车入桩", "Lock it here"));
    if (frozen) told.later.forEach((minutes) => item.append(key(told.name, `later ${name} ${minutes}`, `过${minutes}分钟`, `${minutes} min pass`)));
    return item;
  }
  return {
    title: ["车桩（模拟）", "Docks (simulated)"],
    parts: [rack, riders],
    show(state) {
      if (seen === JSON.stringify(state)) return; // a key that is drawn anew loses its click
      seen = JSON.stringify(state);
      rack.replaceChildren(...state.docks.map(dock));
      riders.replaceChildren(...state.riders.map(rider));
      if (!state.riders.length) bi(riders, "还没有人租车", "Nobody has hired yet");
    },
  };
}

function pump() {
  const litres = make("output", "digits"), fen = make("output", "digits small");
  const flag = make("span", "flag"), limit = make("span"), price = make("span"), total = make("span");
  const sales = make("ul", "said");
  const fact = (chinese, english, value) => make("div", "fact", bi(make("small"), chinese, english), value);
  return {
    title: ["加油机（模拟）", "Fuel pump (simulated)"],
    parts: [
      make("div", "glass", make("div", "fare", litres, bi(make("small"), "升", "l")), make("div", "fare", fen, bi(make("small"), "元", "yuan")), flag,
        fact("限额", "limit", limit), fact("单价", "price", price), fact("总计 升 / 元", "total, l / yuan", total)),
      sales,
    ],
    show(state) {
      litres.textContent = (state.ml / 1000).toFixed(2);
      fen.textContent = yuan(state.fen);
      bi(flag, ...(state.silent ? ["无通讯", "Not heard"] : state.said));
      limit.textContent = yuan(state.limit_fen);
      price.textContent = yuan(state.price_fen);
      total.textContent = `${(state.total_ml / 1000).toFixed(2)} / ${yuan(state.total_fen)}`;
      sales.replaceChildren(...state.sales.map(([number, ml, paid, cleared]) => bi(make("li"),
        `第${number}笔 ${(ml / 1000).toFixed(2)}升 ${yuan(paid)}元 ${cleared ? "终端已记下" : "未记下"}`,
        `Sale ${number}: ${(ml / 1000).toFixed(2)} l, ${yuan(paid)}, ${cleared ? "written down by the terminal" : "open"}`)));
    },
  };
}

export const KINDS = { docks, pump };
