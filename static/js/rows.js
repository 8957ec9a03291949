// Fills a <template> row from a value: text nodes and addresses of this site only, never markup.
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const NOTHING = "–";

// data-text="name" (data-format="bytes|number"), data-href="/data/{scope}/{name}", data-copy-of="did",
// data-value="{scope}:{name}" of a box.
export function row(template, entry) {
  const made = template.content.cloneNode(true);
  for (const cell of made.querySelectorAll("[data-text]")) {
    cell.textContent = written(entry[cell.dataset.text], cell.dataset.format);
  }
  for (const link of made.querySelectorAll("[data-href]")) {
    const address = new URL(filled(link.dataset.href, entry), location.href);
    if (address.origin === location.origin) link.href = address.href;
  }
  for (const box of made.querySelectorAll("[data-value]")) {
    box.value = box.dataset.value.replace(/\{(\w+)\}/g, (_, name) => entry[name] ?? "");
    box.setAttribute("aria-label", box.value);
  }
  for (const button of made.querySelectorAll("[data-copy-of]")) {
    button.dataset.copy = entry[button.dataset.copyOf] ?? "";
  }
  for (const part of made.querySelectorAll("[data-if]")) {
    const [name, wanted] = part.dataset.if.split("=");
    if (String(entry[name] ?? "").toLowerCase() !== wanted) part.remove();
  }
  return made;
}

export function written(value, format) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (format === "bytes") return size(Number(value));
  if (format === "number") return Number(value).toLocaleString(document.documentElement.lang);
  return String(value);
}

export function size(bytes) {
  let amount = bytes;
  let step = 0;
  while (amount >= 1023.5 && step < UNITS.length - 1) {
    amount /= 1024;
    step += 1;
  }
  const short = step === 0 || amount >= 99.95 ? amount.toFixed(0) : amount.toFixed(1).replace(/\.0$/, "");
  return `${short} ${UNITS[step]}`;
}

function filled(pattern, entry) {
  return pattern.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(entry[name] ?? ""));
}
