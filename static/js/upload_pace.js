// How far the files of the upload page are, how fast, and how long it takes: one sentence.
import { size } from "./rows.js";

export class Pace {
  constructor(words) {
    this.words = words;
    this.start = null;
  }

  begin(rows) {
    this.start = { at: performance.now(), bytes: sent(rows) };
  }

  sentence(rows) {
    const wanted = rows.filter((row) => row.state !== "refused");
    if (!wanted.length) return "";
    const total = wanted.reduce((all, row) => all + row.file.size, 0);
    const here = sent(rows);
    const done = wanted.filter((row) => row.state === "sent").length;
    const speed = this.speed(here);
    const values = {
      done, all: wanted.length, size: size(total), here: size(here),
      speed: size(speed), left: speed && here < total ? time((total - here) / speed) : "0 s",
    };
    const text = this.start === null ? this.words.asum : this.words.sum;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  speed(here) {
    const seconds = this.start ? (performance.now() - this.start.at) / 1000 : 0;
    return seconds > 0.2 ? Math.max(0, here - this.start.bytes) / seconds : 0;
  }
}

// What is read for its checksum is not sent yet.
function sent(rows) {
  return rows.reduce((all, row) => all + (row.state === "checking" ? 0 : row.here), 0);
}

function time(seconds) {
  return seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)} min`;
}
