// The page: a dropped, chosen or pasted picture, or the webcam; nothing leaves it.

const facts = JSON.parse(document.getElementById("facts").textContent);
const element = (name) => document.getElementById(name);
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
let camera = null;

element("title").textContent = facts.network;
document.title = `${facts.network} · Visus`;
const named = facts.class_names.slice(0, 20).join(", ");
const more = facts.class_names.length - 20;
element("classes").textContent = more > 0 ? `${named} and ${more} more` : named;

// A script can be imported from memory, where a disk would not be allowed.
const loading = globalThis.visusUnpacked("glue").then((glue) => {
  const script = new Blob([glue], { type: "text/javascript" });
  return globalThis.visusLoad(URL.createObjectURL(script));
});
loading.then(
  () => say("Ready."),
  (error) => fail(error),
);

function say(text) {
  element("status").textContent = text;
}

function fail(error) {
  say(`That did not work: ${error.message ?? error}`);
  document.body.dataset.state = "failed";
}

// Transparent parts become white, as they do in training.
function pixelsOf(drawable, width, height) {
  canvas.width = width;
  canvas.height = height;
  pen.fillStyle = "white";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(drawable, 0, 0, width, height);
  return { width, height, pixels: pen.getImageData(0, 0, width, height).data };
}

async function answer(picture) {
  const { ort, session } = await loading;
  const started = performance.now();
  const [height, width] = facts.spec.image_size;
  const shape = [1, height, width, facts.spec.channels];
  const pixels = new ort.Tensor("uint8", prepare(picture, facts.spec), shape);
  const { scores } = await session.run({ pixels });
  show(scores.data);
  say(`Answered in ${Math.round(performance.now() - started)} ms on this computer.`);
}

function show(scores) {
  const rows = answerRows(scores, facts).map((row) => {
    const line = document.createElement("li");
    const [name, text] = [document.createElement("span"), document.createElement("span")];
    name.textContent = row.name;
    text.textContent = row.text;
    line.append(name, text);
    if (row.share !== undefined) line.style.setProperty("--share", row.share);
    if (row.chosen) line.className = "chosen";
    return line;
  });
  element("answers").replaceChildren(...rows);
  element("answers").dataset.scores = JSON.stringify(Array.from(scores));
  document.body.dataset.state = "answered";
}

async function answerFile(file) {
  stopCamera();
  try {
    say("Looking…");
    const bitmap = await createImageBitmap(file);
    const picture = pixelsOf(bitmap, bitmap.width, bitmap.height);
    element("picture").src = URL.createObjectURL(file);
    element("picture").hidden = false;
    await answer(picture);
  } catch (error) {
    const unread = error.name === "InvalidStateError" || error.name === "EncodingError";
    fail(unread ? "this file is no picture that the browser can read" : error);
  }
}

async function watchCamera() {
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: true });
    const video = element("video");
    video.srcObject = camera;
    await video.play();
    video.hidden = false;
    element("picture").hidden = true;
    element("camera").textContent = "Stop the webcam";
    while (camera) {
      await answer(pixelsOf(video, video.videoWidth, video.videoHeight));
      await new Promise(requestAnimationFrame);
    }
  } catch (error) {
    stopCamera();
    fail(error.name === "NotAllowedError" ? "the webcam may not be used" : error);
  }
}

function stopCamera() {
  for (const track of camera?.getTracks() ?? []) track.stop();
  camera = null;
  element("video").hidden = true;
  element("camera").textContent = "Use the webcam";
}

element("camera").addEventListener("click", () => {
  if (camera) stopCamera();
  else watchCamera();
});
element("file").addEventListener("change", (event) => {
  if (event.target.files.length) answerFile(event.target.files[0]);
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    element("drop").classList.toggle("over", name === "dragenter" || name === "dragover");
  });
}
document.addEventListener("drop", (event) => {
  if (event.dataTransfer.files.length) answerFile(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) answerFile(event.clipboardData.files[0]);
});

// index.html?camera begins with the webcam. On a server, index.html?picture=cat.jpg
// answers a picture that lies beside the page.
const query = new URLSearchParams(location.search);
if (query.has("camera")) watchCamera();
const asked = query.get("picture");
if (asked) {
  fetch(asked)
    .then((reply) => {
      if (!reply.ok) throw new Error(`${asked} is not there`);
      return reply.blob();
    })
    .then(answerFile, fail);
}
