// Starts every behaviour; each looks for its own data- attributes and does nothing without them.
import { start as autofollow } from "./autofollow.js";
import { start as confirm } from "./confirm.js";
import { start as copy } from "./copy.js";
import { start as find } from "./find.js";
import { start as jsroot } from "./jsroot.js";
import { start as live } from "./live.js";
import { start as meters } from "./meters.js";
import { start as once } from "./once.js";
import { start as stream } from "./stream.js";
import { start as theme } from "./theme.js";
import { start as times } from "./times.js";
import { start as toasts } from "./toasts.js";

for (const start of [autofollow, confirm, copy, find, jsroot, live, meters, once, stream, theme, times, toasts]) start();
