// [data-live-refresh="/url/"]: fetches the element's fragment again and morphs it in, twice a second at most.
// What could not be fetched is fetched later: no other message may come.
const EVERY = 500;
const LATER = [1, 2, 4, 8, 15, 30];
const state = new WeakMap();

// Ask for a refresh now, or once the last one is half a second old.
export function refresh(element) {
  const mine = state.get(element) ?? { busy: false, again: false, failures: 0, timer: 0 };
  state.set(element, mine);
  if (mine.busy) {
    mine.again = true;
    return;
  }
  mine.busy = true;
  clearTimeout(mine.timer);
  const pause = new Promise((done) => setTimeout(done, EVERY));
  Promise.allSettled([load(element), pause]).then(([loaded]) => {
    mine.busy = false;
    mine.failures = loaded.status === "fulfilled" ? 0 : mine.failures + 1;
    if (!element.isConnected) return;
    if (mine.again) {
      mine.again = false;
      refresh(element);
    } else if (mine.failures) {
      const seconds = LATER[Math.min(mine.failures, LATER.length) - 1];
      mine.timer = setTimeout(() => element.isConnected && refresh(element), seconds * 1000);
    }
  });
}

async function load(element) {
  const answer = await fetch(element.dataset.liveRefresh, {
    headers: { "X-Requested-With": "fetch", "HX-Request": "true" },
    credentials: "same-origin",
    redirect: "manual",
  });
  // Too many requests, or nobody there for a moment; any other refusal stays one.
  if (answer.status === 429 || answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
  if (!answer.ok || !element.isConnected) return;
  const html = await answer.text();
  const unfolded = summaries(element, "details[open]");
  await window.htmx.swap({ target: element, text: html, swap: "innerMorph" });
  // What somebody has unfolded, such as a form that they fill in, stays so.
  for (const details of element.querySelectorAll("details:not([open])")) {
    if (unfolded.includes(summary(details))) details.open = true;
  }
  element.dispatchEvent(new CustomEvent("portal:fragment", { bubbles: true }));
}

function summaries(element, selector) {
  return [...element.querySelectorAll(selector)].map(summary);
}

function summary(details) {
  return details.querySelector("summary")?.textContent.trim();
}
