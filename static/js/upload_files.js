// The files behind a drop or a choice: [{file, name}], a folder's path in the name, odd signs as _.
export function choose(what, take) {
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, webkitdirectory: what === "folder" });
  const named = (file) => ({ file, name: plain(file.webkitRelativePath || file.name) });
  input.addEventListener("change", () => take([...input.files].map(named)));
  input.click();
}

export function takeDrops(place, take) {
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => event.preventDefault() || place.setAttribute("data-over", ""));
  }
  place.addEventListener("dragleave", (event) => place.contains(event.relatedTarget) || place.removeAttribute("data-over"));
  place.addEventListener("drop", async (event) => {
    event.preventDefault();
    place.removeAttribute("data-over");
    take(await dropped(event.dataTransfer));
  });
}

async function dropped(transfer) {
  // The list is emptied as soon as the event is over: take its entries first.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, name: plain(file.name) }));
  return (await Promise.all(entries.map((entry) => below(entry)))).flat();
}

async function below(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    return [{ file, name: plain(entry.fullPath) }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A browser tells some hundred at a time, and nothing at the end.
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    found.push(...(await Promise.all(some.map((each) => below(each)))));
  }
  return found.flat();
}

function plain(path) {
  const parts = path.split("/").filter((part) => part && part !== "." && part !== "..");
  const name = parts.map((part) => part.replace(/[^A-Za-z0-9._-]+/g, "_")).join("/");
  return name.replace(/^[^A-Za-z0-9]+/, "") || "file";
}
