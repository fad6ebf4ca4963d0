// One knowledge base: who works on it, which part is shown, and what the parts share.

import { element } from "./words.js";
import { check, draft } from "./base-draft.js";
import { phrasings, publish, tryOut } from "./base-publish.js";
import { learn } from "./base-learn.js";

const [business, name] = location.pathname.split("/").slice(2).map(decodeURIComponent);
const api = `/api/knowledge/${encodeURIComponent(business)}/${encodeURIComponent(name)}`;
const panel = document.getElementById("panel");
const fault = document.getElementById("fault");
const done = document.getElementById("done");
const token = document.getElementById("token");
const author = document.getElementById("author");
const PANELS = { draft, check, try: tryOut, phrasings, publish, learn };

const ERRORS = {
  unauthorized: "令牌不对：在右上角填写 console.token_file 里的令牌。",
  writing_is_off: "配置里没有 console.token_file，不能通过网页修改。",
};

/** What the parts are given. */
export const base = {
  name: `${business}/${name}`,

  /** Asks the API; the body is JSON, or a file as it is. */
  async ask(method, path, body) {
    const headers = {};
    if (token.value) headers.authorization = `Bearer ${token.value}`;
    const isFile = body instanceof Blob;
    if (body !== undefined && !isFile) headers["content-type"] = "application/json";
    const sent = body === undefined || isFile ? body : JSON.stringify(body);
    const response = await fetch(api + path, { method, headers, body: sent });
    const answer = await response.json();
    if (!response.ok) {
      const error = answer.error ?? { message: response.statusText };
      throw new Error(ERRORS[error.code] ?? error.message);
    }
    return answer;
  },

  author() {
    if (!author.value.trim()) {
      author.focus();
      throw new Error("请先在右上角填写姓名：谁改的要留下记录。");
    }
    return author.value.trim();
  },

  say(text) {
    fault.hidden = true;
    done.hidden = !text;
    done.textContent = text;
  },

  fail(error) {
    done.hidden = true;
    fault.hidden = false;
    fault.textContent = error.message;
    fault.scrollIntoView({ block: "nearest" });
  },

  /** A button that works once at a time and shows what went wrong. */
  button(words, kind, action) {
    const made = element("button", kind, words);
    made.type = "button";
    made.addEventListener("click", async () => {
      made.disabled = true;
      try {
        await action();
      } catch (error) {
        base.fail(error);
      } finally {
        made.disabled = false;
      }
    });
    return made;
  },

  show: () => show(location.hash.slice(1)),
};

async function show(tab) {
  const chosen = PANELS[tab] ? tab : "draft";
  for (const button of document.querySelectorAll("#tabs button")) {
    button.classList.toggle("here", button.dataset.tab === chosen);
  }
  try {
    panel.replaceChildren(...(await PANELS[chosen](base)));
    const published = await base.ask("GET", "/versions");
    const now = published[0];
    document.getElementById("version").replaceChildren(
      now ? element("span", "tag good", `已发布第 ${now.number} 版`) : element("span", "tag warn", "未发布"),
    );
  } catch (error) {
    base.fail(error);
  }
}

document.getElementById("title").textContent = base.name;
document.title = `应答 · ${base.name}`;
token.value = sessionStorage.getItem("token") ?? "";
author.value = localStorage.getItem("author") ?? "";
token.addEventListener("change", () => sessionStorage.setItem("token", token.value));
author.addEventListener("change", () => localStorage.setItem("author", author.value));
for (const button of document.querySelectorAll("#tabs button")) {
  button.addEventListener("click", () => {
    base.say("");
    location.hash = button.dataset.tab;
  });
}
addEventListener("hashchange", base.show);
base.show();
