// Forms that a passkey fills in (Web Authentication): what to ask for comes from the server, and the answer goes with the
// form. Without this script, or in a browser that has no passkeys, they stay hidden.
"use strict";
(() => {
  // A challenge is good for five minutes: what waits for somebody to choose asks anew before.
  const AGAIN_MS = 240_000;
  const credentials = window.PublicKeyCredential;
  if (!credentials?.parseRequestOptionsFromJSON || !credentials.parseCreationOptionsFromJSON) return;

  const asked = async (form) => {
    const field = (name) => form.elements.namedItem(name)?.value;
    const headers = { "Content-Type": "application/json" };
    if (field("csrf_token")) headers["X-CSRF-Token"] = field("csrf_token");
    const body = JSON.stringify(field("challenge") ? { challenge: field("challenge") } : {});
    const answer = await fetch(form.dataset.options, { method: "POST", headers, body });
    const told = await answer.json();
    if (answer.ok) return told.public_key;
    if (told.reason === "STEP_UP_REQUIRED") location.assign(`/account/step-up?next=${encodeURIComponent(location.pathname)}`);
    throw new Error(told.reason);
  };

  const filled = async (form, more) => {
    const options = await asked(form);
    const made = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: credentials.parseCreationOptionsFromJSON(options), ...more })
      : await navigator.credentials.get({ publicKey: credentials.parseRequestOptionsFromJSON(options), ...more });
    form.elements.namedItem("passkey").value = JSON.stringify(made);
    // Not `requestSubmit`: the form is whole now, and asks for nothing again.
    form.submit();
  };

  // A browser waits for one passkey at a time: pressing a button ends what the field's suggestions waited for.
  let waiting = null;
  const offer = async (form) => {
    if (!await credentials.isConditionalMediationAvailable?.()) return;
    const own = waiting = new AbortController();
    const again = setTimeout(() => { own.abort(); offer(form); }, AGAIN_MS);
    try {
      await filled(form, { mediation: "conditional", signal: own.signal });
    } catch {
      // Nobody chose one, or another way was taken: the form beside it is there as ever.
      clearTimeout(own === waiting ? undefined : again);
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-passkey-said]"), button = form.querySelector("button");
    form.hidden = false;
    for (const none of document.querySelectorAll("[data-no-passkeys]")) none.hidden = true;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.textContent = "";
      button.disabled = true;
      waiting?.abort();
      waiting = null;
      try {
        await filled(form, {});
      } catch {
        said.textContent = said.dataset.failed;
        button.disabled = false;
      }
    });
    if ("offers" in form.dataset) offer(form);
  }
})();
