// form[method=post]: a second press while the answer is on its way is not sent again.
const LONGEST = 5_000;

export function start() {
  let sent = new WeakMap();

  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post" || form.target === "_blank") return;
    // The same press: a live page may make another row's form of it, and a form may have two buttons.
    const action = form.getAttribute("action");
    const before = sent.get(form);
    const again = before?.action === action && before.submitter === submitter;
    if (again && performance.now() - before.at < LONGEST) event.preventDefault();
    else sent.set(form, { action, submitter, at: performance.now() });
  });
  // Back at a page that was kept: nothing of it is on its way.
  addEventListener("pageshow", () => { sent = new WeakMap(); });
}
