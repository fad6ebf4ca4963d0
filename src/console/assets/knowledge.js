// The list of knowledge bases.

import { element, get, server, time } from "./words.js";

const empty = document.getElementById("empty");

function row(base, problems) {
  const { published } = base;
  const made = element("tr");
  const link = element("a", "", base.base);
  link.href = `/knowledge/${encodeURIComponent(base.business)}/${encodeURIComponent(base.base)}`;
  const name = element("td");
  name.append(link);
  const state = element("td");
  const problem = problems.get(`${base.business}/${base.base}`);
  state.append(
    problem ? element("span", "tag bad", problem)
      : published ? element("span", "tag good", "使用中") : element("span", "tag warn", "未发布"),
  );
  made.append(
    element("td", "", base.business),
    name,
    element("td", "number", String(base.entries)),
    element("td", "number", published ? String(published.number) : "—"),
    element("td", "number", published ? String(published.entries) : "—"),
    element("td", "", published ? time(published.at_ms) : "—"),
    element("td", "quiet", published?.author ?? "—"),
    state,
  );
  made.addEventListener("click", () => link.click());
  return made;
}

async function load() {
  const [bases, status] = await Promise.all([get("/api/knowledge"), get("/api/status")]);
  const broken = status.knowledge.filter((base) => base.problem);
  const problems = new Map(broken.map((base) => [base.base, base.problem]));
  document.getElementById("bases").replaceChildren(...bases.map((base) => row(base, problems)));
  document.getElementById("server").textContent = server(status.qdrant);
  empty.hidden = bases.length > 0;
}

load().catch((error) => {
  empty.hidden = false;
  empty.textContent = `读取失败：${error.message}`;
});
