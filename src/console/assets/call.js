// One call: facts, audio, transcript. A click on a line plays it.

import { CAUSES, EVENTS, FLAGS, MOODS, PARTIES, REASONS, VERDICTS, caller, disposition, duration, element, get, offset, time } from "./words.js";

const id = location.pathname.split("/").pop();
const audio = document.getElementById("audio");
/** From the last word to the reply; the product's budget. */
const BUDGET_MS = 1000;

function facts(call) {
  const { cdr } = call;
  const list = [
    ["主叫", [caller(call), call.caller?.province].filter(Boolean).join(" ")],
    ["线路", call.line ?? `${call.dialled}（未知）`],
    ["开始", time(call.started_ms)],
  ];
  if (cdr) {
    list.push(
      ["结束", `${CAUSES[cdr.cause] ?? cdr.cause}（${PARTIES[cdr.ended_by]}）`],
      ["计费时长", duration(cdr.billable_s)],
      ["机器人 / 等待 / 坐席", [cdr.talk_bot_ms, cdr.ring_agent_ms, cdr.talk_agent_ms].map((ms) => `${(ms / 1000).toFixed(1)}`).join(" / ") + " 秒"],
      ["轮次", `${cdr.turns}（回答 ${cdr.answered}，反问 ${cdr.clarified}，无答案 ${cdr.abstained}）`],
    );
    if (cdr.agent) list.push(["坐席", cdr.agent]);
  }
  document.getElementById("facts").replaceChildren(
    ...list.map(([name, value]) => {
      const pair = element("div");
      pair.append(element("dt", "", name), element("dd", "", value));
      return pair;
    }),
  );
}

function notes(line) {
  const made = element("div", "notes");
  const { decision } = line;
  if (decision) {
    const kind = { answer: "good", clarify: "warn", abstain: "bad" }[decision.verdict] ?? "";
    const score = decision.score === undefined ? "" : ` ${decision.score.toFixed(2)}`;
    made.append(element("span", `tag ${kind}`, `${VERDICTS[decision.verdict]} ${decision.entry ?? ""}${score}`));
    const about = decision.choices?.length ? decision.choices.join(" / ") : decision.verdict === "answer" ? decision.question : "";
    if (about) made.append(element("span", "", about));
    if (decision.also) made.append(element("span", "", `＋ ${decision.also}`));
  }
  for (const flag of line.flags ?? []) {
    if (decision && (flag === "clarified" || flag === "abstained")) continue;
    made.append(element("span", "tag warn", FLAGS[flag] ?? flag));
  }
  if (line.mood && line.mood.mood !== "neutral") {
    const [name, kind] = MOODS[line.mood.mood];
    made.append(element("span", `tag ${kind}`, `${name} ${line.mood.probability.toFixed(2)}`));
    if (line.mood.evidence.length) made.append(element("span", "", line.mood.evidence.join("，")));
  }
  if (line.recognition_ms !== undefined) made.append(element("span", "", `识别 ${line.recognition_ms} ms`));
  if (line.reply_ms !== undefined) {
    made.append(element("span", line.reply_ms > BUDGET_MS ? "slow" : "", `应答 ${line.reply_ms} ms`));
  }
  return made;
}

function row(line, recording) {
  const made = element("li", `line ${line.speaker}`);
  const box = element("div", "box");
  const words = element("div", "words");
  if (line.speaker === "system") {
    const detail = line.detail ? `：${REASONS[line.detail] ?? CAUSES[line.detail] ?? line.detail}` : "";
    words.textContent = `${EVENTS[line.text] ?? line.text}${detail}`;
  } else {
    words.append(element("span", "who", PARTIES[line.speaker]), line.text);
  }
  box.append(words);
  const below = notes(line);
  if (below.childElementCount) box.append(below);
  made.append(element("span", "time", offset(line.at_ms)), box);
  if (recording && line.speaker !== "system") {
    made.classList.add("seek");
    box.addEventListener("click", () => {
      audio.currentTime = Math.max(0, (line.at_ms - recording.offset_ms) / 1000);
      audio.play();
    });
  }
  return made;
}

function follow(lines, rows, recording) {
  audio.addEventListener("timeupdate", () => {
    const at = audio.currentTime * 1000 + recording.offset_ms;
    lines.forEach((line, place) => {
      const now = line.speaker !== "system" && line.at_ms <= at && at < line.end_ms;
      rows[place].classList.toggle("now", now);
    });
  });
}

async function begin() {
  const call = await get(`/api/calls/${encodeURIComponent(id)}`);
  document.getElementById("title").textContent = `通话 ${call.id.slice(0, 13)}`;
  document.getElementById("disposition").append(disposition(call.cdr));
  facts(call);
  if (!call.intact) fail("这通电话的记录已被改动，与写入时不一致。");
  const rows = call.transcript.map((line) => row(line, call.recording));
  document.getElementById("lines").replaceChildren(...rows);
  if (call.recording) {
    audio.src = call.recording.url;
    document.getElementById("player").hidden = false;
    follow(call.transcript, rows, call.recording);
  }
}

function fail(words) {
  const fault = document.getElementById("fault");
  fault.textContent = words;
  fault.hidden = false;
}

begin().catch((error) => fail(`读取失败：${error.message}`));
