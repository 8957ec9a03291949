// tbody[data-stream="/api/..."]: fills a table from NDJSON while it arrives; rows by the <template> inside.
import { row } from "./rows.js";

const BATCH_MS = 60;

export function start() {
  document.querySelectorAll("[data-stream]").forEach(stream);
}

async function stream(body) {
  const frame = body.closest("[data-stream-frame]") ?? body.closest(".card") ?? body.parentElement;
  const control = new AbortController();
  const parts = {
    body,
    template: body.querySelector("template"),
    count: frame.querySelector("[data-stream-count]"),
    stop: frame.querySelector("[data-stream-stop]"),
    empty: frame.querySelector("[data-stream-empty]"),
    problem: frame.querySelector("[data-stream-problem]"),
    limit: Number(body.dataset.streamLimit) || Infinity,
    seen: 0,
  };
  parts.stop?.addEventListener("click", () => control.abort("stopped"));
  body.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(body.dataset.stream, {
      headers: { Accept: "application/x-ndjson" }, credentials: "same-origin", signal: control.signal,
    });
    if (!answer.ok) return tell(parts, (await problem(answer)) || answer.statusText);
    await read(answer.body, parts, control);
    if (parts.empty) parts.empty.hidden = parts.seen > 0;
  } catch (error) {
    // A connection that ended too early, or half a row: what the browser says of it helps nobody.
    if (!control.signal.aborted) tell(parts, body.dataset.streamIncomplete ?? String(error.name));
  } finally {
    body.removeAttribute("aria-busy");
    if (parts.stop) parts.stop.hidden = true;
    body.dispatchEvent(new CustomEvent("portal:streamed", { bubbles: true, detail: { count: parts.seen } }));
  }
}

async function read(source, parts, control) {
  const reader = source.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let drawn = performance.now();
  let waiting = document.createDocumentFragment();
  const draw = () => {
    parts.body.append(waiting);
    waiting = document.createDocumentFragment();
    if (parts.count) parts.count.textContent = parts.seen.toLocaleString(document.documentElement.lang);
    drawn = performance.now();
  };
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines.filter((text) => text.trim())) {
      waiting.append(row(parts.template, JSON.parse(line)));
      parts.seen += 1;
      if (parts.seen >= parts.limit) break;
    }
    if (parts.seen >= parts.limit) control.abort("limit");
    if (done || control.signal.aborted || performance.now() - drawn > BATCH_MS) draw();
    if (done || control.signal.aborted) return;
  }
}

async function problem(answer) {
  return answer.json().then((body) => body.detail || body.title, () => "");
}

function tell(parts, message) {
  if (!parts.problem) return;
  parts.problem.hidden = false;
  const text = parts.problem.querySelector("[data-stream-message]");
  if (text) text.textContent = message;
}
