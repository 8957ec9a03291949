// What the upload page's form says of all its files, and which of them would be refused.
const CHECKED = 1000;

export function told(form) {
  const { scope, dataset, lifetime } = form.elements;
  const metadata = {};
  for (const row of form.querySelectorAll("[data-upload-key]")) {
    const [key, kind, value] = ["key", "kind", "value"].map((name) => row.querySelector(`[name$="-${name}"]`).value.trim());
    const readers = { integer: Number, float: Number, boolean: (text) => /^(true|yes)$/i.test(text) };
    if (key) metadata[key] = (readers[kind] ?? String)(value);
  }
  return {
    scope: scope.value, dataset: dataset.value, lifetime: lifetime.value,
    storage: form.querySelector("[name=storage]:checked")?.value ?? "",
    metadata: Object.keys(metadata).length ? JSON.stringify(metadata) : "",
  };
}

// Told before a byte moves: rows that would be refused are, and all when the form itself would be.
export async function check(form, token, rows) {
  for (let at = 0; at < rows.length; at += CHECKED) await ask(form, token, rows.slice(at, at + CHECKED));
}

async function ask(form, token, rows) {
  const { scope, storage, dataset } = told(form);
  const files = rows.map((row) => ({ name: row.name, size: row.file.size }));
  const answer = await fetch(form.getAttribute("data-upload-check"), {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ scope, storage, dataset, files }),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail);
  for (const { name, problem, url } of found.items) rows.find((row) => row.name === name).refuse({ message: problem, url });
}
