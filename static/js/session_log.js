// [data-log="/sessions/…/log.txt"]: asks for the log's text again every few seconds while the page is looked at.
const EVERY = 3000;

for (const frame of document.querySelectorAll("[data-log]")) follow(frame);

async function follow(frame) {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY));
    if (document.hidden) continue;
    const text = await load(frame.dataset.log);
    frame.querySelector("[data-log-lost]").hidden = text !== null;
    const shown = frame.querySelector("pre");
    // What has not changed stays as it is: somebody may have marked a part of it.
    if (text !== null && text !== shown.textContent) shown.textContent = text;
  }
}

async function load(address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin", redirect: "manual" });
    return answer.ok ? (await answer.text()).replace(/\n$/, "") : null;
  } catch {
    return null;
  }
}
