// pre[data-autofollow]: stays at its end while text arrives, until one scrolls up; [data-follow] toggles.
const NEAR = 24;

export function start() {
  document.querySelectorAll("[data-autofollow]").forEach(follow);
  // Fragments bring new logs with them.
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.matches("[data-autofollow]")) follow(node);
        node.querySelectorAll("[data-autofollow]").forEach(follow);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}

function follow(log) {
  if (log.dataset.following) return;
  const toggle = document.querySelector(`[data-follow="${CSS.escape(log.id)}"]`);
  const set = (on) => {
    log.dataset.following = on ? "yes" : "no";
    toggle?.setAttribute("aria-pressed", String(on));
    if (on) log.scrollTop = log.scrollHeight;
  };
  set(true);
  log.addEventListener("scroll", () => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (atEnd !== (log.dataset.following === "yes")) set(atEnd);
  }, { passive: true });
  toggle?.addEventListener("click", () => set(log.dataset.following !== "yes"));
  new MutationObserver(() => {
    if (log.dataset.following === "yes") log.scrollTop = log.scrollHeight;
  }).observe(log, { childList: true, characterData: true, subtree: true });
}
