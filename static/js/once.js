// form[method=post]: a second press while the answer is on its way is not sent again.
const LONGEST = 5_000;

export function start() {
  let sent = new WeakMap();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.target === "_blank") return;
    // A live page may make another row's form of it: what counts is where it goes.
    const before = sent.get(form);
    if (before?.action === form.action && performance.now() - before.at < LONGEST) event.preventDefault();
    else sent.set(form, { action: form.action, at: performance.now() });
  });
  // Back at a page that was kept: nothing of it is on its way.
  addEventListener("pageshow", () => { sent = new WeakMap(); });
}
