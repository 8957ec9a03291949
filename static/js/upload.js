// form[data-upload]: files are dropped or chosen, checked for conflicts, and sent some at once, each resumable.
import { choose, takeDrops } from "./upload_files.js";
import { Row } from "./upload_row.js";
import { Pace } from "./upload_pace.js";
import { check, told } from "./upload_wish.js";

const AT_ONCE = 3;
const form = document.querySelector("form[data-upload]");
const find = (name, place = form) => place.querySelector(`[data-upload-${name}]`);
const words = { ...find("words").dataset };
const token = form.elements.csrfmiddlewaretoken.value;
const rows = [];
const pace = new Pace(words);
let sending = false;

find("plain").remove();
find("choose").hidden = false;
form.noValidate = true;
form.addEventListener("submit", (event) => event.preventDefault() || start());
for (const button of form.querySelectorAll("[name=choose]")) button.addEventListener("click", () => choose(button.value, add));
takeDrops(find("drop"), add);
document.addEventListener("change", (event) => event.target.matches("[data-upload-resume]") && resume(event.target));
document.addEventListener("portal:fragment", mark);
mark();

function add(files) {
  const same = (one) => rows.find((row) => row.name === one.name);
  // What was refused may be tried again.
  for (const one of files) if (same(one)?.state === "refused") same(one).drop();
  for (const each of files.filter((one) => !same(one))) {
    const row = new Row(find("row"), words, each, changed);
    rows.push(row);
    find("list").append(row.element);
  }
  sum();
}

function resume(input) {
  const { size: wanted, name, checksum, uploadResume: where } = input.dataset;
  const file = input.files[0];
  add([{ file, name, where, checksum: checksum.startsWith("adler32:") ? checksum : "" }]);
  const row = rows.find((one) => one.name === name);
  if (file.size !== Number(wanted)) return row.isOther();
  go();
}

function changed(row, what) {
  if (what === "gone") {
    rows.splice(rows.indexOf(row), 1);
    row.forget(token);
  }
  if (what === "resume") go();
  sum();
  if (what !== "moves") mark();
}

async function start() {
  problem(rows.length ? "" : words.none);
  const fresh = rows.filter((row) => row.state === "ready" && !row.where);
  try {
    await check(form, token, fresh);
  } catch (error) {
    return problem(error.message);
  }
  go();
}

async function go() {
  if (sending) return;
  sending = true;
  pace.begin(rows);
  const work = async () => {
    // Not form.dataset: an input has that name.
    const address = form.getAttribute("data-upload");
    for (let row; (row = rows.find((one) => one.state === "ready")); ) await row.run(address, token, told(form));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  sending = false;
}

function sum() {
  find("list").hidden = !rows.length;
  find("sum").textContent = pace.sentence(rows);
}

function problem(text) {
  find("problem").hidden = !text;
  find("reason").textContent = text;
}

// What this page sends now stands in its own list; the others may be gone on with.
function mark() {
  const mine = new Set(rows.filter((row) => row.state !== "sent").map((row) => row.where.split("/").pop()).filter(Boolean));
  for (const each of document.querySelectorAll("[data-upload-id]")) {
    each.closest(".row").hidden = mine.has(each.dataset.uploadId);
    const again = each.querySelector(".upload-again");
    if (again) again.hidden = false;
  }
}
