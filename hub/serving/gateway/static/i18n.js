// What the page says, in English and Chinese.

const TEXTS = {
  en: {
    skip: "Skip to the module", input: "Input", method: "Method", empty: "Run the module; what it answers is shown here.",
    spent: "Time spent", codeFiles: "Run it in the folder of the files.",
    typeText: "text", typeInteger: "whole number", typeNumber: "number", typeBoolean: "true or false", typeObject: "object", typeList: "list", typeListOf: "list of {of}", typeChoice: "choice", typeImage: "image", or: "or",
    sizeText: "{range} characters", sizeList: "{range} items", pattern: "as {pattern}", multipleOf: "a multiple of {value}", pageNav: "Page", key: "API key", api: "API", modules: "Modules", run: "Run", stop: "Stop",
    result: "Result", copyText: "Copy text", copy: "Copy", copied: "Copied", download: "Download JSON", raw: "Raw response",
    code: "The same from a script", about: "About this module", cancel: "Cancel", other: "中文",
    themeAuto: "Theme: system", themeLight: "Theme: light", themeDark: "Theme: dark",
    keyTitle: "This server needs an API key", keyUse: "Use it",
    keyText: "The person who runs the server gives keys out. It is kept until this tab is closed, and sent to this server only.",
    keyRefused: "That key was refused.", unreadTitle: "This file could not be read", unreadTitles: "These files could not be read", notRead: "not read",
    pageOf: "Page {number} of {total}", pagesOf: "Pages of {name}", pageBefore: "Page before", pageAfter: "Next page", boxOf: "Box {number}: {text}",
    noModules: "No modules are served.", READY: "ready", LOADING: "loading", FAILED: "failed",
    dropImages: "Drop images here, paste them, or", dropImage: "Drop an image here, paste it, or", chooseImages: "Choose images", chooseFiles: "Choose files", chooseImage: "Choose an image", dropDocuments: "Drop images or PDFs here, paste them, or", samples: "Or run a sample:", sampleText: "Text", sampleTable: "Table", sampleColumns: "Columns",
    remove: "Remove {name}", removeShort: "Remove", required: "required", options: "More arguments",
    anyArguments: "Other arguments, as a JSON object", onePerLine: "One per line.",
    asJson: "As JSON.", notGiven: "(not given)",
    needImage: "Choose at least one image.", needValue: "This is required.", needNumber: "This must be a number.", needInteger: "This must be a whole number.", needRange: "This must be in {range}.",
    needJson: "This is not JSON: {why}", needObject: "This must be a JSON object.", tooManyImages: "At most {count} images in one request.",
    tooLarge: "The request would have {size} MB; this server takes {limit} MB.",
    running: "Running… {seconds} s", stopped: "Stopped.", done: "Done in {ms} ms.", doneLines: "{count} lines in {ms} ms.",
    lines: "{count} lines", line1: "1 line", noText: "No text was found.", linesOf: "Lines of {name}", boxesOf: "{count} boxes on {name}", annotated: "{name} with its boxes and text",
    confidence: "confidence {percent}", upsideDown: "turned {angle}°",
    total: "Total", queue: "Queue", batch: "Batch", inference: "Module", network: "Network and rest", drawn: "Drawn in", attempts: "Attempts",
    remarks: "Warning", retry: "Try again", retryIn: "Try again (in {seconds} s)", requestId: "Request {id}", loadingModule: "The module is still loading",
    queueFull: "The queue is full", moduleFailed: "The module has failed", notReloaded: "A new version did not load; this one still serves", unavailable: "The server cannot take this now", keyMissing: "The server needs an API key", keyWrong: "The API key was refused",
    badRequest: "The request was refused", unknownModule: "The module is not served any more", tooLargeTitle: "The request is too large",
    moduleRaised: "The module reported an error", deadline: "It took too long", runnerLost: "The module's process died", unreachable: "The server cannot be reached", unreachableText: "It does not answer, or it ended the connection. The page tries again by itself.",
    otherError: "The server reported an error", enterKey: "Enter the key",
  },
  zh: {
    skip: "跳到模型", input: "输入", method: "方法", empty: "运行模型后，结果显示在这里。",
    spent: "用时", codeFiles: "请在文件所在的文件夹中运行。",
    typeText: "文本", typeInteger: "整数", typeNumber: "数字", typeBoolean: "true 或 false", typeObject: "对象", typeList: "列表", typeListOf: "{of}的列表", typeChoice: "选项", typeImage: "图片", or: "或",
    sizeText: "{range} 个字符", sizeList: "{range} 项", pattern: "形如 {pattern}", multipleOf: "{value} 的倍数", pageNav: "页面", key: "API 密钥", api: "API", modules: "模型", run: "运行", stop: "停止",
    result: "结果", copyText: "复制文字", copy: "复制", copied: "已复制", download: "下载 JSON", raw: "原始响应",
    code: "用脚本完成同样的调用", about: "模型自己的说明", cancel: "取消", other: "English",
    themeAuto: "主题：跟随系统", themeLight: "主题：浅色", themeDark: "主题：深色",
    keyTitle: "此服务需要 API 密钥", keyUse: "使用",
    keyText: "密钥由服务的管理者提供。它只保存到关闭此标签页为止，并且只发送给此服务。",
    keyRefused: "该密钥被拒绝。", unreadTitle: "无法读取此文件", unreadTitles: "无法读取这些文件", notRead: "未读取",
    pageOf: "第 {number} 页，共 {total} 页", pagesOf: "{name} 的页面", pageBefore: "上一页", pageAfter: "下一页", boxOf: "框 {number}：{text}",
    noModules: "没有正在提供服务的模型。", READY: "就绪", LOADING: "加载中", FAILED: "失败",
    dropImages: "把图片拖到这里、粘贴，或", dropImage: "把图片拖到这里、粘贴，或", chooseImages: "选择图片", chooseFiles: "选择文件", chooseImage: "选择一张图片", dropDocuments: "把图片或 PDF 拖到这里、粘贴，或", samples: "或运行一个示例：", sampleText: "文字", sampleTable: "表格", sampleColumns: "分栏",
    remove: "移除 {name}", removeShort: "移除", required: "必填", options: "更多参数",
    anyArguments: "其他参数（JSON 对象）", onePerLine: "每行一个。",
    asJson: "以 JSON 填写。", notGiven: "（不填）",
    needImage: "请至少选择一张图片。", needValue: "此项必填。", needNumber: "此项必须是数字。", needInteger: "此项必须是整数。", needRange: "此项必须在 {range} 之间。",
    needJson: "这不是 JSON：{why}", needObject: "此项必须是 JSON 对象。", tooManyImages: "一次请求最多 {count} 张图片。",
    tooLarge: "请求大小将为 {size} MB，此服务最多接受 {limit} MB。",
    running: "运行中… {seconds} 秒", stopped: "已停止。", done: "完成，用时 {ms} 毫秒。", doneLines: "{count} 行文字，用时 {ms} 毫秒。",
    lines: "{count} 行", line1: "1 行", noText: "没有找到文字。", linesOf: "{name} 的文字行", boxesOf: "{name} 上的 {count} 个框", annotated: "{name}，画有文本框和文字",
    confidence: "置信度 {percent}", upsideDown: "旋转 {angle}°",
    total: "总计", queue: "排队", batch: "组批", inference: "模型", network: "网络及其他", drawn: "绘制", attempts: "尝试次数",
    remarks: "服务的备注", retry: "重试", retryIn: "重试（{seconds} 秒后）", requestId: "请求 {id}", loadingModule: "模型仍在加载",
    queueFull: "队列已满", moduleFailed: "模型启动失败", notReloaded: "新版本加载失败；当前版本继续服务", unavailable: "服务暂时无法处理", keyMissing: "服务需要 API 密钥", keyWrong: "API 密钥被拒绝",
    badRequest: "请求被拒绝", unknownModule: "此模型已不再提供服务", tooLargeTitle: "请求过大",
    moduleRaised: "模型报告了错误", deadline: "超时", runnerLost: "模型的进程异常退出", unreachable: "无法连接服务", unreachableText: "服务没有响应，或中断了连接。页面会自动重试。",
    otherError: "服务报告了错误", enterKey: "输入密钥",
  },
};

const STORE = "hub.language";
let language = stored() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function stored() {
  const value = localStorage.getItem(STORE);
  return value in TEXTS ? value : null;
}

export const current = () => language;

export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

export function toggle() {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem(STORE, language);
}

/** Put the texts into everything below `root` that names one. */
export function apply(root = document) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}

/** LAC's tags, which PaddleHub's lexical analysis answers with. */
const TAGS = {
  n: ["noun", "普通名词"], f: ["direction", "方位名词"], s: ["place noun", "处所名词"], t: ["time noun", "时间"], nr: ["person", "人名"], ns: ["place", "地名"], nt: ["organisation", "机构名"],
  nw: ["work", "作品名"], nz: ["other proper noun", "其他专名"], v: ["verb", "普通动词"], vd: ["adverbial verb", "动副词"], vn: ["verbal noun", "名动词"], a: ["adjective", "形容词"], ad: ["adverbial adjective", "副形词"], an: ["nominal adjective", "名形词"],
  d: ["adverb", "副词"], m: ["number", "数量词"], q: ["measure word", "量词"], r: ["pronoun", "代词"], p: ["preposition", "介词"], c: ["conjunction", "连词"], u: ["particle", "助词"], xc: ["other function word", "其他虚词"], w: ["punctuation", "标点符号"],
  PER: ["person", "人名"], LOC: ["place", "地名"], ORG: ["organisation", "机构名"], TIME: ["time", "时间"],
};

export const tagMeaning = (tag) => TAGS[tag]?.[language === "zh" ? 1 : 0] ?? "";
