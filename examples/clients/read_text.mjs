// Print the text in a picture: node read_text.mjs IMAGE [URL]        (Node.js 18 or newer)
import { readFile } from "node:fs/promises";

async function readText(image, url) {
  const file = await readFile(image);
  const reply = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Hub-Strict": "1" },
    body: JSON.stringify({ images: [file.toString("base64")] }),
    signal: AbortSignal.timeout(60_000),
  });
  const answer = await reply.json().catch(() => ({ msg: "no JSON" }));
  if (!reply.ok) throw new Error(`HTTP ${reply.status}: ${answer.msg}`);
  return answer.results[0].map((line) => line.text);
}

const [image, url = "http://127.0.0.1:8868/predict/ocr_system"] = process.argv.slice(2);
try {
  for (const text of await readText(image, url)) console.log(text);
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exitCode = 1;
}
