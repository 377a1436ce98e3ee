// Live cards. htmx's SSE extension holds the connection; this listens to the same one, so that a progress
// bar moves without a request and a card is fetched again only when its status has changed.
"use strict";

function onGenerationUpdated(event) {
  const told = JSON.parse(event.data);
  const card = document.querySelector(`[data-generation="${CSS.escape(told.id)}"]`);
  if (!card) return;
  if (card.dataset.status !== told.status) {
    card.dataset.status = told.status;
    htmx.trigger(card, "refresh");
    return;
  }
  const bar = card.querySelector("progress");
  if (bar && told.progress > bar.value) bar.value = told.progress;
}

// The page was rendered before the stream was open: what happened in between is fetched once.
function catchUp() {
  for (const part of document.querySelectorAll("[data-live]")) htmx.trigger(part, "refresh");
}

document.addEventListener("htmx:sseOpen", (opened) => {
  const source = opened.detail.source;
  catchUp();
  source.removeEventListener("generation.updated", onGenerationUpdated);
  source.addEventListener("generation.updated", onGenerationUpdated);
});

// A page that the browser brings back as it was left is used anew: what it sends is another submission, under
// another key. (One that is loaded again comes with new keys from the server.)
window.addEventListener("pageshow", (shown) => {
  if (!shown.persisted) return;
  for (const key of document.querySelectorAll('form input[name="key"]')) {
    const random = crypto.getRandomValues(new Uint8Array(24));
    key.value = btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_");
  }
});

// A picture that can't be loaded is left out: its address is another site's.
function leaveOut(picture) {
  if (picture.matches("img.avatar")) picture.remove();
}
document.addEventListener("error", (failed) => failed.target instanceof Element && leaveOut(failed.target), true);
for (const picture of document.querySelectorAll("img.avatar")) {
  if (picture.complete && !picture.naturalWidth) leaveOut(picture);
}
