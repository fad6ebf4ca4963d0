// Trying questions, further phrasings, what publishing changes, and the versions.

import { FIELDS } from "./base-draft.js";
import { VERDICTS, element, list, row, time } from "./words.js";

const ORIGINS = { file: "文件", draft: "草稿", rollback: "退回" };
const LOOK_MS = 500;
const SOURCES = { "as other entries": "别的条目也这样问", "as callers say": "客户常这样说", "other word": "换个词", "language model": "语言模型" };

export async function tryOut(base) {
  const questions = element("textarea");
  questions.rows = 4;
  questions.placeholder = "客户会怎么问？一行一个";
  const which = element("select");
  for (const [value, words] of [["draft", "问草稿"], ["published", "问已发布的"]]) {
    const option = element("option", "", words);
    option.value = value;
    which.append(option);
  }
  const answers = element("div");
  const ask = base.button("试问", "main", async () => {
    const asked = questions.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const published = which.value === "published";
    const found = await base.ask("POST", "/test", { questions: asked, published });
    base.say("");
    answers.replaceChildren(list(found.map((finding, place) => answer(asked[place], finding)), "没有问题。"));
  });
  return [questions, row(which, ask), answers];
}

function answer(question, finding) {
  const { verdict } = finding;
  const kind = { answer: "good", clarify: "warn", abstain: "bad" }[verdict.verdict];
  const made = element("li", "item");
  made.append(element("h3", "", question), " ", element("span", `tag ${kind}`, VERDICTS[verdict.verdict]));
  const candidates = verdict.candidates ?? [verdict.candidate ?? verdict.nearest].filter(Boolean);
  for (const candidate of [...candidates, finding.second].filter(Boolean)) {
    const { entry } = candidate;
    made.append(element("p", "quiet", `${entry.id} ${entry.question}（${candidate.score.toFixed(2)}，像“${candidate.matched}”）`));
    if (verdict.verdict === "answer") made.append(element("p", "", entry.answer));
  }
  return made;
}

/** How a phrasing was found. */
function sourceOf({ source }) {
  const known = Object.keys(SOURCES).find((start) => source.startsWith(start));
  return known ? SOURCES[known] + source.slice(known.length).replace(": ", "：").replace("->", "→") : source;
}

export async function phrasings(base) {
  const waiting = await base.ask("GET", "/proposals");
  const marks = new Map();
  const items = waiting.map((proposal) => {
    const mark = element("input");
    mark.type = "checkbox";
    marks.set(mark, proposal);
    const label = element("label");
    label.append(mark, ` ${proposal.phrasing}`);
    const made = element("li", "item");
    made.append(element("span", "tag", proposal.entry), " ", label, element("p", "quiet", sourceOf(proposal)));
    return made;
  });
  const rule = (ruling) => async () => {
    const chosen = [...marks].filter(([mark]) => mark.checked).map(([, { entry, phrasing }]) => ({ entry, phrasing, ruling }));
    const { ruled } = await base.ask("POST", "/rulings", chosen);
    base.say(`${ruled} 个问法已${ruling === "accept" ? "采纳进草稿" : "划掉"}。`);
    await base.show();
  };
  const all = base.button("全选", "", async () => marks.forEach((_, mark) => (mark.checked = true)));
  const look = (model) => async () => {
    const proposed = await base.ask("POST", "/proposals", { model });
    base.say(`看了 ${proposed.entries} 个条目，新提出 ${proposed.new} 个问法${proposed.left ? `；还有 ${proposed.left} 个条目没看` : ""}。`);
    await base.show();
  };
  return [
    row(all, base.button("采纳", "main", rule("accept")), base.button("划掉", "", rule("strike")), element("span", "grow"),
      base.button("再找找", "", look(false)), base.button("请语言模型想", "", look(true))),
    list(items, "没有等待决定的问法。"),
  ];
}

export async function publish(base) {
  const [{ revision }, difference, versions] = await Promise.all([
    base.ask("GET", "/draft"), base.ask("GET", "/diff"), base.ask("GET", "/versions"),
  ]);
  const note = element("input");
  note.placeholder = "说明（为什么改）";
  note.size = 32;
  const progress = element("div");
  const begin = (path, body) => async () => {
    const author = base.author();
    await follow(base, progress, await base.ask("POST", path, { ...body, author, note: note.value }));
  };
  const changes = [
    ...difference.added.map((entry) => change("新增", "good", entry.id, entry.question, [element("ins", "", entry.answer)])),
    ...difference.changed.map(changed),
    ...difference.removed.map((entry) => change("删除", "bad", entry.id, entry.question, [element("del", "", entry.answer)])),
  ];
  return [
    row(note, base.button("发布草稿", "main", begin("/publishing", { revision }))), progress,
    element("h2", "", `发布会改变什么（${changes.length}）`), list(changes, "草稿和已发布的一样。"),
    element("h2", "", "版本"),
    list(versions.map((version, place) => versionItem(base, version, place === 0, begin)), "还没有发布过。"),
  ];
}

function change(words, kind, id, question, parts) {
  const made = element("li", "item");
  made.append(element("span", `tag ${kind}`, words), " ", element("span", "tag", id), " ", element("h3", "", question));
  for (const part of parts) {
    const line = element("p");
    line.append(part);
    made.append(line);
  }
  return made;
}

function changed(entry) {
  const parts = entry.fields.map((field) => {
    const line = element("span", "", `${FIELDS[field.field] ?? field.field}：`);
    line.append(element("del", "", field.before), " ", element("ins", "", field.after));
    return line;
  });
  parts.push(...entry.phrasings_added.map((text) => element("ins", "", `＋ ${text}`)));
  parts.push(...entry.phrasings_removed.map((text) => element("del", "", `－ ${text}`)));
  return change("修改", "warn", entry.id, entry.question, parts);
}

function versionItem(base, version, isNow, begin) {
  const made = element("li", "item");
  made.append(element("h3", "", `第 ${version.number} 版`), " ");
  if (isNow) made.append(element("span", "tag good", "使用中"), " ");
  const origin = version.restores ? `退回到第 ${version.restores} 版` : ORIGINS[version.origin] ?? version.origin;
  made.append(element("span", "tag", origin), element("p", "quiet", `${time(version.at_ms)}　${version.author}　${version.entries} 个条目　${version.note}`));
  if (!isNow) made.append(base.button("退回到这一版", "", begin("/rollback", { to: version.number })));
  return made;
}

/** Shows how far a publication is until it is over. */
async function follow(base, place, first) {
  let step = first;
  for (;;) {
    if (step.step === "done") {
      base.say(`已发布第 ${step.version} 版，新来电马上使用；进行中的通话不变。`);
      return base.show();
    }
    if (step.step === "failed") throw new Error(`没有发布：${step.why}`);
    const bar = element("progress");
    if (step.step === "speaking") {
      bar.max = step.all;
      bar.value = step.done;
    }
    const words = step.step === "indexing" ? "正在建索引" : `正在合成语音 ${step.done} / ${step.all}`;
    place.replaceChildren(element("p", "quiet", words), bar);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    step = await base.ask("GET", "/publishing");
  }
}
