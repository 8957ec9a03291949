// A client of tus 1.0 (tus.io) for one file: begins an upload, sends what is missing, goes on after a break.
const VERSION = { "Tus-Resumable": "1.0.0" };
const PIECE = 64 * 2 ** 20;
const WAITS = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30];
// What another try does not mend: not allowed, gone, too large, not understood.
const FINAL = new Set([400, 401, 403, 404, 410, 412, 413, 415, 422]);

export class Refused extends Error {
  constructor(status, problem = {}) {
    super(problem.detail ?? `HTTP ${status}`);
    this.status = status;
    this.url = problem.url ?? "";
    this.final = FINAL.has(status);
  }
}

export async function begin(address, size, metadata, token) {
  const answer = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: { ...VERSION, "X-CSRFToken": token, "Upload-Length": size, "Upload-Metadata": encoded(metadata) },
  });
  if (answer.status !== 201) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return new URL(answer.headers.get("Location")).pathname;
}

export async function send(file, where, { token, signal, progress, broken }) {
  let failures = 0;
  let offset = null;
  while (offset === null || offset < file.size) {
    try {
      offset ??= await offsetOf(where, signal);
      progress(offset);
      if (offset < file.size) offset = await patch(file, where, offset, { token, signal, progress });
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (error.final || failures >= WAITS.length) throw error;
      broken(error);
      await pause(WAITS[failures], signal);
      failures += 1;
      offset = null;
    }
  }
}

export async function remove(where, token) {
  await fetch(where, { method: "DELETE", credentials: "same-origin", headers: { ...VERSION, "X-CSRFToken": token } });
}

async function offsetOf(where, signal) {
  const answer = await fetch(where, { method: "HEAD", credentials: "same-origin", headers: VERSION, signal });
  if (!answer.ok) throw new Refused(answer.status);
  return Number(answer.headers.get("Upload-Offset"));
}

// fetch tells nothing of how much it has sent.
function patch(file, where, offset, { token, signal, progress }) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", where);
    const headers = { ...VERSION, "X-CSRFToken": token, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(offset + event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 204) return done(Number(request.getResponseHeader("Upload-Offset")));
      failed(new Refused(request.status, parsed(request.responseText)));
    });
    request.addEventListener("error", () => failed(new Error("network")));
    request.addEventListener("abort", () => failed(signal.reason));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file.slice(offset, offset + PIECE));
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function encoded(metadata) {
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(metadata).filter(([, text]) => text).map(([key, text]) => `${key} ${base64(text)}`).join(",");
}

function pause(seconds, signal) {
  return new Promise((done, failed) => {
    setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", () => failed(signal.reason), { once: true });
  });
}
