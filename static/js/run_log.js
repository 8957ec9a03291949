// [data-run-log="/runs/…/log/live"]: adds what the steps of a run say, twice a second while the page is looked at.
import { refresh } from "./refresh.js";

const EVERY = 500;
const LATER = 5000;

start();

async function start() {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY));
    const frame = document.querySelector("[data-run-log]");
    if (!frame || document.hidden) continue;
    const told = await load(frame);
    if (told) told.logs.forEach(add);
    else await new Promise((done) => setTimeout(done, LATER));
  }
}

async function load(frame) {
  const seen = [...frame.querySelectorAll("pre[role=log]")].map((pre) => [
    "seen",
    `${pre.id.replace(/-text$/, "")}:${[...pre.textContent].length}`,
  ]);
  try {
    const answer = await fetch(`${frame.dataset.runLog}?${new URLSearchParams(seen)}`, {
      credentials: "same-origin",
      redirect: "manual",
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function add({ key, at, text }) {
  const pre = document.getElementById(`${key}-text`) ?? document.getElementById(key);
  if (!text) return;
  // A step that has begun since comes with the page's fragment.
  if (!pre) refresh(document.querySelector("[data-live-refresh]"));
  else if (at === 0) pre.textContent = text;
  else pre.append(text);
}
