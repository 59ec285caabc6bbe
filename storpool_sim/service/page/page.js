"use strict";

// Asks for the status again and again, and shows what has changed. Whatever comes from the cluster becomes text, never HTML.

const EVERY = 1000;
const DATE = { dateStyle: "medium", timeStyle: "medium", hour12: false };
const byId = (id) => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const shown = new Map();
let timer = null;
let asking = null;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  while (count >= 1024 && at < units.length - 1) {
    count /= 1024;
    at += 1;
  }
  return `${count >= 100 || Number.isInteger(count) ? Math.round(count) : count.toFixed(1)} ${units[at]}`;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
const state = (text, kind) => element("span", { class: `state ${kind || ""}` }, text);

// A part of the page is made anew only when what it shows has changed: a selection in the others stays.
function show(id, data, make) {
  const key = JSON.stringify(data);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  byId(id).replaceChildren(...[].concat(make(data)));
}

// columns: [title, cell, class]; the first one heads its row.
function table(caption, columns, rows, nothing) {
  if (!rows.length) return element("p", { class: "empty" }, nothing);
  const heads = columns.map(([title, , kind]) => element("th", { scope: "col", class: kind || false }, title));
  const lines = rows.map((row) => element("tr", {}, ...columns.map(([, cell, kind], index) => {
    const parts = [].concat(cell(row));
    return index ? element("td", { class: kind || false }, ...parts) : element("th", { scope: "row" }, ...parts);
  })));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...lines)));
}

function listed(id, caption, part, columns, nothing) {
  show(id, part, () => {
    const left = part.count - part.list.length;
    const made = [table(caption, columns, part.list, byId("find").value ? "None of that name." : nothing)];
    if (left > 0) made.push(element("p", { class: "more" }, `and ${left} more: find them by name`));
    return made;
  });
  byId(`n-${id}`).textContent = part.count || "";
}

function tags(record) {
  return Object.entries(record.tags).map(([key, value]) => element("span", { class: "chip" }, `${key}=${value}`));
}

function flags(record) {
  return [
    record.deleted ? state("being deleted", "warn") : "",
    record.recovering ? state("arriving", "warn") : "",
  ];
}

function disk(one) {
  const part = one.capacity ? one.stored / one.capacity : 0;
  const percent = Math.round(part * 100);
  const fill = element("span");
  fill.style.width = `${part && Math.max(part * 100, 1)}%`;
  const name = element("span", {}, `${one.id} `, element("small", {}, one.ssd ? "SSD" : "HDD"));
  if (!one.up) return element("li", {}, name, state("down", "bad"), element("span"));
  const notes = [one.softEject !== "off" ? `ejecting: ${one.softEject}` : "", one.scrubbing ? "scrubbing" : ""];
  const bar = element("div", {
    class: `bar ${part > 0.95 ? "full" : part > 0.8 ? "high" : ""}`,
    role: "meter", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": percent,
    "aria-label": `Disk ${one.id}: ${bytes(one.stored)} of ${bytes(one.capacity)}`,
    title: `${one.model}: ${bytes(one.stored)} of ${bytes(one.capacity)}, ${one.objects} of ${one.places} places`,
  }, fill);
  return element("li", {}, name, bar,
    element("span", {}, notes.filter(Boolean).join(", ") || `${percent} % of ${bytes(one.capacity)}`));
}

function servers(disks) {
  const groups = new Map();
  for (const one of disks) groups.set(one.server, [...(groups.get(one.server) || []), one]);
  return [...groups].map(([server, members]) =>
    element("div", {}, element("h3", {}, `Server ${server}`), element("ul", {}, ...members.map(disk))));
}

function services(all) {
  const names = { mgmt: "Management", server: "Servers", client: "Clients", bridge: "Bridges", iscsi: "iSCSI" };
  const kinds = [...new Set(all.map((one) => one.kind))];
  return kinds.flatMap((kind) => [
    element("h3", {}, names[kind] || kind),
    element("ul", { class: "chips" }, ...all.filter((one) => one.kind === kind).map((one) =>
      element("li", { class: `chip ${one.status === "running" ? "good" : one.status === "down" ? "bad" : "warn"}` },
        `${one.id}: ${one.status}`))),
  ]);
}

function fault(one) {
  const parts = [one.probability < 1 ? `one request in ${Math.round(1 / one.probability)}` : "every request"];
  if (one.probability === 0) parts[0] = "no request";
  if (one.on) parts.push(`to ${one.on}`);
  if (one.times !== null) parts.push(`${one.times} more times`);
  if (one.kind === "latency") parts.push(`${one.seconds} s on average, ${one.distribution}`);
  return element("li", { class: "chip warn" }, `${one.kind}: ${parts.join(", ")}`);
}

function update(data) {
  document.title = `${data.name}: simulated StorPool cluster`;
  byId("name").textContent = `Cluster ${data.name}`;
  byId("about").textContent =
    `${data.id}, ${data.status}, generation ${data.generation}, ${new Date(data.now * 1000).toLocaleString([], DATE)}`;
  show("cluster", data.clusters, (names) => names.map((one) => element("option", {}, one)));
  byId("cluster").value = data.name;
  byId("cluster-tool").hidden = data.clusters.length < 2;

  const up = data.disks.filter((one) => one.up);
  const capacity = up.reduce((sum, one) => sum + one.capacity, 0);
  const stored = up.reduce((sum, one) => sum + one.stored, 0);
  show("totals", [
    ["Volumes", data.volumes.count], ["Snapshots", data.snapshots.count], ["Attachments", data.attachments.count],
    ["Disks up", `${up.length} of ${data.disks.length}`], ["Stored", bytes(stored)], ["Capacity", bytes(capacity)],
  ], (totals) => totals.map(([title, value]) =>
    element("div", {}, element("dt", {}, title), element("dd", {}, String(value)))));

  show("disks", data.disks, servers);
  listed("volumes", "Volumes", data.volumes, [
    ["Name", (one) => [one.name, " ", ...flags(one)]],
    ["Size", (one) => bytes(one.size), "number"],
    ["Written", (one) => bytes(one.stored), "number"],
    ["Copies", (one) => String(one.replication), "number wide"],
    ["Placement", (one) => (one.template ? `${one.template} (${one.placeAll})` : one.placeAll), "wide"],
    ["Parent", (one) => one.parent, "wide"],
    ["Tags", tags, "wide"],
    ["Global id", (one) => one.globalId, "code wide"],
  ], "There are no volumes yet.");
  listed("snapshots", "Snapshots", data.snapshots, [
    ["Name", (one) => [one.name, " ", ...flags(one)]],
    ["Size", (one) => bytes(one.size), "number"],
    ["Parent", (one) => one.parent, "wide"],
    ["Tags", tags, "wide"],
  ], "There are no snapshots yet.");
  listed("attachments", "Attachments", data.attachments, [
    ["Name", (one) => one.volume],
    ["Kind", (one) => (one.snapshot ? "snapshot" : "volume"), "wide"],
    ["Client", (one) => String(one.client), "number"],
    ["Rights", (one) => state(one.rights, one.rights === "rw" ? "good" : "")],
  ], "Nothing is attached.");
  show("services", data.services, services);
  show("tasks", data.tasks, (all) => table("Tasks", [
    ["Disk", (one) => String(one.diskId)],
    ["Objects moved", (one) => `${one.completedObjects} of ${one.allObjects}`, "number"],
  ], all, "No data is being moved."));
  show("faults", data.faults, (all) => (all.length
    ? element("ul", { class: "chips" }, ...all.map(fault))
    : element("p", { class: "empty" }, "Requests meet no faults.")));
  show("requests", data.requests, (all) => table("Last requests", [
    ["Request", (one) => `${one.method} ${decoded(one.target)}`],
    ["Outcome", (one) => state(`${one.status} ${one.error}`.trim(), one.error ? "bad" : "good")],
    ["Took", (one) => `${(one.seconds * 1000).toFixed(1)} ms`, "number wide"],
    ["At", (one) => clock(one.at), "number wide"],
    ["From", (one) => one.client, "code wide"],
  ], all.slice(0, 30), "Nobody has asked for anything yet."));
}

function decoded(target) {
  try {
    return decodeURIComponent(target.replace("/ctrl/1.0/", ""));
  } catch {
    return target;
  }
}

function live(state, text) {
  const place = byId("live");
  // Readers of the screen are told of changes only.
  if (place.dataset.state !== state) {
    place.dataset.state = state;
    place.textContent = text;
  }
}

async function ask() {
  clearTimeout(timer);
  if (asking) asking.abort();
  const mine = (asking = new AbortController());
  const query = new URLSearchParams({ find: byId("find").value });
  if (byId("cluster").value) query.set("cluster", byId("cluster").value);
  try {
    const reply = await fetch(`/sim/1.0/status?${query}`, {
      signal: mine.signal,
      cache: "no-store",
      headers: token ? { Authorization: `Storpool v1:${token}` } : {},
    });
    const body = await reply.json();
    if (body.error) throw new Error(body.error.name === "unauthorized"
      ? "add #token=… to the address: from other machines the page needs the token" : body.error.descr);
    update(body.data);
    live("live", "live");
  } catch (error) {
    if (mine.signal.aborted) return;
    live("lost", error instanceof TypeError ? "the simulator does not answer" : error.message);
  }
  if (mine === asking && !document.hidden) timer = setTimeout(ask, EVERY);
}

byId("find").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
byId("cluster").addEventListener("change", ask);
document.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
ask();
