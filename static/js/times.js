// time[data-relative]: keeps "2 minutes ago" true, in the page's language; the exact time on hover.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const EVERY = 10_000;
// What is ahead is counted down: "in 119 minutes", where "in 1 hour" would lose half of it.
const AHEAD = 3;

export function start() {
  const language = document.documentElement.lang || "en";
  const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
  const tick = () => {
    for (const element of document.querySelectorAll("time[data-relative]")) show(element, words, exact);
  };
  tick();
  setInterval(tick, EVERY);
}

function show(element, words, exact) {
  const moment = new Date(element.dateTime);
  const away = (moment - Date.now()) / 1000;
  const span = Math.abs(away);
  if (Number.isNaN(span)) return;
  element.title = exact.format(moment);
  // Below ten seconds and beyond a month the server's words hold.
  if (span < 10 || span >= 30 * 86400) return;
  const least = away > 0 ? AHEAD : 1;
  const [unit, length] = UNITS.find(([, seconds]) => span >= least * seconds || seconds === 1);
  const count = away > 0 ? Math.round(span / length) : -Math.floor(span / length);
  const text = words.format(count, unit);
  if (element.textContent !== text) element.textContent = text;
}
