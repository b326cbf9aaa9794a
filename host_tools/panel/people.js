// SPDX-License-Identifier: Apache-2.0
// Where cards open and note, and dishes are chosen: allow list, room, lift, buttons of a window.
import { bi, make, say } from "./words.js";

function guests(told) {
  const rows = told.rows.map(([chinese, english, names]) => bi(make("li"), `${chinese}：${names.join("、")}`, `${english}: ${names.join(", ")}`));
  const rest = bi(make("li"), ...told.rest);
  return {
    title: ["白名单", "Allow list"],
    parts: [make("ul", "said", ...rows, rest)],
    show: () => {},
  };
}

function room(told) {
  const seats = make("ol", "seats");
  const said = make("p", "said");
  return {
    title: ["里面（摄像头所见，模拟）", "Inside, as a camera sees it (simulated)"],
    parts: [seats, said],
    show(state) {
      const taken = state.rows.map(([name, since]) => make("li", "taken", make("b", "", name), make("small", "", since)));
      const free = Array.from({ length: Math.max(0, told.seats - taken.length) }, () => bi(make("li"), "空座", "free seat"));
      seats.replaceChildren(...taken, ...free);
      if (!taken.length && !told.seats) seats.append(bi(make("li"), "没有人", "nobody"));
      bi(said, ...state.last);
    },
  };
}

function lift(told) {
  const shaft = make("ol", "shaft");
  const floors = told.keys.map(([word, chinese, english]) => {
    const button = bi(make("button", "key"), chinese, english);
    button.type = "button";
    button.dataset.word = word;
    button.onclick = () => say(told.name, word);
    const floor = make("li", "", make("span", "car"), button);
    shaft.append(floor);
    return [Number(word), floor, button];
  });
  const said = make("p", "said");
  return {
    title: ["电梯（模拟）：亮的按钮能按", "Lift (simulated): lit buttons work"],
    parts: [shaft, said],
    keyless: true,
    show(state) {
      for (const [number, floor, button] of floors) {
        floor.classList.toggle("here", number === state.at);
        floor.classList.toggle("freed", state.freed.includes(number));
        button.classList.toggle("next", state.freed.length > 1 && number > 1 && state.freed.includes(number));
      }
      bi(said, `在${state.at}层，走了 ${state.rides} 次`, `At floor ${state.at}, ${state.rides} rides`);
    },
  };
}

function dishes() {
  const said = make("p", "said");
  return {
    title: ["窗口按钮（模拟）", "Buttons of the window (simulated)"],
    parts: [said],
    show: (state) => bi(said, state.pressed ? "按下" : "", state.pressed ? "A finger is on a button" : ""),
  };
}

export const KINDS = { guests, room, lift, dishes };
