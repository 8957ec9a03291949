// [data-specification-check="/url"]: checks the reana.yaml in it while one types, and lists what is wrong.
const PAUSE = 350;
const timers = new WeakMap();
const asked = new WeakMap();

// By delegation: the editor may come with a fragment, after the files have been read.
document.addEventListener("input", (event) => {
  const place = event.target.closest?.("[data-specification-check]");
  if (!place || !event.target.matches("[data-specification]")) return;
  clearTimeout(timers.get(place));
  timers.set(place, setTimeout(() => check(place, event.target), PAUSE));
});

document.addEventListener("click", (event) => {
  const line = event.target.closest?.("button.capture-line");
  if (line) show(line.closest("[data-specification-check]").querySelector("[data-specification]"), Number(line.dataset.number));
});

async function check(place, text) {
  const list = place.querySelector("[data-faults]");
  const number = (asked.get(place) ?? 0) + 1;
  asked.set(place, number);
  const told = await faults(place, text).catch(() => null);
  // Another one was asked for meanwhile: only the last answer counts.
  if (asked.get(place) !== number) return;
  list.replaceChildren(told ? shown(told, list.dataset) : note(list.dataset.lost));
}

async function faults(place, text) {
  const answer = await fetch(place.dataset.specificationCheck, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": text.form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ text: text.value, capture: place.dataset.capture }),
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return (await answer.json()).faults;
}

function shown(found, words) {
  if (!found.length) return note(words.good);
  const list = document.createElement("ol");
  for (const fault of found) {
    const entry = document.createElement("li");
    if (fault.hint) entry.dataset.hint = "";
    if (fault.line) entry.append(lineOf(fault.line, words), " ");
    entry.append(fault.reason);
    if (fault.hint) entry.append(" ", note(words.hint, "span"));
    list.append(entry);
  }
  return list;
}

function lineOf(number, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "capture-line";
  button.dataset.number = number;
  button.textContent = `${words.line} ${number}`;
  return button;
}

function note(text, kind = "p") {
  const made = document.createElement(kind);
  made.className = "note";
  made.textContent = text;
  return made;
}

function show(text, number) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, number - 4);
}
