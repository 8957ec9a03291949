// One file in the list of the upload page: what it shows, and the way from "ready" to "sent".
import { adler32 } from "./adler.js";
import { size } from "./rows.js";
import { begin, remove, send } from "./tus.js";

const TONES = { ready: "idle", checking: "run", sending: "run", waiting: "wait", paused: "wait", refused: "bad", sent: "ok" };

export class Row {
  constructor(template, words, { file, name, where = "", checksum = "" }, changed) {
    Object.assign(this, { file, name, where, checksum, words, changed, here: 0, state: "", control: new AbortController() });
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part = (name_) => this.element.querySelector(`[data-part="${name_}"]`);
    this.part("name").textContent = name;
    this.part("bar").setAttribute("aria-label", name);
    this.part("pause").addEventListener("click", () => this.pause());
    this.part("resume").addEventListener("click", () => this.show("ready") || this.changed(this, "resume"));
    this.part("remove").addEventListener("click", () => this.drop());
    this.show("ready");
  }

  show(state, text = "") {
    const moves = this.state === state;
    this.state = state;
    const badge = this.part("state");
    badge.textContent = this.words[state];
    badge.dataset.tone = TONES[state];
    this.part("text").textContent = text || `${size(this.here)} / ${size(this.file.size)}`;
    this.part("bar").hidden = ["ready", "refused", "sent"].includes(state);
    this.part("bar").value = this.file.size ? this.here / this.file.size : 1;
    this.part("pause").hidden = !["checking", "sending", "waiting"].includes(state);
    this.part("resume").hidden = state !== "paused";
    this.changed(this, moves ? "moves" : "state");
  }

  refuse(error) {
    this.show("refused", error.message);
    this.part("link").hidden = !error.url?.startsWith("/data/");
    if (error.url) this.part("link").href = error.url;
  }

  // Whoever chose the wrong file keeps what was begun with the right one.
  isOther() {
    this.where = "";
    this.refuse({ message: this.words.other });
  }

  // Read the file once for its checksum, begin, and send what is missing.
  async run(address, token, metadata) {
    const { signal } = (this.control = new AbortController());
    // At once: another worker must not take this row.
    this.show("checking");
    const progress = (state) => (bytes) => {
      this.here = bytes;
      this.show(state);
    };
    try {
      const found = `adler32:${await adler32(this.file, { signal, progress: progress("checking") })}`;
      if (this.checksum && this.checksum !== found) return this.isOther();
      this.checksum = found;
      this.here = 0;
      this.where ||= await begin(address, this.file.size, { ...metadata, filename: this.name, checksum: found }, token);
      const broken = (error) => this.show("waiting", error.status ? error.message : this.words.again);
      await send(this.file, this.where, { token, signal, progress: progress("sending"), broken });
      this.here = this.file.size;
      this.show("sent");
    } catch (error) {
      if (signal.aborted) return;
      this.refuse(error);
    }
  }

  pause() {
    this.control.abort("paused");
    this.show("paused");
  }

  async drop() {
    this.control.abort("dropped");
    this.element.remove();
    this.changed(this, "gone");
  }

  async forget(token) {
    if (this.where && this.state !== "sent") await remove(this.where, token);
  }
}
