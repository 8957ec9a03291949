// [data-toast]: closes by its button; one that reports success leaves after ten seconds unless pointed at.
const LEAVES = new Set(["success", "info"]);
const AFTER = 10_000;

export function start() {
  document.querySelectorAll("[data-toasts] > [data-toast]").forEach(schedule);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) leave(event.target.closest("[data-toast]"));
  });
  document.addEventListener("portal:toast", (event) => say(event.detail.text, event.detail.tone));
  document.addEventListener("htmx:error", () => say(offline(), "error"));
}

// Show a toast from a script: say("Copied", "success").
export function say(text, tone = "info") {
  const template = document.querySelector("[data-toast-template]");
  const place = document.querySelector("[data-toasts]");
  if (!template || !place) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.dataset.tone = tone;
  toast.querySelector("p").textContent = text;
  place.append(toast);
  schedule(toast);
}

function offline() {
  return document.querySelector("[data-live-offline]")?.textContent ?? "";
}

function schedule(toast) {
  if (!LEAVES.has(toast.dataset.tone)) return;
  setTimeout(() => (toast.matches(":hover, :focus-within") ? schedule(toast) : leave(toast)), AFTER);
}

function leave(toast) {
  if (!toast) return;
  toast.classList.add("leaving");
  setTimeout(() => toast.remove(), 180);
}
