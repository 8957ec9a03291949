// form[data-session-upload="/api/…/content"]: several files go into a session's folder, one after the other, with progress.
import { choose, takeDrops } from "./upload_files.js";
import { size } from "./rows.js";

const TONES = { waiting: "idle", sending: "run", taken: "wait", refused: "bad", sent: "ok" };
const form = document.querySelector("[data-session-upload]");
const find = (name) => form.querySelector(`[data-upload-${name}]`);

if (form) start();

function start() {
  const words = find("words").dataset;
  const waiting = [];
  let busy = false;

  find("plain").hidden = true;
  // Hidden, it must not keep the form's other half from being used.
  find("plain").querySelector("input[type=file]").required = false;
  find("choose").hidden = false;
  const add = (files) => files.forEach(({ file }) => show(file));
  for (const button of form.querySelectorAll("[name=choose]")) button.addEventListener("click", () => choose("files", add));
  takeDrops(find("drop"), add);

  function show(file) {
    const element = find("row").content.firstElementChild.cloneNode(true);
    const row = { file, element, request: null, both: false, part: (name) => element.querySelector(`[data-part="${name}"]`) };
    row.part("name").textContent = file.name;
    row.part("bar").setAttribute("aria-label", file.name);
    row.part("cancel").addEventListener("click", () => drop(row));
    row.part("both").addEventListener("click", () => { row.both = true; enqueue(row); });
    row.part("again").addEventListener("click", () => enqueue(row));
    find("list").append(element);
    find("list").hidden = false;
    if (file.size > Number(form.dataset.most)) state(row, "refused", words.large);
    else enqueue(row);
  }

  function enqueue(row) {
    state(row, "waiting");
    waiting.push(row);
    if (!busy) work();
  }

  async function work() {
    busy = true;
    for (let row; (row = waiting.shift()); ) await send(row);
    busy = false;
  }

  function send(row) {
    return new Promise((done) => {
      const request = (row.request = new XMLHttpRequest());
      const path = [form.dataset.folder, row.file.name].filter(Boolean).join("/");
      const query = new URLSearchParams({ path, ...(row.both ? { keep: "both" } : {}) });
      request.open("PUT", `${form.dataset.sessionUpload}?${query}`);
      request.setRequestHeader("X-CSRFToken", form.querySelector("[name=csrfmiddlewaretoken]").value);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", (event) => state(row, "sending", "", event.loaded));
      request.addEventListener("load", () => heard(row, request));
      request.addEventListener("error", () => state(row, "refused", words.lost));
      request.addEventListener("loadend", done);
      state(row, "sending", "", 0);
      request.send(row.file);
    });
  }

  function heard(row, { status, responseText }) {
    let told = {};
    try { told = JSON.parse(responseText); } catch { /* a proxy's own page */ }
    if (status === 201) {
      row.part("name").textContent = told.name;
      find("done").hidden = false;
      return state(row, "sent", size(row.file.size));
    }
    state(row, told.free ? "taken" : "refused", told.detail ?? `HTTP ${status}`);
  }

  function drop(row) {
    row.request?.abort();
    if (waiting.includes(row)) waiting.splice(waiting.indexOf(row), 1);
    row.element.remove();
    find("list").hidden = !find("list").children.length;
  }

  function state(row, name, text = "", loaded = 0) {
    const badge = row.part("state");
    badge.textContent = words[name];
    badge.dataset.tone = TONES[name];
    row.part("text").textContent = text || `${size(loaded)} / ${size(row.file.size)}`;
    row.part("bar").hidden = name !== "sending";
    row.part("bar").value = row.file.size ? loaded / row.file.size : 1;
    row.part("both").hidden = name !== "taken";
    row.part("again").hidden = name !== "refused" || row.file.size > Number(form.dataset.most);
    row.part("cancel").hidden = name === "sent";
  }
}
