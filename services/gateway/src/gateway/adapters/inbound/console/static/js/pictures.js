// A picture that can't be loaded is left out: its address is another site's.
"use strict";
(() => {
  const leaveOut = (picture) => {
    if (picture.matches?.("img.avatar")) picture.remove();
  };
  document.addEventListener("error", (failed) => leaveOut(failed.target), true);
  for (const picture of document.querySelectorAll("img.avatar")) {
    if (picture.complete && !picture.naturalWidth) leaveOut(picture);
  }
})();
