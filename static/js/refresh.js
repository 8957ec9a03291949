// [data-live-refresh="/url/"]: fetches the element's fragment again and morphs it in, twice a second at most.
const EVERY = 500;
const state = new WeakMap();

// Ask for a refresh now, or once the last one is half a second old.
export function refresh(element) {
  const mine = state.get(element) ?? { busy: false, again: false };
  state.set(element, mine);
  if (mine.busy) {
    mine.again = true;
    return;
  }
  mine.busy = true;
  const pause = new Promise((done) => setTimeout(done, EVERY));
  Promise.allSettled([load(element), pause]).then(() => {
    mine.busy = false;
    if (!mine.again || !element.isConnected) return;
    mine.again = false;
    refresh(element);
  });
}

async function load(element) {
  const answer = await fetch(element.dataset.liveRefresh, {
    headers: { "X-Requested-With": "fetch", "HX-Request": "true" },
    credentials: "same-origin",
    redirect: "error",
  });
  if (!answer.ok || !element.isConnected) return;
  const html = await answer.text();
  await window.htmx.swap({ target: element, text: html, swap: "innerMorph" });
  element.dispatchEvent(new CustomEvent("portal:fragment", { bubbles: true }));
}
