// The one stream of events of a page: whether the server is there, and catching up when it is back.
"use strict";
(() => {
  const LOOK_EVERY_MS = 15000, ANSWERS_WITHIN_MS = 5000, AGAIN_AFTER_MS = 5000;
  const away = document.getElementById("away");
  let stream = null;

  // What happened before the stream was open, or while it was cut off, is fetched once.
  document.addEventListener("htmx:sse:after:connection", (opened) => {
    stream = opened.detail.connection;
    away.hidden = true;
    for (const part of document.querySelectorAll("[data-live]")) htmx.trigger(part, "refresh");
  });

  document.addEventListener("htmx:sse:error", (failed) => {
    // The session has ended: the page asks for a new one, and comes back here.
    if (failed.detail.status === 401) location.reload();
    else away.hidden = false;
  });

  // A stream that was refused before it was open is asked for again; the page stays as it is.
  const again = () => setTimeout(() => htmx.trigger(document.body, "again"), AGAIN_AFTER_MS);
  document.addEventListener("htmx:response:error", (refused) => {
    if (refused.target === document.body) again();
  });
  document.addEventListener("htmx:error", (failed) => {
    if (!failed.detail.ctx) return;
    if (failed.target === document.body) { away.hidden = false; again(); } else look();
  });

  // A server that stands still ends no connection, nor does a cable that is pulled: somebody must ask.
  const look = async () => {
    if (document.hidden || !stream) return;
    try {
      await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
      if (stream.attempt === 0) away.hidden = true;
    } catch {
      away.hidden = false;
      stream.reader?.cancel();
    }
  };
  setInterval(look, LOOK_EVERY_MS);
  window.addEventListener("offline", look);
  window.addEventListener("online", look);
})();
