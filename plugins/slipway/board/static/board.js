// Keeps a page up to date, and puts times into the reader's own words. Pages work without it.
"use strict";
(() => {
  const EVERY = 3000, HIDDEN = 20000, SLOWEST = 60000, PATIENCE = 15000;
  const live = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  const search = document.getElementById("search");
  const made = new Map(); // what the server sent, by key, before times were put into words
  let tag = live.dataset.tag, failures = 0, timer = 0, asking = null, since = Date.now();

  const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, {numeric: "auto", style: "narrow"});
  const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
  const day = new Intl.DateTimeFormat(undefined, {day: "numeric", month: "short"});
  const exact = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "long"});

  function spoken(when, form) {
    const seconds = (Date.now() - when) / 1000;
    if (form === "at") {
      const far = Math.abs(seconds) > 20 * 3600;
      return far ? `${day.format(when)} ${clock.format(when)}` : clock.format(when);
    }
    if (form === "in") {
      const left = Math.ceil(-seconds);
      if (left <= 0) return "now";
      if (left < 60) return `in ${left} s`;
      if (left < 3600) return `in ${Math.floor(left / 60)} min ${left % 60} s`;
      if (left < 86400) return `in ${Math.floor(left / 3600)} h ${Math.floor(left / 60) % 60} min`;
      return `in ${Math.floor(left / 86400)} d ${Math.floor(left / 3600) % 24} h`;
    }
    const age = Math.max(0, seconds);
    if (form === "for") {
      if (age < 60) return `${Math.floor(age)} s`;
      if (age < 3600) return `${Math.floor(age / 60)} min`;
      return `${Math.floor(age / 3600)} h ${Math.floor(age / 60) % 60} min`;
    }
    if (age < 45) return "just now";
    if (age < 3600) return ago.format(-Math.max(1, Math.round(age / 60)), "minute");
    if (age < 22 * 3600) return ago.format(-Math.max(1, Math.round(age / 3600)), "hour");
    if (age < 26 * 86400) return ago.format(-Math.max(1, Math.round(age / 86400)), "day");
    return new Date(when).getFullYear() === new Date().getFullYear() ? day.format(when) : new Date(when).toISOString().slice(0, 10);
  }

  function tellTimes(root) {
    for (const one of root.querySelectorAll("time[datetime]")) {
      const when = Date.parse(one.dateTime);
      if (Number.isNaN(when)) continue;
      const text = spoken(when, one.dataset.form);
      if (one.textContent !== text) one.textContent = text;
      if (!one.title) one.title = exact.format(when);
    }
    const wall = document.getElementById("clock");
    if (wall) wall.textContent = clock.format(Date.now());
  }

  function keyed(root) {
    return [...root.querySelectorAll("[data-key]")].filter((one) => !one.querySelector("[data-key]"));
  }

  function remember() {
    made.clear();
    for (const one of keyed(live)) made.set(one.dataset.key, one.outerHTML);
  }

  function shape(root) {
    const copy = root.cloneNode(true);
    for (const one of keyed(copy)) one.replaceWith(`[${one.dataset.key}]`);
    return copy.innerHTML;
  }

  let frame = shape(live);

  // Changes what has changed and nothing else, so that what is open, read or selected stays.
  function show(html) {
    const fresh = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html").querySelector("main");
    const next = shape(fresh);
    if (next !== frame) {
      const open = [...live.querySelectorAll("details[open]")].map(place);
      live.replaceChildren(...fresh.childNodes);
      frame = next;
      remember();
      for (const one of live.querySelectorAll("details")) if (open.includes(place(one))) one.open = true;
    } else {
      const there = new Map(keyed(live).map((one) => [one.dataset.key, one]));
      for (const one of keyed(fresh)) {
        const old = there.get(one.dataset.key), html = one.outerHTML;
        if (made.get(one.dataset.key) === html) continue;
        made.set(one.dataset.key, html);
        const open = [...old.querySelectorAll("details[open]")].map(place);
        old.replaceWith(one);
        for (const each of one.querySelectorAll("details")) if (open.includes(place(each))) each.open = true;
        one.classList.add("changed");
      }
    }
    tellTimes(live);
  }

  function place(details) {
    return `${details.closest("li, section")?.querySelector("a")?.href} ${details.textContent}`;
  }

  function say(lost, text) {
    if (!pulse) return;
    pulse.hidden = false;
    pulse.classList.toggle("lost", lost);
    pulse.textContent = text;
  }

  async function ask() {
    clearTimeout(timer);
    asking?.abort();
    const mine = asking = new AbortController();
    const patience = setTimeout(() => mine.abort(), PATIENCE);
    try {
      const answer = await fetch(location.href, {
        headers: {"X-Slipway-Part": "live", "If-None-Match": tag},
        credentials: "same-origin", cache: "no-store", redirect: "error", signal: mine.signal,
      });
      if (answer.status === 401) { say(true, "logged out"); location.reload(); return; }
      if (answer.status === 200 || answer.status === 404) {
        const html = await answer.text();
        if (mine !== asking) return;
        tag = answer.headers.get("ETag") ?? "";
        show(html);
      } else if (answer.status !== 304) throw new Error(String(answer.status));
      failures = 0;
      since = Date.now();
      say(false, "live");
    } catch {
      if (mine !== asking) return;
      failures += 1;
      say(true, `no answer since ${clock.format(since)}`);
    } finally {
      clearTimeout(patience);
    }
    const pause = (document.hidden ? HIDDEN : EVERY) * 2 ** Math.min(failures, 5);
    timer = setTimeout(ask, Math.min(pause, SLOWEST));
  }

  remember();
  tellTimes(document);
  setInterval(() => tellTimes(document), 1000);
  if (live.hasAttribute("data-polls")) {
    say(false, "live");
    timer = setTimeout(ask, EVERY);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  }

  if (search) {
    const box = search.elements.q;
    let typing = 0;
    const look = () => {
      const to = new URL(location.href);
      to.searchParams.delete("page");
      if (box.value.trim()) to.searchParams.set("q", box.value.trim()); else to.searchParams.delete("q");
      if (to.href === location.href) return;
      history.replaceState(null, "", to);
      ask();
    };
    box.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 150); });
    search.addEventListener("submit", (event) => { event.preventDefault(); look(); });
    document.addEventListener("keydown", (event) => {
      const writes = event.target.closest?.("input, textarea");
      if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey) { event.preventDefault(); box.select(); box.focus(); }
      if (event.key === "Escape" && event.target === box) { box.value = ""; look(); box.blur(); }
    });
  }

  // Tomorrow morning where the reader is, as an example.
  for (const one of document.querySelectorAll("input[data-example=when]")) {
    const {timeZone} = Intl.DateTimeFormat().resolvedOptions();
    const then = new Date(Date.now() + 86400e3);
    const two = (number) => String(number).padStart(2, "0");
    if (timeZone) one.placeholder = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} 06:00 ${timeZone}`;
  }

  // A form is sent once, however often its button is pressed.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
})();
