/* The console's only script. Every page works without it; it makes pages live and pleasant.
 *
 * It reads attributes that the server wrote and nothing else:
 *   main[data-live]           listens to this address as events and morphs the parts that changed
 *   [data-live-state]         shown while that connection is down; [data-say] is read out when its text changes
 *   a[data-dialog]            shows the page behind the link in a dialog, form[data-dialog] (GET) the one
 *                             behind its values; [data-close] closes it
 *   form[data-auto]           sends itself when a control changes
 *   form[data-ticks]          counts ticks: [data-needs-ticks], [data-ticked], [data-tick-all], data-most
 *   form[data-refresh=ID]     asks for its own address again with its values and morphs #ID
 *   [data-copy], [data-reveal], time[datetime], .menu, table.cards
 *
 * Requests made for a dialog carry `Ferry-Dialog: 1`. A redirect that such a request follows is only
 * read for its address: the server must not spend a once-shown notice on it.
 * Where anything is missing or fails, the browser does what it would have done without this file. */
"use strict";
document.documentElement.classList.add("script");

(() => {
  const LANGUAGE = document.documentElement.lang || "en";
  const WORDS = {
    en: { close: "Close", copied: "Copied", silent: "No answer came. Look whether it was done before you send it again." },
    zh: { close: "关闭", copied: "已复制", silent: "没有收到答复。再次提交之前，请先查看操作是否已完成。" },
  };
  /** The page's language as this reader writes dates in it: `en` may be `en-GB`. */
  const LOCALE = navigator.languages.find((tag) => tag.split("-")[0] === LANGUAGE.split("-")[0]) ?? LANGUAGE;
  const words = WORDS[LANGUAGE.slice(0, 2)] ?? WORDS.en;
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  /** An element by its id, as seen from a node: within its dialog where it is in one, for ids of two pages may be alike. */
  const near = (id, node) => one(`#${CSS.escape(id)}`, node.closest("dialog") ?? document);
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // ---- Text from the server -------------------------------------------------------------------

  /** The one place where HTML becomes nodes: the server's own, already escaped. Scripts in it do not run. */
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  /** What ferry.js adds to nodes before they are shown, so that a morph compares like with like. */
  function dress(root) {
    all("time[datetime]", root).forEach(localise);
    // What scrolls and holds nothing to stop at must itself be reachable by keyboard.
    for (const panel of all(".scroll", root)) if (!one("a[href], button, input, summary", panel)) panel.tabIndex = 0;
    for (const table of all("table.cards", root)) {
      const heads = all("thead th", table).map((head) => head.textContent.trim());
      for (const row of all("tbody tr", table)) {
        [...row.cells].forEach((cell, at) => {
          if (cell.colSpan === 1 && !cell.hasAttribute("data-label")) cell.dataset.label = heads[at] ?? "";
        });
      }
    }
  }

  const whole = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
  const yearDay = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });

  /** Writes a moment in the reader's time zone. A date without a time of day stays as it is. */
  function localise(time) {
    const moment = new Date(time.dateTime);
    if (!time.dateTime.includes("T") || Number.isNaN(moment.getTime())) return;
    const now = new Date();
    const days = Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / 86_400_000);
    const date = Math.abs(days) <= 1 ? relative.format(days, "day")
      : (moment.getFullYear() === now.getFullYear() ? day : yearDay).format(moment);
    time.textContent = `${date} ${clock.format(moment)}`;
    time.title = whole.format(moment);
  }

  // ---- Morph: make one tree look like another, and leave alone what the reader is doing ---------

  /** Attributes that belong to the reader or to this script, not to the server. */
  const isOurs = (node, name) => name === "style" || name === "aria-busy"
    || (name === "open" && (node.localName === "details" || node.localName === "dialog"));

  function morphAttributes(old, fresh) {
    for (const { name, value } of [...fresh.attributes]) {
      if (isOurs(old, name) || old.getAttribute(name) === value) continue;
      old.setAttribute(name, value);
      // What was typed or ticked is a property: it gives way only where the server itself changed its mind.
      if (name === "value" && "value" in old && old !== document.activeElement) old.value = value;
      if (name === "checked") old.checked = true;
      if (name === "selected") old.selected = true;
    }
    for (const { name } of [...old.attributes]) {
      if (isOurs(old, name) || fresh.hasAttribute(name)) continue;
      old.removeAttribute(name);
      if (name === "checked") old.checked = false;
    }
  }

  const keyOf = (node) => node.id || node.getAttribute?.("data-key") || "";
  const isAlike = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName
    && keyOf(old) === keyOf(fresh);

  function morphChildren(old, fresh) {
    const kept = new Map();
    const wanted = new Set([...fresh.childNodes].map(keyOf).filter(Boolean));
    for (const child of old.childNodes) if (wanted.has(keyOf(child))) kept.set(keyOf(child), child);
    let cursor = old.firstChild;
    const drop = () => {
      const gone = cursor;
      cursor = cursor.nextSibling;
      gone.remove();
    };
    for (const child of [...fresh.childNodes]) {
      // Rows that went away go first, so that the ones after them need not move.
      while (cursor && keyOf(cursor) && !wanted.has(keyOf(cursor))) drop();
      // White space comes and goes; an element is not given up for it.
      while (cursor?.nodeType === Node.TEXT_NODE && child.nodeType === Node.ELEMENT_NODE) drop();
      const known = kept.get(keyOf(child));
      if (known && isAlike(known, child)) {
        if (known === cursor) cursor = cursor.nextSibling;
        // Where the browser can, a node moves without losing focus and scroll.
        else if (old.moveBefore) old.moveBefore(known, cursor);
        else old.insertBefore(known, cursor);
        morph(known, child);
      } else if (cursor && !keyOf(cursor) && isAlike(cursor, child)) {
        morph(cursor, child);
        cursor = cursor.nextSibling;
      } else {
        old.insertBefore(document.importNode(child, true), cursor);
      }
    }
    while (cursor) drop();
  }

  function morph(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (old.isEqualNode(fresh)) return;
    const said = old.hasAttribute("data-say") ? old.textContent : null;
    morphAttributes(old, fresh);
    // A text box that was typed in keeps its text by itself: only its default changes.
    morphChildren(old, fresh);
    if (said !== null && said !== old.textContent) {
      say(old.dataset.say ? `${old.dataset.say}: ${old.textContent}` : old.textContent);
    }
  }

  /** Morphs the inside of `old` into that of `fresh` and puts focus and selection back where they were. */
  function renew(old, fresh) {
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const picked = held && "selectionStart" in held ? [held.selectionStart, held.selectionEnd] : null;
    dress(fresh);
    morphChildren(old, fresh);
    if (held && document.activeElement !== held) {
      const heir = held.isConnected ? held : old;
      if (heir === old && !old.hasAttribute("tabindex")) old.tabIndex = -1;
      heir.focus({ preventScroll: true });
      if (heir === held && picked && picked[0] !== null) held.setSelectionRange(...picked);
    }
    all("form[data-ticks]").forEach(count);
  }

  // ---- Reading out ----------------------------------------------------------------------------

  /** A live region has to be there before its text is, or nobody hears the text. */
  const makeSay = () => make("div", { className: "say sr", role: "status", ariaLive: "polite" });
  let saying = [];
  /** Tells a screen reader politely; several changes of one moment are told together. */
  function say(text) {
    saying.push(text.replace(/\s+/g, " ").trim());
    if (saying.length > 1) return;
    setTimeout(() => {
      // A modal dialog hides the rest of the page from screen readers: speak inside it.
      one(":scope > .say", one("dialog[open]") ?? document.body).textContent = saying.join(". ");
      saying = [];
    }, 120);
  }

  // ---- Live parts -----------------------------------------------------------------------------

  const live = { source: null, delay: 1000, timer: 0, hush: 0 };

  function showConnected(isConnected) {
    clearTimeout(live.hush);
    const set = () => all("[data-live-state]").forEach((mark) => { mark.hidden = isConnected; });
    // A server that is back in a moment is not worth a word.
    if (isConnected) set();
    else live.hush = setTimeout(set, 1500);
  }

  function listen() {
    clearTimeout(live.timer);
    if (live.source || document.hidden || !one("main[data-live]")) return;
    const source = live.source = new EventSource(location.href);
    source.addEventListener("open", () => { live.delay = 1000; showConnected(true); });
    source.addEventListener("part", (event) => {
      const part = JSON.parse(event.data);
      const old = document.getElementById(part.id);
      if (old) renew(old, parse(part.html).body);
    });
    source.addEventListener("gone", startOver);
    source.addEventListener("error", () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      hangUp();
      showConnected(false);
      if (isRefused) askWhy();
      live.timer = setTimeout(listen, live.delay * (0.75 + Math.random() / 2));
      live.delay = Math.min(live.delay * 2, 30_000);
    });
  }

  /** Browsers allow six connections to a host over HTTP/1.1: a tab that nobody looks at holds none. */
  function hangUp() {
    clearTimeout(live.timer);
    live.source?.close();
    live.source = null;
  }

  /** An EventSource does not say what status it got. Signed out, or nothing there any more: the page itself says so. */
  async function askWhy() {
    const stop = new AbortController();
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "text/event-stream" }, redirect: "manual", cache: "no-store", signal: stop.signal,
      });
      if (answer.type === "opaqueredirect" || [401, 403, 404, 410].includes(answer.status)) startOver();
    } catch {
      // No server: the next attempt comes by itself.
    } finally {
      stop.abort();
    }
  }

  /** Loads the page anew: not over what someone is typing in a dialog, and never in a tight circle. */
  function startOver() {
    hangUp();
    if (dialog?.open) {
      dialog.addEventListener("close", () => setTimeout(startOver, 200), { once: true });
      return;
    }
    const last = Number(history.state?.startedOver ?? 0);
    if (Date.now() - last < 10_000) {
      showConnected(false);
      live.timer = setTimeout(listen, 10_000);
      return;
    }
    history.replaceState({ startedOver: Date.now() }, "");
    location.reload();
  }

  // ---- Dialog ---------------------------------------------------------------------------------

  let dialog = null;
  let opener = null;
  /** The address whose page the dialog shows: its forms without an action are sent there. */
  let shown = "";

  /** Fetches a page for the dialog; null where it is not one that can be shown there. */
  async function fetchPage(address, options = {}) {
    const answer = await fetch(address, {
      ...options, credentials: "same-origin", headers: { Accept: "text/html", "Ferry-Dialog": "1", ...options.headers },
    });
    const isHtml = (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
    if (answer.redirected || !isHtml) return { answer, main: null };
    return { answer, main: one("main", parse(await answer.text())) };
  }

  async function openDialog(address, from) {
    from?.setAttribute("aria-busy", "true");
    try {
      const { main } = await fetchPage(address);
      if (!main) throw new Error("not a page for a dialog");
      if (!dialog?.open) opener = from;
      shown = address;
      showDialog(main);
    } catch {
      location.assign(address);
    } finally {
      from?.removeAttribute("aria-busy");
    }
  }

  function showDialog(main) {
    dress(main);
    dialog ??= makeDialog();
    const body = make("div", { className: "dlg" });
    body.append(...[...main.childNodes].map((node) => document.importNode(node, true)));
    const heading = one("h1", body);
    if (heading) Object.assign(heading, { id: "dialog-title", tabIndex: -1 });
    dialog.setAttribute("aria-labelledby", "dialog-title");
    one(".dlg", dialog)?.remove();
    dialog.prepend(body);
    if (!dialog.open) {
      closeMenus();
      dialog.showModal();
      // Back closes the dialog instead of leaving the page under it.
      history.pushState({ dialog: true }, "");
    }
    dialog.scrollTop = 0;
    all("form[data-ticks]", body).forEach(count);
    const problem = one(".problem", body);
    if (problem) problem.tabIndex = -1;
    const first = problem ?? one("[autofocus]", body)
      ?? one("input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea", body) ?? heading;
    first?.focus();
  }

  function makeDialog() {
    const made = document.body.appendChild(document.createElement("dialog"));
    const shut = made.appendChild(make("button", { className: "shut", type: "button", textContent: "×" }));
    shut.setAttribute("aria-label", words.close);
    made.append(makeSay());
    shut.addEventListener("click", () => made.close());
    let pressed = null;
    made.addEventListener("pointerdown", (event) => { pressed = event.target; });
    made.addEventListener("click", (event) => {
      // Outside means the backdrop, pressed and let go there; what was typed is not lost to a stray click.
      if (event.target === made && pressed === made && !isTyped(made)) made.close();
    });
    made.addEventListener("close", () => {
      one(".dlg", made)?.remove();
      if (history.state?.dialog) history.back();
      if (opener?.isConnected) opener.focus();
      opener = null;
    });
    return made;
  }

  const isTyped = (root) => all("input:not([type=hidden]), textarea", root)
    .some((box) => box.value !== box.defaultValue || box.checked !== box.defaultChecked);

  /** Sends a form of the dialog. The server is never asked twice for one press of a button. */
  async function sendFromDialog(form, submitter) {
    const values = new URLSearchParams(new FormData(form, submitter));
    const isPost = (submitter?.getAttribute("formmethod") ?? form.method).toLowerCase() === "post";
    const named = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    const address = new URL(named || shown, shown || location.href);
    if (!isPost) address.search = values;
    form.dataset.sending = "";
    submitter?.setAttribute("aria-busy", "true");
    if (submitter) submitter.disabled = true;
    let isLeaving = false;
    const leave = (to) => { isLeaving = true; leaveFor(to); };
    try {
      const { answer, main } = await fetchPage(address, isPost ? { method: "POST", body: values } : {});
      if (answer.redirected) leave(answer.url);
      else if (main) {
        shown = address.href;
        showDialog(main);
      } else if (isPost) refuseInDialog(form);
      else leave(address.href);
    } catch {
      if (isPost) refuseInDialog(form);
      else leave(address.href);
    } finally {
      if (isLeaving) return;
      release(form);
      if (submitter) submitter.disabled = false;
    }
  }

  /** A form that was sent may be sent again. */
  function release(form) {
    delete form.dataset.sending;
    [...form.elements].forEach((control) => control.removeAttribute("aria-busy"));
  }

  /** Goes on to another page; the dialog's own entry in the history is the one that gives way. */
  function leaveFor(address) {
    const isHere = address.split("#")[0] === location.href.split("#")[0];
    if (history.state?.dialog) location.replace(address);
    else location.assign(address);
    // That was a jump within the page. Anything else has loaded it, and a second time would lose what is said once.
    if (isHere && address.includes("#")) location.reload();
  }

  function refuseInDialog(form) {
    one(":scope > .problem.silent", form)?.remove();
    const problem = make("p", { className: "problem silent", role: "alert", tabIndex: -1, textContent: words.silent });
    form.prepend(problem);
    problem.focus();
  }

  // ---- Forms ----------------------------------------------------------------------------------

  const ticksOf = (form) => [...form.elements].filter((box) => box.type === "checkbox" && box.name
    && !box.hasAttribute("data-tick-all"));

  /** Counts the ticks of a form and says so on what depends on them. */
  function count(form) {
    const ticks = ticksOf(form).filter((box) => !box.disabled);
    const ticked = ticks.filter((box) => box.checked).length;
    const most = Number(form.dataset.most) || Infinity;
    const controls = [...form.elements];
    const within = (selector) => new Set([...all(selector, form),
      ...controls.flatMap((control) => [...(control.matches(selector) ? [control] : []), ...all(selector, control)])]);
    within("[data-needs-ticks]").forEach((button) => { button.disabled = ticked === 0 || ticked > most; });
    within("[data-ticked]").forEach((mark) => { mark.textContent = String(ticked); });
    for (const box of controls.filter((control) => control.hasAttribute("data-tick-all"))) {
      box.checked = ticked > 0 && ticked === ticks.length;
      box.indeterminate = ticked > 0 && ticked < ticks.length;
    }
    form.classList.toggle("over", ticked > most);
  }

  const refreshing = new WeakMap();
  function refreshSoon(form) {
    const before = refreshing.get(form);
    clearTimeout(before?.timer);
    before?.stop.abort();
    const mine = { stop: new AbortController() };
    mine.timer = setTimeout(() => refresh(form, mine.stop.signal), 300);
    refreshing.set(form, mine);
  }

  /** Asks the form's own address with its values and morphs one part from the answer; secrets stay out of addresses. */
  async function refresh(form, signal) {
    const part = near(form.dataset.refresh, form);
    if (!part) return;
    const values = new FormData(form);
    values.delete("form_token");
    all("input[type=password], input[type=file]", form).forEach((box) => values.delete(box.name));
    const base = form.closest("dialog") ? shown : location.href;
    const address = new URL(form.getAttribute("action") || base, base);
    address.search = new URLSearchParams(values);
    part.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal, headers: { Accept: "text/html", "Ferry-Dialog": "1" } });
      const fresh = answer.ok && !answer.redirected && parse(await answer.text()).getElementById(part.id);
      if (fresh && !signal.aborted) renew(part, fresh);
    } catch {
      // What stands there stays; sending the form tells the truth.
    } finally {
      if (!signal.aborted) part.removeAttribute("aria-busy");
    }
  }

  // ---- Menus, copying, secrets ----------------------------------------------------------------

  function closeMenus(except) {
    for (const menu of all("details.menu[open]")) if (!except || !menu.contains(except)) menu.open = false;
  }

  /** Lifts an open menu out of scrolling panels: beside its summary, upwards where there is no room below. */
  function placeMenu(menu) {
    const sheet = one(":scope > :not(summary)", menu);
    if (!sheet) return;
    sheet.removeAttribute("style");
    if (!menu.open || matchMedia("(max-width: 640px)").matches) return;
    const at = menu.getBoundingClientRect();
    sheet.style.position = "fixed";
    const { offsetWidth: width, offsetHeight: height } = sheet;
    const top = at.bottom + 4 + height < innerHeight ? at.bottom + 4 : Math.max(8, at.top - height - 4);
    Object.assign(sheet.style, { top: `${top}px`, left: `${Math.max(8, at.right - width)}px`, right: "auto", bottom: "auto" });
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS there is no clipboard for scripts: the old way, beside the button (a dialog makes the rest inert).
      const box = make("textarea", { value: text, className: "sr", readOnly: true });
      button.after(box);
      box.select();
      const isDone = document.execCommand("copy");
      box.remove();
      button.focus();
      if (!isDone) return;
    }
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1600);
    say(words.copied);
  }

  /** Shows and hides what a button stands for: a password's letters, or an element that is hidden at first. */
  function reveal(button) {
    const target = button.dataset.reveal ? near(button.dataset.reveal, button) : button.previousElementSibling;
    if (!target) return;
    const isHidden = target.localName === "input" ? target.type === "password" : target.hidden;
    if (target.localName === "input") target.type = isHidden ? "text" : "password";
    else target.hidden = !isHidden;
    button.setAttribute(target.localName === "input" ? "aria-pressed" : "aria-expanded", String(isHidden));
  }

  // ---- What the reader does -------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    closeMenus(target);
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const link = target.closest("a[data-dialog]");
    if (link && isPlain && !event.defaultPrevented && link.origin === location.origin) {
      event.preventDefault();
      link.closest("details.menu")?.removeAttribute("open");
      if (!link.hasAttribute("aria-busy")) openDialog(link.href, link);
    }
    if (isPlain && dialog?.open && dialog.contains(target) && target.closest("[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
    const copied = target.closest("[data-copy]");
    if (copied) copy(copied);
    const revealed = target.closest("[data-reveal]");
    if (revealed) reveal(revealed);
  });

  document.addEventListener("change", (event) => {
    const { target } = event;
    const form = target.form;
    if (!form) return;
    if (form.matches("[data-ticks]")) {
      if (target.hasAttribute("data-tick-all")) {
        for (const box of ticksOf(form)) if (!box.disabled) box.checked = target.checked;
      }
      count(form);
    }
    if (form.matches("[data-refresh]")) refreshSoon(form);
    // A text that is being typed is sent by Enter: leaving its box for something else on the page does not take that away.
    if (form.matches("[data-auto]") && target.type !== "search") form.requestSubmit();
  });

  // A text that is being typed is sent once it is done: each look asks every target.

  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented) return;
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
    } else if (dialog?.contains(form) && form.method !== "dialog" && form.enctype === "application/x-www-form-urlencoded") {
      event.preventDefault();
      sendFromDialog(form, submitter);
    } else if (form.matches("[data-dialog]") && form.method === "get") {
      event.preventDefault();
      const address = new URL(form.action);
      address.search = new URLSearchParams(new FormData(form, submitter));
      openDialog(address.href, submitter);
    } else if (form.method === "post") {
      // A plain page goes away when it is answered: one press is one request.
      form.dataset.sending = "";
      submitter?.setAttribute("aria-busy", "true");
      setTimeout(() => release(form), 10_000);
    }
  });

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!(menu instanceof Element) || !menu.matches("details.menu")) return;
    if (menu.open) closeMenus(menu);
    placeMenu(menu);
  }, true);

  document.addEventListener("keydown", (event) => {
    const menu = document.activeElement?.closest?.("details.menu[open]") ?? one("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      event.preventDefault();
      menu.open = false;
      one("summary", menu)?.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !menu.contains(event.target) || event.target.matches("input, select, textarea")) return;
    const items = all("a[href], button:not(:disabled)", menu);
    const at = items.indexOf(document.activeElement);
    event.preventDefault();
    items[(at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length]?.focus();
  });

  document.addEventListener("scroll", (event) => {
    all("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) placeMenu(menu);
    });
  }, { capture: true, passive: true });

  addEventListener("popstate", () => dialog?.open && dialog.close());
  addEventListener("resize", () => all("details.menu[open]").forEach(placeMenu));
  addEventListener("online", listen);
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", () => {
    // Back here, browsers put old ticks back; and what was sent then may be sent again.
    all("form[data-ticks]").forEach(count);
    all("form[data-sending]").forEach(release);
    listen();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? hangUp() : listen()));

  function start() {
    if (history.state?.dialog) history.replaceState(null, "");
    document.body.append(makeSay());
    dress(document);
    all("form[data-ticks]").forEach(count);
    one(".problem[role=alert]")?.scrollIntoView({ block: "nearest" });
    listen();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
