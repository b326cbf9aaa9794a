// SPDX-License-Identifier: Apache-2.0
// Two languages on one page: each text stands in both, the style sheet hides one of them.

export const $ = (id) => document.getElementById(id);
export const yuan = (fen) => (fen / 100).toFixed(2);

export function make(tag, classes = "", ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

function text(language, words) {
  const span = make("span", "bi", words);
  span.lang = language;
  return span;
}

export function bi(element, chinese, english) {
  element.replaceChildren(text("zh-Hans", chinese), text("en", english));
  return element;
}

export function label(element, chinese, english) {
  element.dataset.label = `${chinese}|${english}`;
  element.setAttribute("aria-label", document.documentElement.dataset.lang === "zh" ? chinese : english);
  return element;
}

export function speak(language) {
  document.documentElement.dataset.lang = language;
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.querySelectorAll("[data-label]").forEach((one) => label(one, ...one.dataset.label.split("|")));
  $("language").textContent = language === "zh" ? "English" : "中文";
  $("language").lang = language === "zh" ? "en" : "zh-Hans";
}

export function begin() {
  document.querySelectorAll("[data-bi]").forEach((one) => bi(one, ...one.dataset.bi.split("|")));
  let language = navigator.language.startsWith("zh") ? "zh" : "en";
  speak(new URLSearchParams(location.search).get("lang") === "zh" ? "zh" : language);
  $("language").onclick = () => speak(document.documentElement.dataset.lang === "zh" ? "en" : "zh");
  $("theme").onclick = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
}

// --- what goes out; whatever is refused is said

let quiet = null;

export function trouble(words) {
  $("trouble").textContent = words;
  $("trouble").hidden = false;
  clearTimeout(quiet);
  quiet = setTimeout(() => { $("trouble").hidden = true; }, 6000);
}

export const say = (part, word) => act("say", [], { part, word });

export async function act(path, cards = [], more = {}) {
  const asked = new URLSearchParams(more);
  cards.forEach((name) => asked.append("card", name));
  const answer = await fetch(`/${path}?${asked}`, { method: "POST" }).catch(() => null);
  if (!answer) return trouble("没有连接 No connection");
  $("trouble").hidden = true;
  if (!answer.ok) trouble(answer.status === 429 ? "请稍候 One moment, please" : await answer.text());
}
