// Sends the requests that the page describes, with the key that a person typed in, and shows what is answered.
"use strict";

const SHOWN_CHARACTERS_MAX = 200000;
// What says how it went beside the body.
const TOLD = ["retry-after", "ratelimit", "location", "idempotency-replayed", "preference-applied", "content-disposition"];
const token = document.getElementById("token");

function request(form) {
  const headers = new Headers({ accept: "application/json" });
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("[data-in]")) {
    const value = field.value.trim();
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    else if (value && field.dataset.in === "query") query.append(field.name, value);
    else if (value && field.dataset.in === "header") headers.set(field.name, value);
  }
  const method = form.dataset.method;
  const file = form.querySelector("[data-file]")?.files[0];
  const text = form.querySelector("[data-body]")?.value;
  if (file) headers.set("content-type", "application/octet-stream");
  else if (text !== undefined) headers.set("content-type", "application/json");
  if ("streams" in form.dataset) headers.set("accept", "text/event-stream");
  const address = new URL(path + (query.size ? `?${query}` : ""), location.origin);
  return { address, method, headers, body: file ?? text, file };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl({ address, method, headers, body, file }) {
  const lines = [`curl -X ${method} ${quoted(address.href)}`];
  if (token.value.trim()) lines.push('-H "authorization: Bearer $TINTYPE_TOKEN"');
  for (const [name, value] of headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (file) lines.push(`--data-binary ${quoted(`@${file.name}`)}`);
  else if (body !== undefined) lines.push(`-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

function pretty(text, type) {
  if (!/[/+]json/.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function show(answer, into) {
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      into.textContent = (into.textContent + part.value).slice(-SHOWN_CHARACTERS_MAX);
    }
  } else if (/^text\/|[/+]json/.test(type)) {
    into.textContent = pretty(await answer.text(), type).slice(0, SHOWN_CHARACTERS_MAX);
  } else {
    const { size } = await answer.blob();
    into.textContent = size ? `${size} bytes of ${type}` : "";
  }
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  const stop = form.querySelector("[data-stops]");
  const [status, body] = form.querySelectorAll(".answer > *");
  const leaving = new AbortController();
  const asked = request(form);
  form.querySelector(".curl pre").textContent = curl(asked);
  if (token.value.trim()) asked.headers.set("authorization", `Bearer ${token.value.trim()}`);
  form.querySelector(".answer").hidden = false;
  status.textContent = "Sending…";
  body.textContent = "";
  button.disabled = true;
  stop.hidden = false;
  stop.onclick = () => leaving.abort();
  const began = performance.now();
  try {
    // Never with the console's session: what is tried here is what a program could do.
    const answer = await fetch(asked.address, {
      method: asked.method, headers: asked.headers, body: asked.body, credentials: "omit", redirect: "manual", signal: leaving.signal,
    });
    const told = TOLD.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    const took = `${Math.round(performance.now() - began)} ms`;
    status.textContent = [`${answer.status} ${answer.statusText}`.trim(), took, ...told].join(" · ");
    await show(answer, body);
  } catch (failure) {
    if (leaving.signal.aborted) status.textContent += " · stopped";
    else status.textContent = `It could not be sent: ${failure.message}`;
  } finally {
    button.disabled = false;
    stop.hidden = true;
  }
}

document.getElementById("access").hidden = false;
document.getElementById("access").addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll("form.request")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  form.addEventListener("input", () => {
    form.querySelector(".curl pre").textContent = curl(request(form));
  });
  form.querySelector(".curl").addEventListener("toggle", () => {
    form.querySelector(".curl pre").textContent = curl(request(form));
  });
}
// A link to an operation opens it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", open);
open();
