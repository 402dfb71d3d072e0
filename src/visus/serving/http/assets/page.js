"use strict";
const byId = (id) => document.getElementById(id);
const [drop, files, answers, status] =
  ["drop", "files", "answers", "status"].map(byId);
const MOST_SHOWN = 5;

function headers() {
  const key = byId("key").value.trim();
  return key ? { "X-API-Key": key } : {};
}

async function listModels() {
  const reply = await fetch("/v2/repository/index", {
    method: "POST", body: '{"ready": true}', headers: headers(),
  });
  if (reply.status === 401) {
    byId("key-row").hidden = false;
    return;
  }
  const names = [...new Set((await reply.json()).map((row) => row.name))];
  const chosen = byId("model").value;
  byId("model").replaceChildren(...names.map((name) => new Option(name, name)));
  if (names.includes(chosen)) byId("model").value = chosen;
  byId("model-row").hidden = names.length < 2;
  status.textContent = names.length ? "" : "No model is loaded yet.";
}

// No probability is told as certain because it was rounded.
function probabilityText(score) {
  const rounded = `${(100 * score).toFixed(1)} %`;
  return { "100.0 %": ">99.9 %", "0.0 %": "<0.1 %" }[rounded] ?? rounded;
}

function row(name, score, isProbability) {
  const line = document.createElement("tr");
  const [label, bar, number] = ["", "bar", "score"].map((kind) => {
    const cell = document.createElement("td");
    cell.className = kind;
    line.append(cell);
    return cell;
  });
  // Text, never markup: class names come from folders that anybody may have named.
  label.textContent = name;
  number.textContent = isProbability ? probabilityText(score) : "";
  if (isProbability) {
    const meter = document.createElement("meter");
    meter.value = score;
    bar.append(meter);
  }
  return line;
}

function words(answer) {
  if (Array.isArray(answer)) return answer.join(", ") || "none";
  return String(answer);
}

function some(names) {
  const rest = names.length - MOST_SHOWN;
  const shown = names.slice(0, MOST_SHOWN);
  if (rest > 0) shown.push(rest === 1 ? "one other" : `${rest} others`);
  return shown.join(" or ");
}

// A class may itself be called unsure: what is said is told by `kind`.
const SAID = {
  unsure: (prediction) => [
    `unsure: ${some(prediction.set)}`, "Several classes are possible.",
  ],
  unknown: () => [
    "unknown", "This is unlike the pictures that the model learned from.",
  ],
};

function show(card, prediction) {
  const said = SAID[prediction.kind] || (() => [words(prediction.answer), ""]);
  const [label, note] = said(prediction);
  if (prediction.kind in SAID) card.classList.add(prediction.kind);
  card.querySelector(".label").textContent = label;
  card.querySelector(".note").textContent = note;
  const best = Object.entries(prediction.scores || {})
    .sort((a, b) => b[1] - a[1]).slice(0, MOST_SHOWN);
  card.querySelector("tbody")
    .replaceChildren(...best.map(([name, score]) => row(name, score, true)));
}

function fail(card, reason) {
  card.classList.add("bad");
  card.querySelector(".label").textContent = reason;
}

// The file as a form, for the model that is chosen now.
async function post(path, file, model) {
  const form = new FormData();
  form.append("file", file);
  const query = model ? `?model=${encodeURIComponent(model)}` : "";
  const reply = await fetch(`${path}${query}`, {
    method: "POST", body: form, headers: headers(),
  });
  if (reply.status === 401) byId("key-row").hidden = false;
  return reply;
}

const reason = (told) => [told.error, told.remedy].filter(Boolean).join(" ");

function offerWhy(card, file, model) {
  const [button, panel, note] =
    [".why", ".panel", ".note"].map((name) => card.querySelector(name));
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = "The network is asked again and again…";
    try {
      const reply = await post("/explain", file, model);
      if (!reply.ok) throw new Error(reason(await reply.json()));
      panel.src = URL.createObjectURL(await reply.blob());
      panel.alt = `What in ${file.name} speaks for the answer`;
      panel.hidden = false;
      button.hidden = true;
    } catch (error) {
      note.textContent = error.message;
      button.disabled = false;
      button.textContent = "Why?";
    }
  });
}

async function ask(file) {
  const card = byId("answer").content.cloneNode(true).firstElementChild;
  const image = card.querySelector("img");
  image.src = URL.createObjectURL(file);
  image.alt = file.name;
  card.querySelector(".name").textContent = file.name;
  card.querySelector(".label").textContent = "…";
  answers.prepend(card);
  const model = byId("model").value;
  try {
    const reply = await post("/predict", file, model);
    const told = await reply.json();
    if (!reply.ok) return fail(card, reason(told));
    show(card, told.predictions[0]);
    offerWhy(card, file, model);
  } catch (error) {
    fail(card, "The server does not answer.");
  }
}

async function askAll(list) {
  // One after the other: a folder of photographs must not fill the server's queue.
  for (const file of list) await ask(file);
}

files.addEventListener("change", () => { askAll([...files.files]); files.value = ""; });
byId("key").addEventListener("change", listModels);
for (const kind of ["dragover", "dragenter"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  askAll([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => askAll([...event.clipboardData.files]));
listModels().catch(() => { status.textContent = "The server does not answer."; });
