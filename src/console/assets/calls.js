// The list of calls.

import { CAUSES, caller, disposition, duration, element, get, server, time } from "./words.js";

const rows = document.getElementById("calls");
const more = document.getElementById("more");
const line = document.getElementById("line");
const empty = document.getElementById("empty");
let cursor = null;

function row(call) {
  const { cdr } = call;
  const made = element("tr");
  const link = element("a", "", time(call.started_ms));
  link.href = `/calls/${call.id}`;
  const first = element("td");
  first.append(link);
  const result = element("td");
  result.append(disposition(cdr));
  made.append(
    first,
    element("td", "", call.line ?? `${call.dialled}（未知）`),
    element("td", "", caller(call)),
    element("td", "", call.caller?.province ?? "—"),
    element("td", "number", cdr ? duration(cdr.billable_s) : "—"),
    element("td", "number", cdr ? String(cdr.turns) : "—"),
    result,
    element("td", "quiet", cdr ? CAUSES[cdr.cause] ?? cdr.cause : "—"),
  );
  made.addEventListener("click", () => link.click());
  return made;
}

async function load(fresh) {
  if (fresh) cursor = null;
  const wanted = new URLSearchParams({ limit: "50" });
  if (line.value) wanted.set("line", line.value);
  if (cursor) wanted.set("cursor", cursor);
  const page = await get(`/api/calls?${wanted}`);
  if (fresh) rows.replaceChildren();
  rows.append(...page.calls.map(row));
  cursor = page.next ?? null;
  more.hidden = !cursor;
  empty.hidden = rows.childElementCount > 0;
}

function failed(error) {
  empty.hidden = false;
  empty.textContent = `读取失败：${error.message}`;
}

async function begin() {
  const status = await get("/api/status");
  const state = status.ready ? "服务中" : "未就绪";
  const parts = [state, `通话 ${status.active_calls} / ${status.max_calls}`, server(status.qdrant)].filter(Boolean);
  document.getElementById("status").textContent = parts.join(" · ");
  for (const number of status.lines) {
    const option = element("option", "", number);
    option.value = number;
    line.append(option);
  }
}

line.addEventListener("change", () => load(true).catch(failed));
more.addEventListener("click", () => load(false).catch(failed));
begin().catch(failed);
load(true).catch(failed);
