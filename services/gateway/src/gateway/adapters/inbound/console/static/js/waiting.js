// Where an open generation stands, while somebody looks: the time that is left is counted down here, a place in the
// queue is asked for, tile by tile.
"use strict";
(() => {
  const TICK_MS = 500, ASK_EVERY_MS = 4000, ASKED_MAX = 12, MINUTES_FROM_S = 90;
  const ends = new WeakMap();

  const words = (left, seconds) => {
    if (seconds <= 0) return left.dataset.late;
    if (seconds < MINUTES_FROM_S) return left.dataset.seconds.replace("#", Math.ceil(seconds));
    return left.dataset.minutes.replace("#", Math.round(seconds / 60));
  };
  setInterval(() => {
    for (const left of document.querySelectorAll("[data-left-s]")) {
      if (!ends.has(left)) ends.set(left, performance.now() + left.dataset.leftS * 1000);
      const said = words(left, (ends.get(left) - performance.now()) / 1000);
      if (left.textContent !== said) left.textContent = said;
    }
  }, TICK_MS);

  // A tile that somebody has the keyboard in stays as it is: its button would lose the focus.
  setInterval(() => {
    if (document.hidden) return;
    const waiting = [...document.querySelectorAll("[data-live][data-status=queued]")].slice(0, ASKED_MAX);
    for (const tile of waiting) if (!tile.contains(document.activeElement)) htmx.trigger(tile, "refresh");
  }, ASK_EVERY_MS);
})();
