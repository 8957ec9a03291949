// [data-copy="text"]: a press copies the text and says so on the button for two seconds.
export function start() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.dataset.copied = "✓";
    } catch {
      // No clipboard (plain http, or refused): mark the text so that Ctrl-C takes it.
      const text = button.previousElementSibling;
      if (text) getSelection().selectAllChildren(text);
      button.dataset.copied = "Ctrl C";
    }
    setTimeout(() => delete button.dataset.copied, 2000);
  });
}
