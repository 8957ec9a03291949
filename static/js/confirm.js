// form[data-confirm="question"]: asks in a dialog before it posts; data-confirm-yes names the button.
export function start() {
  const dialog = document.querySelector("[data-confirm-dialog]");
  if (!dialog) return;
  let waiting = null;

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches?.("form[data-confirm]") || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { form, action: form.getAttribute("action"), submitter: event.submitter };
    dialog.querySelector("[data-confirm-question]").textContent = form.dataset.confirm;
    const yes = dialog.querySelector("[data-confirm-accept]");
    yes.textContent = form.dataset.confirmYes || event.submitter?.textContent.trim() || yes.textContent;
    dialog.returnValue = "";
    dialog.showModal();
  }, true);

  dialog.addEventListener("close", () => {
    if (!waiting) return;
    const { form, action, submitter } = waiting;
    waiting = null;
    // A live page may have made another row's form of it meanwhile: the answer is not meant for that.
    if (!form.isConnected || form.getAttribute("action") !== action) return;
    if (dialog.returnValue !== "yes") return submitter?.focus();
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  });
}
