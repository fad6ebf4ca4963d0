// What callers asked in vain, and how entries are used.

import { element, list, row, time } from "./words.js";

const KINDS = { unanswered: "没答上", clarified: "反问", unsure: "没把握", not_helpful: "没帮上" };

export async function learn(base) {
  const [lessons, usage] = await Promise.all([base.ask("GET", "/lessons"), base.ask("GET", "/usage")]);
  const groups = lessons.groups.map((group) => groupItem(base, group));
  const unhelpful = usage.unhelpful.map((entry) => usageItem(entry));
  const never = usage.never.map((entry) => {
    const made = element("li", "item");
    made.append(element("span", "tag", entry.entry), ` ${entry.question} `, element("span", "quiet", `${time(entry.since_ms)} 起发布`));
    return made;
  });
  return [
    element("p", "quiet", `${lessons.open} 个问题等待处理${lessons.noise ? `，另有 ${lessons.noise} 个听不出在问什么` : ""}。`),
    list(groups, "没有等待处理的问题。"),
    element("h2", "", "说完之后客户还是不满意的条目"), list(unhelpful, "没有。"),
    element("h2", "", `从没用到的条目（${never.length}）`), list(never, "都用到过。"),
  ];
}

function groupItem(base, group) {
  const made = element("li", "item");
  made.append(element("h3", "", group.question), " ", element("span", "tag warn", `${group.count} 次 · ${group.callers} 位客户`));
  for (const [kind, count] of Object.entries(group.kinds)) made.append(" ", element("span", "tag", `${KINDS[kind]} ${count}`));
  const examples = element("p", "quiet");
  for (const example of group.examples) {
    const link = element("a", "", example.question);
    link.href = `/calls/${example.call}`;
    examples.append(link, "　");
  }
  made.append(examples);
  const { nearest } = group;
  if (nearest) made.append(element("p", "quiet", `最近的条目：${nearest.entry} ${nearest.question}（${nearest.score.toFixed(2)}）`));
  const answer = element("input");
  answer.placeholder = "答案（可以以后再写）";
  answer.size = 30;
  const entry = element("input");
  entry.placeholder = "条目编号";
  entry.size = 10;
  entry.value = nearest?.in_draft ? nearest.entry : "";
  const settle = (body) => async () => {
    const author = base.author();
    const done = await base.ask("POST", "/lessons", { lessons: group.lessons, author, ...body() });
    base.say(done.done === "dismissed" ? "已搁置。" : `已放进草稿：${done.entry}，${done.added.join("｜")}`);
    await base.show();
  };
  const text = () => answer.value.trim() || null;
  made.append(row(
    answer, base.button("变成新条目", "", settle(() => ({ action: "entry", entry: { answer: text() } }))),
    entry, base.button("作为它的相似问", "", settle(() => ({ action: "phrasing", entry: entry.value.trim() }))),
    base.button("搁置", "", settle(() => ({ action: "dismiss" }))),
  ));
  return made;
}

function usageItem(entry) {
  const percent = (rate) => `${rate.count} / ${rate.of}（${Math.round(rate.share * 100)} %）`;
  const made = element("li", "item");
  made.append(element("span", "tag", entry.entry), ` ${entry.question ?? "（已不在发布版里）"}`);
  made.append(element("p", "quiet", `说过 ${entry.answers} 次；没帮上 ${percent(entry.unhelpful)}；之后要人工 ${percent(entry.asked_for_human)}`));
  return made;
}
