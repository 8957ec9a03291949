// [data-meters] inside [data-live="session-usage:<id>"]: shows what each message says a session uses.
export function start() {
  document.addEventListener("portal:live", (event) => {
    const { meters, kernels } = event.detail.event ?? {};
    if (!meters) return;
    for (const box of event.target.querySelectorAll("[data-meters]")) {
      meters.forEach((meter) => show(box.querySelector(`[data-meter="${CSS.escape(meter.key)}"]`), meter));
      const line = box.querySelector("[data-meter-kernels]");
      if (line) line.textContent = kernels;
    }
  });
}

function show(element, meter) {
  if (!element) return;
  element.dataset.tone = meter.tone;
  element.querySelector("[data-meter-text]").textContent = meter.text;
  const bar = element.querySelector("progress");
  bar.hidden = !meter.total;
  if (meter.total) [bar.max, bar.value] = [meter.total, meter.value];
}
