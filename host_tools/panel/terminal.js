// SPDX-License-Identifier: Apache-2.0
// The terminal's face: lamps, display, tones, prompts, what is on the reader.
import { $, bi, make } from "./words.js";

const SIGNS = { green: "✓", amber: "!", red: "✗", blue: "·", dark: "" };
let facts = { tones: {}, prompts: {} };
let audio = null;
let tone = "";
let fresh = false; // words came since the last lamp: a lamp alone is no result

export function begin(told) {
  facts = told;
  $("buzzer").onclick = () => sound(facts.tones[tone] || []);
}

export function show(panel) {
  $("line1").textContent = panel.line1;
  $("line2").textContent = panel.line2;
  lamp(panel.lamp);
  beep(panel.beep, false);
  voice(panel.voice);
}

export function lamp(colour) {
  $("terminal").dataset.lamp = colour;
  $("sign").textContent = SIGNS[colour];
}

export function words(panel) {
  show({ ...panel, lamp: $("terminal").dataset.lamp, beep: "", voice: 0 });
  fresh = true;
}

export function result(colour) {
  lamp(colour);
  const hasWords = fresh;
  fresh = false;
  // a result stands for a second: what the last one was stays below
  if (!hasWords || colour === "blue" || colour === "dark") return;
  const said = make("span", "said", `${SIGNS[colour]} ${$("line2").textContent}`);
  $("before").replaceChildren(bi(make("span"), "上次：", "Last: "), said);
  $("before").dataset.lamp = colour;
}

export function beep(kind, aloud = true) {
  tone = kind;
  const pattern = facts.tones[kind] || [];
  $("buzzer").replaceChildren(...pattern.map((ms, at) => {
    const bar = make("i", at % 2 ? "off" : "");
    bar.style.width = `${Math.max(4, ms / 12)}px`;
    return bar;
  }));
  $("buzzer").dataset.kind = kind;
  $("buzzer").disabled = !pattern.length;
  if (aloud && $("sound").checked) sound(pattern);
}

function sound(pattern) {
  audio = audio || new AudioContext();
  let at = audio.currentTime;
  pattern.forEach((ms, number) => {
    if (number % 2 === 0) {
      const note = audio.createOscillator();
      note.frequency.value = 2300;
      note.connect(audio.destination);
      note.start(at);
      note.stop(at + ms / 1000);
    }
    at += ms / 1000;
  });
}

export function voice(number) {
  const words = facts.prompts[number];
  $("voice").hidden = !words;
  if (words) bi($("voice"), `♪${number} ${words[0]}`, `♪${number} ${words[1]}`);
}

export function reach(names) {
  $("reader").classList.toggle("there", names.length > 0);
  if (names.length) $("reach").replaceChildren(...names.map((name) => make("span", "small-card", name)));
  else bi($("reach"), "读卡区", "Reader");
}
