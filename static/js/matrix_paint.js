// Paints the states of points, by the letters of the API: one square each, in the colour of its state.
const COLOURS = { w: "--line-strong", r: "--run", f: "--ok", x: "--bad", c: "--edge" };

// Squares as large as fit, from 24 px down to 3; the canvas grows downwards when they are too many.
export function shape(matrix) {
  const wide = matrix.frame.clientWidth;
  const tall = Math.max(240, innerHeight / 2);
  const side = Math.max(3, Math.min(24, Math.floor(Math.sqrt((wide * tall) / Math.max(1, matrix.letters.length)))));
  const columns = Math.max(1, Math.floor(wide / side));
  return { side, columns, rows: Math.ceil(matrix.letters.length / columns) };
}

export function paint(matrix) {
  const { side, columns, rows } = shape(matrix);
  const scale = devicePixelRatio || 1;
  const [width, height] = [columns * side, Math.max(1, rows) * side];
  for (const canvas of [matrix.canvas, matrix.squares]) {
    canvas.width = width * scale;
    canvas.height = height * scale;
  }
  matrix.canvas.style.setProperty("inline-size", `${width}px`);
  const pen = matrix.squares.getContext("2d");
  pen.scale(scale, scale);
  const gap = side > 5 ? 1 : 0;
  for (const [letter, name] of Object.entries(COLOURS)) {
    pen.fillStyle = colour(name);
    for (let at = matrix.letters.indexOf(letter); at >= 0; at = matrix.letters.indexOf(letter, at + 1)) {
      pen.fillRect((at % columns) * side, Math.floor(at / columns) * side, side - gap, side - gap);
    }
  }
  mark(matrix);
}

// The squares as they were painted, with a frame around the chosen one.
export function mark(matrix) {
  const pen = matrix.canvas.getContext("2d");
  pen.clearRect(0, 0, matrix.canvas.width, matrix.canvas.height);
  pen.drawImage(matrix.squares, 0, 0);
  if (matrix.at < 0) return;
  const { side, columns } = shape(matrix);
  const scale = matrix.canvas.width / (columns * side);
  const [x, y] = [(matrix.at % columns) * side, Math.floor(matrix.at / columns) * side];
  pen.strokeStyle = colour("--ink");
  pen.lineWidth = 2 * scale;
  pen.strokeRect(x * scale, y * scale, side * scale, side * scale);
}

// Colours of the theme are light-dark() pairs: only a property of an element tells which one holds.
function colour(name) {
  probe.style.setProperty("color", `var(${name})`);
  return getComputedStyle(probe).color;
}

const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);
