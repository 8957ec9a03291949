// [data-root="/api/…/content"]: a press loads JSROOT and draws what [data-root-item] names, read by ranges.
export function start() {
  show();
  document.addEventListener("portal:fragment", show);
  document.addEventListener("click", (event) => {
    const card = event.target.closest("[data-root] button")?.closest("[data-root]");
    if (card && !card.dataset.rootBusy) look(card);
  });
}

// Without a script there is nothing to press.
function show() {
  document.querySelectorAll("[data-root][hidden]").forEach((card) => (card.hidden = false));
}

async function look(card) {
  const status = card.querySelector("[data-root-status]");
  const drawing = card.querySelector("[data-root-drawing]");
  card.dataset.rootBusy = "yes";
  status.textContent = status.dataset.reading;
  try {
    const root = await loaded(card.dataset.rootScript);
    // One range a request: the portal answers no others. No stamp: nothing is cached here.
    Object.assign(root.settings, { MaxRanges: 1, UseStamp: false, ProgressBox: false });
    const file = await root.openFile(card.dataset.root);
    drawing.replaceChildren(document.createElement("div"));
    await root.draw(drawing, await found(root, file, card.dataset.rootItem), "");
    status.textContent = "";
  } catch (error) {
    console.warn("jsroot", error);
    status.textContent = status.dataset.failed;
  }
  delete card.dataset.rootBusy;
}

// A histogram by its key, or one of a branch: the longest part of the path that is a key is its tree.
async function found(root, file, path) {
  const parts = path.split("/");
  for (let length = parts.length; length > 0; length -= 1) {
    const thing = await file.readObject(parts.slice(0, length).join("/")).catch(() => null);
    if (!thing) continue;
    return length === parts.length ? thing : root.treeDraw(thing, parts.at(-1));
  }
  throw new Error(`no ${path}`);
}

function loaded(address) {
  if (globalThis.JSROOT?.openFile) return Promise.resolve(globalThis.JSROOT);
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => done(globalThis.JSROOT));
    script.addEventListener("error", () => failed(new Error("not loaded")));
    document.head.append(script);
  });
}
