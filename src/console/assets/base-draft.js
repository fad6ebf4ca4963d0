// The draft: documents in, entries, and what is wrong with them.

import { element, list, row } from "./words.js";

const editor = document.getElementById("editor");
const form = document.getElementById("entry");
const OUTCOMES = { taken: ["照收", "good"], changed: ["改后收下", "warn"], refused: ["未收", "bad"] };
const PLACES = { sheet: "表", part: "部分", page: "页", paragraph: "段", line: "行", row: "行", column: "列" };
const MAX_SHOWN = 500;
const KINDS = {
  id: "编号不对", empty: "缺内容", duplicate: "重复", two_answers: "一问两答", near_duplicate: "几乎重复", echo: "答案就是问题", too_long: "太长，说不完",
  unspeakable: "说出来没有意义", placeholder: "还没填", personal_data: "个人信息", claim: "绝对化用语（广告法第九条）", unknown_action: "没有这个动作",
  expired: "已失效", not_yet: "还没生效", never_true: "失效早于生效",
};
export const FIELDS = {
  id: "编号", category: "类目", question: "标准问", similar_questions: "相似问", answer: "答案", action: "动作", name: "短名",
  takes_effect: "生效", expires: "失效",
};

export async function draft(base) {
  const { revision, entries } = await base.ask("GET", "/draft");
  const items = element("div");
  const filter = element("input");
  filter.type = "search";
  filter.placeholder = `在 ${entries.length} 个条目里找`;
  const fill = () => {
    const wanted = filter.value.trim();
    const has = (entry) => [entry.id, entry.category, entry.question, entry.answer, ...entry.similar_questions].some((text) => text.includes(wanted));
    const found = wanted ? entries.filter(has) : entries;
    const shown = found.slice(0, MAX_SHOWN).map((entry) => item(base, entry, revision));
    items.replaceChildren(list(shown, wanted ? "没有找到。" : "草稿是空的。"));
    if (found.length > MAX_SHOWN) items.append(element("p", "quiet", `还有 ${found.length - MAX_SHOWN} 个；请用查找缩小范围。`));
  };
  filter.addEventListener("input", fill);
  fill();
  const add = base.button("新条目", "", () => edit(base, null, revision));
  const sheet = element("a", "", "导出 CSV");
  sheet.href = `/api/knowledge/${base.name.split("/").map(encodeURIComponent).join("/")}/export`;
  return [drop(base), row(filter, element("span", "grow"), element("span", "quiet", `修订 ${revision}`), sheet, add), items];
}

function item(base, entry, revision) {
  const made = element("li", "item pick");
  made.tabIndex = 0;
  made.append(element("span", "tag", entry.id), " ", element("h3", "", entry.question));
  if (entry.action !== "answer") made.append(" ", element("span", "tag warn", entry.action));
  const { takes_effect, expires } = entry.validity ?? {};
  if (takes_effect || expires) made.append(" ", element("span", "tag", `${takes_effect ?? ""} — ${expires ?? ""}`));
  made.append(element("p", "", entry.answer));
  if (entry.similar_questions.length) made.append(element("p", "quiet", entry.similar_questions.join("｜")));
  const open = () => edit(base, entry, revision);
  made.addEventListener("click", open);
  made.addEventListener("keydown", (event) => event.key === "Enter" && open());
  return made;
}

function edit(base, entry, revision) {
  const fields = form.elements;
  form.reset();
  document.getElementById("entry-title").textContent = entry ? `条目 ${entry.id}` : "新条目";
  document.getElementById("entry-fault").hidden = true;
  fields.id.readOnly = Boolean(entry);
  if (entry) {
    for (const name of ["id", "category", "question", "answer", "action"]) fields[name].value = entry[name];
    fields.name.value = entry.name ?? "";
    fields.similar.value = entry.similar_questions.join("\n");
    for (const name of ["takes_effect", "expires"]) fields[name].value = entry.validity?.[name]?.slice(0, 16) ?? "";
  }
  const send = async (method, body) => {
    const id = encodeURIComponent(fields.id.value.trim());
    try {
      await base.ask(method, `/draft/entries/${id}?revision=${revision}`, body);
      editor.close();
      base.say("");
      base.show();
    } catch (error) {
      const fault = document.getElementById("entry-fault");
      fault.hidden = false;
      fault.textContent = error.message;
    }
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = (name) => fields[name].value.trim();
    const validity = {};
    for (const name of ["takes_effect", "expires"]) {
      if (text(name)) validity[name] = `${text(name)}:00`;
    }
    send("PUT", {
      id: text("id"), category: text("category"), question: text("question"), answer: text("answer"), action: text("action"),
      name: text("name"), validity, similar_questions: text("similar").split("\n").map((line) => line.trim()).filter(Boolean),
    });
  };
  const remove = document.getElementById("remove");
  remove.hidden = !entry;
  remove.onclick = () => confirm(`从草稿里删除 ${entry.id}？`) && send("DELETE");
  document.getElementById("cancel").onclick = () => editor.close();
  editor.showModal();
}

/** Where documents are dropped, and what became of the last ones. */
function drop(base) {
  const whole = element("div");
  const area = element("label", "drop", "把文档拖到这里，或者点这里选择：csv xlsx xls docx pdf md html txt。只进草稿，不会发布。");
  const files = element("input");
  files.type = "file";
  files.multiple = true;
  files.hidden = true;
  files.accept = ".csv,.xlsx,.xls,.docx,.pdf,.md,.html,.htm,.txt";
  area.append(files);
  const reports = element("div");
  const take = async (chosen) => {
    const made = [];
    let fault = null;
    try {
      const author = base.author();
      for (const file of chosen) {
        const wanted = new URLSearchParams({ name: file.name, author });
        made.push(report(await base.ask("POST", `/documents?${wanted}`, file)));
      }
    } catch (error) {
      fault = error;
    }
    // What was read before one failed is in the draft.
    if (made.length > 0) {
      await base.show();
      document.getElementById("panel").prepend(...made);
    }
    if (fault) base.fail(fault);
    else base.say(`已读入 ${made.length} 个文档，草稿已更新。`);
  };
  files.addEventListener("change", () => take([...files.files]));
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  whole.append(area, reports);
  return whole;
}

function report(done) {
  const counts = { taken: 0, changed: 0, refused: 0 };
  for (const line of done.report.lines) counts[line.outcome] += 1;
  const made = element("details", "card");
  made.open = counts.refused > 0;
  const proposed = done.proposed?.new ? `；提出 ${done.proposed.new} 个更多问法` : "";
  const words = `${done.report.document}：${done.entries.length} 个条目；照收 ${counts.taken}，改后收下 ${counts.changed}，未收 ${counts.refused}${proposed}`;
  made.append(element("summary", "item", words));
  const notable = done.report.lines.filter((line) => line.outcome !== "taken");
  made.append(list(notable.slice(0, MAX_SHOWN).map(reportLine), "每一行都照收。"));
  return made;
}

function reportLine(line) {
  const [words, kind] = OUTCOMES[line.outcome];
  const place = Object.entries(line.place).map(([name, value]) => `${PLACES[name] ?? name} ${value}`).join("，");
  const made = element("li", "item");
  made.append(element("span", `tag ${kind}`, words), ` ${place || "整个文件"} `);
  if (line.entry) made.append(element("span", "tag", line.entry));
  made.append(element("p", "quiet", line.why ?? line.how.join("；")));
  return made;
}

export async function check(base) {
  const concerns = await base.ask("GET", "/check");
  const errors = concerns.filter((concern) => concern.severity === "error").length;
  const words = concerns.length ? `${errors} 个错误（不改不能发布），${concerns.length - errors} 个提醒` : "没有问题，可以发布。";
  return [element("p", errors ? "fault" : "done", words), list(concerns.map(concernItem), "没有问题。")];
}

function concernItem(concern) {
  const isError = concern.severity === "error";
  const made = element("li", "item");
  made.append(element("span", `tag ${isError ? "bad" : "warn"}`, isError ? "错误" : "提醒"), " ");
  for (const id of concern.entries) made.append(element("span", "tag", id), " ");
  made.append(element("span", "quiet", FIELDS[concern.field] ?? concern.field), " ", element("span", "", KINDS[concern.kind] ?? concern.kind));
  made.append(element("p", "quiet", concern.words));
  const { fix } = concern;
  const better = fix && { split: () => fix.parts.join(" ／ "), replace: () => fix.text, remove_phrasing: () => `去掉：${fix.phrasing}`, merge_into: () => `并入 ${fix.entry}` }[fix.kind]();
  if (better) made.append(element("p", "quiet", `建议：${better}`));
  return made;
}
