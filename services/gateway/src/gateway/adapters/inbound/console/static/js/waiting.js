// Where an open generation stands, while somebody looks: the time that is left is counted down here, a place in the
// queue is asked for, tile by tile, and now and then what else is open, whatever became of what was told of it.
"use strict";
(() => {
  const TICK_MS = 500, ASK_EVERY_MS = 4000, LOOK_EVERY_MS = 20000, ASKED_MAX = 12, MINUTES_FROM_S = 90;
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
  const askFor = (tiles) => {
    if (document.hidden) return;
    const open = [...document.querySelectorAll(tiles)].slice(0, ASKED_MAX);
    for (const tile of open) if (!tile.contains(document.activeElement)) htmx.trigger(tile, "refresh");
  };
  setInterval(() => askFor("[data-live][data-status=queued], [data-live]:has([data-place])"), ASK_EVERY_MS);
  setInterval(() => askFor("[data-live][data-generation]"), LOOK_EVERY_MS);
})();
