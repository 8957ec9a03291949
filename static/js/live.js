// [data-live="run:<id>"]: hears of changes over /ws/live; see docs/design-system.md for the attributes.
import { refresh } from "./refresh.js";

const FIRST = 500;
const LONGEST = 30_000;
// Signed out, not allowed: told after the socket has opened, and trying again would be no use. A handshake
// that is refused (429, or nobody there) comes without a code, so it is tried again, ever later.
const FINAL = [4401, 4403];

let socket = null;
let failures = 0;
let told = new Set();
let over = false;

export function start() {
  if (watched().length) connect();
  // A fragment may bring elements that watch something new.
  document.addEventListener("portal:fragment", () => (socket ? watch() : watched().length && connect()));
  addEventListener("online", () => !over && socket?.readyState === WebSocket.CLOSED && connect());
}

function watched() {
  const names = [...document.querySelectorAll("[data-live]")].flatMap((element) => topics(element));
  return [...new Set(names)];
}

function topics(element) {
  return element.dataset.live.split(/\s+/).filter(Boolean);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/live`);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", (event) => heard(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => closed(event.code));
}

function opened() {
  const wasAway = failures > 0;
  failures = 0;
  told = new Set();
  hint(true);
  watch();
  if (wasAway) document.querySelectorAll("[data-live-refresh]").forEach(refresh);
}

function watch() {
  const names = watched().filter((name) => !told.has(name));
  if (!names.length || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ watch: names }));
  names.forEach((name) => told.add(name));
}

function closed(code) {
  if (FINAL.includes(code)) return ended();
  failures += 1;
  if (failures > 1) hint(false);
  const wait = Math.min(FIRST * 2 ** (failures - 1), LONGEST);
  setTimeout(connect, wait / 2 + (Math.random() * wait) / 2);
}

function hint(connected) {
  const note = document.querySelector("[data-live-offline]");
  if (note) note.hidden = connected;
}

function ended() {
  over = true;
  const note = document.querySelector("[data-live-ended]");
  if (note) note.hidden = false;
}

function heard(message) {
  if (!message.topic || message.problem) return;
  for (const element of document.querySelectorAll("[data-live]")) {
    if (!topics(element).includes(message.topic)) continue;
    element.dispatchEvent(new CustomEvent("portal:live", { detail: message, bubbles: true }));
    if (element.dataset.liveRefresh) refresh(element);
  }
}
