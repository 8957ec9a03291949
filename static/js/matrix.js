// [data-matrix="/api/…/matrix"]: draws the state of each point of a campaign; arrows and clicks lead to a point.
import { mark, paint, shape } from "./matrix_paint.js";

const WORDS = { w: "waiting", r: "running", f: "finished", x: "failed", c: "cancelled" };
const AGAIN = 1000;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.querySelectorAll("[data-matrix]").forEach(start);

function start(frame) {
  const [canvas, squares] = [frame.querySelector("canvas"), document.createElement("canvas")];
  const matrix = { frame, canvas, squares, letters: "", at: -1, asked: 0, waits: false };
  const draw = () => paint(matrix);
  load(matrix);
  frame.closest("[data-live]")?.addEventListener("portal:live", () => soon(matrix));
  new ResizeObserver(draw).observe(frame);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matrix.canvas.addEventListener("pointermove", (event) => choose(matrix, under(matrix, event)));
  matrix.canvas.addEventListener("pointerleave", () => choose(matrix, -1));
  matrix.canvas.addEventListener("click", (event) => open(matrix, under(matrix, event)));
  matrix.canvas.addEventListener("keydown", (event) => pressed(matrix, event));
}

function soon(matrix) {
  if (matrix.waits) return;
  matrix.waits = true;
  setTimeout(() => load(matrix), Math.max(0, matrix.asked + AGAIN - Date.now()));
}

async function load(matrix) {
  matrix.asked = Date.now();
  matrix.waits = false;
  try {
    const answer = await fetch(matrix.frame.dataset.matrix, { credentials: "same-origin", redirect: "manual" });
    if (answer.ok) matrix.letters = (await answer.json()).letters;
  } catch {
    return; // the page says by itself that it is offline
  }
  paint(matrix);
}

function under(matrix, event) {
  const { side, columns } = shape(matrix);
  const at = Math.floor(event.offsetY / side) * columns + Math.floor(event.offsetX / side);
  return event.offsetX < columns * side && at < matrix.letters.length ? at : -1;
}

function choose(matrix, at) {
  if (at === matrix.at) return;
  matrix.at = at;
  mark(matrix);
  const letter = matrix.letters[at];
  matrix.frame.querySelector("[data-matrix-told]").textContent = letter
    ? `${matrix.frame.dataset.point} ${at + 1}: ${matrix.frame.dataset[WORDS[letter]]}`
    : " ";
}

function pressed(matrix, event) {
  if (event.key === "Enter") return open(matrix, matrix.at);
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  const [x, y] = STEPS[event.key];
  const next = matrix.at < 0 ? 0 : matrix.at + x + y * shape(matrix).columns;
  if (next >= 0 && next < matrix.letters.length) choose(matrix, next);
}

function open(matrix, at) {
  if (at >= 0) location.assign(`${matrix.frame.dataset.points}/${at + 1}`);
}
