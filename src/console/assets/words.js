// What the pages share: words for the names of the API, times, elements.

export const DISPOSITIONS = {
  contained: ["机器人解决", "good"],
  handed_over: ["已转人工", "good"],
  callback_requested: ["待回电", "warn"],
  handover_failed: ["转人工失败", "bad"],
  abandoned: ["放弃", ""],
  refused: ["未接通", "bad"],
};

export const CAUSES = {
  hangup: "挂机", cancelled: "振铃中取消", silence: "长时间无声", transferred: "转出", media_lost: "媒体中断",
  session_expired: "会话超时", rejected: "拒绝", not_confirmed: "应答未确认", system: "系统中断",
};

export const PARTIES = { caller: "主叫", bot: "机器人", agent: "坐席", system: "系统" };

export const VERDICTS = { answer: "回答", clarify: "反问", abstain: "无答案" };

export const FLAGS = {
  interrupted: "被打断", barge_in: "打断机器人", backchannel: "附和", repeated: "要求重复", clarified: "反问",
  abstained: "无答案", escalated: "需要人工", keys: "按键",
};

export const EVENTS = {
  rejected: "呼叫被拒绝", answered: "接通", silence_reprompt: "无声提示", escalated: "需要人工", agent_offered: "呼叫坐席",
  agent_answered: "坐席接听", bridged: "主叫与坐席通话", agent_unavailable: "坐席未能接听", agent_left: "坐席离开",
  referred: "转出", noted: "已记录", callback_requested: "要求回电", held: "主叫保持", resumed: "主叫恢复",
  slot_asked: "询问信息", slot_missed: "信息无效", slot_filled: "信息已收集", action_requested: "查询业务系统",
  action_replied: "业务系统答复", action_failed: "业务系统无答复",
  engine_failed: "引擎故障", generated: "语言模型组织回答", rewritten: "语言模型补全追问", ended: "通话结束",
};

export const REASONS = {
  requested: "主叫要求", key_zero: "按 0", repeated_abstention: "连续无答案", must_escalate: "必须转人工的词",
  entry_action: "知识条目要求", engine_failure: "引擎故障", sensed: "听出需要人工", declined: "拒接", busy: "忙", no_answer: "无人接听",
  slot_failed: "信息收集失败", action_failed: "业务系统要求人工", unreachable: "无法接通", not_configured: "未配置", transfer_failed: "转接失败",
};

export const MOODS = {
  neutral: ["平静", ""], positive: ["满意", "good"], negative: ["不满", "warn"], angry: ["愤怒", "bad"],
};

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function time(ms) {
  const pad = (number) => String(number).padStart(2, "0");
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

export function offset(ms) {
  const pad = (number) => String(number).padStart(2, "0");
  return `${pad(Math.floor(ms / 60000))}:${pad(Math.floor(ms / 1000) % 60)}.${Math.floor(ms / 100) % 10}`;
}

export function duration(seconds) {
  return seconds < 60 ? `${seconds} 秒` : `${Math.floor(seconds / 60)} 分 ${seconds % 60} 秒`;
}

export function disposition(cdr) {
  const [words, kind] = cdr ? DISPOSITIONS[cdr.disposition] ?? [cdr.disposition, ""] : ["进行中", "warn"];
  return element("span", `tag ${kind}`, words);
}

export function caller(call) {
  return call.caller?.number || { anonymous: "匿名" }[call.caller?.kind] || "—";
}

// The server that recalls, in words; nothing where all is well or there is none.
export function server(qdrant) {
  switch (qdrant?.state) {
    case "down": return `Qdrant 断开（自 ${time(qdrant.since_ms)}，已改用本机检索）：${qdrant.error}`;
    case "uploading": return `Qdrant 上传中 ${qdrant.done} / ${qdrant.all}${qdrant.problem ? `：${qdrant.problem}` : ""}`;
    case "ready": return qdrant.problem ? `Qdrant：${qdrant.problem}` : "";
    default: return "";
  }
}

export async function get(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error?.message ?? response.statusText);
  return body;
}

export function row(...parts) {
  const made = element("div", "row");
  made.append(...parts);
  return made;
}

export function list(items, empty) {
  if (!items.length) return element("p", "card empty", empty);
  const made = element("ul", "card items");
  made.append(...items);
  return made;
}
