// [data-find]: Ctrl-K, Cmd-K or / puts the cursor into the search box of the top bar.
export function start() {
  const box = document.querySelector("[data-find]");
  if (!box) return;
  const key = document.querySelector("[data-find-key]");
  if (key && /Mac|iPhone|iPad/.test(navigator.platform)) key.textContent = "⌘ K";
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const wanted = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
    if (!wanted) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}
