// Where we are, and what is shown of it.

const at = { step: 0, row: 0, column: 0, map: 0, from: 0, place: 0 };
const WIDEST = 244, FEW_MAPS = 11;
let allMaps = false;
// Asked before the address is changed for the first time.
const WALKS = new URLSearchParams(location.hash.slice(1)).get("walk") === "1";

const here = id => document.getElementById(id);
const isMap = shape => shape.length === 3;
const ownMap = kind => !["convolution", "dense", "given"].includes(kind);

// What was painted or ranked once is kept: the pointer moves often.
const PAINTED = new Map(), RANKED = [];

function canvasOf(number, map) {
  const key = `${number} ${map}`;
  if (!PAINTED.has(key)) {
    const painted = element("canvas", {});
    paintMap(painted, result(number), map);
    PAINTED.set(key, painted);
  }
  const kept = PAINTED.get(key), canvas = element("canvas", { width: kept.width, height: kept.height });
  canvas.getContext("2d").drawImage(kept, 0, 0);
  return canvas;
}

function loudestOf(number, count) {
  RANKED[number] ||= loudest(result(number), mapsOf(result(number)));
  return RANKED[number].slice(0, count);
}

// Go somewhere: to a step, a place, a map; what does not exist there is brought near.
function go(where) {
  const before = STEPS[at.step], moved = where.step !== undefined && where.step !== at.step;
  if (moved) {
    const clamped = Math.max(0, Math.min(STEPS.length - 1, where.step));
    follow(before, STEPS[clamped]);
    at.step = clamped;
    // The maps of two layers have nothing to do with each other.
    const kept = isMap(STEPS[clamped].shape) && isMap(before.shape) && before.shape[2] === STEPS[clamped].shape[2];
    const same = kept && STEPS[clamped].kind !== "convolution";
    if (isMap(STEPS[clamped].shape) && !same) at.map = loudestOf(clamped, 1)[0];
    if (STEPS[clamped].inputs.length) {
      const from = STEPS[clamped].inputs[0];
      if (isMap(STEPS[from].shape)) at.from = loudestOf(from, 1)[0];
    }
  }
  const { step: _, ...rest } = where;
  Object.assign(at, rest);
  settle(where);
  show();
}

// Keep looking at the same part of the picture.
function follow(old, next) {
  if (isMap(old.shape) && isMap(next.shape)) {
    at.row = Math.floor((at.row + 0.5) * next.shape[0] / old.shape[0]);
    at.column = Math.floor((at.column + 0.5) * next.shape[1] / old.shape[1]);
  }
  if (!isMap(next.shape)) at.place = -1;
}

function settle(where) {
  const shape = STEPS[at.step].shape;
  const within = (value, side) => Math.max(0, Math.min(side - 1, Math.floor(value) || 0));
  if (isMap(shape)) {
    at.row = within(at.row, shape[0]); at.column = within(at.column, shape[1]); at.map = within(at.map, shape[2]);
    at.place = (at.row * shape[1] + at.column) * shape[2] + at.map;
    return;
  }
  const step = STEPS[at.step], given = step.inputs.length ? inputOf(step).shape : [1];
  if (step.kind === "flatten" && isMap(given)) {
    const [height, width, maps] = given;
    if (where.place === undefined || at.place < 0) {
      at.row = within(at.row, height); at.column = within(at.column, width); at.map = within(where.from ?? at.from, maps);
      at.place = (at.row * width + at.column) * maps + at.map;
    }
    at.place = within(at.place, shape[0]);
    const spot = Math.floor(at.place / maps);
    at.map = at.from = at.place % maps; at.row = Math.floor(spot / width); at.column = spot % width;
    return;
  }
  if (step.kind === "global-mean" && where.from !== undefined) at.place = at.from;
  if (at.place < 0) at.place = usualPlace(step);
  at.place = within(at.place, shape[0]);
  if (step.kind === "global-mean") at.from = at.place;
}

// The output that is explained, at the end; else the loudest.
function usualPlace(step) {
  if (step.shape[0] === NETWORK.names.length && at.step >= STEPS.length - 2) return NETWORK.output;
  const data = result(at.step).data;
  return data.reduce((best, value, i) => (Math.abs(value) > Math.abs(data[best]) ? i : best), 0);
}

function show() {
  const step = STEPS[at.step];
  here("heading").textContent = `${TITLES[step.kind]}${step.kind === "activation" ? `: ${NAMES[step.choices.function] || step.choices.function}` : ""}`;
  here("sentence").textContent = SENTENCES[step.kind](step);
  here("facts").replaceChildren(...factsOf(step).map(([name, text]) => element("li", {}, `${name}: `, element("b", {}, text))));
  here("place").textContent = `Step ${at.step + 1} of ${STEPS.length}`;
  here("back").disabled = at.step === 0;
  here("next").disabled = at.step === STEPS.length - 1;
  const scale = step.inputs.length && isMap(inputOf(step).shape)
    ? scaleOf(valuesOfMap(inputOf(step), ownMap(step.kind) ? at.map : at.from)) : null;
  here("given").replaceChildren(...givenColumn(step));
  here("working").replaceChildren(...workingColumn(step, { ...at, scale }));
  here("made").replaceChildren(...madeColumn(step));
  markGraph();
  const { step: number, row, column, map, from, place } = at;
  try { history.replaceState(null, "", `#step=${number}&row=${row}&column=${column}&map=${map}&from=${from}&place=${place}`); } catch { /* some viewers forbid it */ }
}

function workingColumn(step, spot) {
  const work = WORKING[step.kind];
  if (work) return [element("h3", {}, isMap(step.shape) ? `At row ${spot.row}, column ${spot.column}` : `How it comes about`), ...work(step, spot)];
  if (step.kind === "input") return [element("h3", {}, `At row ${spot.row}, column ${spot.column}`), pixelPatch(step, spot)];
  return [element("h3", {}, `At row ${spot.row}, column ${spot.column}`), sumLine("There stands ", result(spot.step).data[spot.place] ?? 0)];
}

// The pixels around the pointer, as numbers.
function pixelPatch(step, spot) {
  const tensor = result(spot.step), [height, width, maps] = tensor.shape, reach = 4;
  const top = Math.max(0, Math.min(height - 2 * reach - 1, spot.row - reach)), left = Math.max(0, Math.min(width - 2 * reach - 1, spot.column - reach));
  const values = Array.from({ length: Math.min(height, 2 * reach + 1) }, (_, r) => Array.from({ length: Math.min(width, 2 * reach + 1) }, (_, c) =>
    tensor.data[((top + r) * width + left + c) * maps + spot.map]));
  const best = (r, c) => top + r === spot.row && left + c === spot.column;
  const which = maps === 3 ? ` (${["red", "green", "blue"][spot.map]})` : "";
  return element("div", {}, element("p", {}, `To the network, the picture is these numbers${which}; around the pointer:`),
    element("div", { class: "grids" }, grid(values, { side: 34, best, scale: v => v / 255 })));
}

function givenColumn(step) {
  if (!step.inputs.length) return [element("h3", {}, "What it answers"), answers()];
  const tensor = inputOf(step);
  const title = element("h3", {}, `In: ${shapeText(tensor.shape)}`);
  if (!isMap(tensor.shape)) return [title, listView(step.inputs[0], null), ...fieldView(step)];
  const map = ownMap(step.kind) ? (isMap(step.shape) || step.kind === "flatten" ? at.map : at.place) : at.from;
  const views = step.inputs.map(number => {
    const view = mapView(number, map, windowBox(step), (row, column) => pointFromInput(step, row, column));
    // Where ways meet, all of them are seen, side by side.
    if (step.inputs.length > 1) view.style.width = `${Math.floor(WIDEST / 2) - 4}px`;
    return element("div", {}, view, element("div", { class: "small" }, `map ${map} of ${STEPS[number].name}`));
  });
  return [title, element("div", { style: "display:flex;flex-wrap:wrap;gap:8px" }, ...views),
    mapStrip(step.inputs[0], map, chosen => go(ownMap(step.kind) ? (isMap(step.shape) ? { map: chosen } : { from: chosen }) : { from: chosen })),
    ...fieldView(step)];
}

function madeColumn(step) {
  const tensor = result(at.step), title = element("h3", {}, `Out: ${shapeText(step.shape)}`);
  if (!isMap(step.shape)) return [title, listView(at.step, place => go({ place }))];
  const point = [{ row: at.row, column: at.column, tall: 1, wide: 1, kind: "window" }];
  const color = step.kind === "input" && step.shape[2] === 3;
  return [title, mapView(at.step, color ? "colors" : at.map, point, (row, column) => go({ row, column })),
    element("div", { class: "small" }, `${color ? "all three colors" : `map ${at.map}`}; ${rangeText(tensor, at.map)}`),
    step.shape[2] > 1 ? mapStrip(at.step, at.map, map => go({ map })) : ""];
}

function rangeText(tensor, map) {
  const values = valuesOfMap(tensor, map);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return `from ${said(low)} to ${said(high)}${low < 0 ? "; gray is 0" : "; black is 0"}`;
}

// Where the window of this place lies on the map that it is taken from.
function windowBox(step) {
  const choices = step.choices;
  if (choices.window) {
    const spread = axis => (choices.window[axis] - 1) * (choices.dilation ? choices.dilation[axis] : 1) + 1;
    return [{ row: at.row * choices.strides[0] - choices.padding[0], column: at.column * choices.strides[1] - choices.padding[1], tall: spread(0), wide: spread(1), kind: "window" }];
  }
  if (step.kind === "global-mean") { const [tall, wide] = inputOf(step).shape; return [{ row: 0, column: 0, tall, wide, kind: "window" }]; }
  const [top, left] = step.kind === "zero-padding" ? choices.padding : [0, 0];
  return [{ row: at.row - top, column: at.column - left, tall: 1, wide: 1, kind: "window" }];
}

function pointFromInput(step, row, column) {
  const choices = step.choices;
  if (!choices.window) { go({ row, column }); return; }
  const back = (place, axis) => Math.round((place + choices.padding[axis] - (choices.window[axis] - 1) / 2) / choices.strides[axis]);
  go({ row: back(row, 0), column: back(column, 1) });
}

// A map, large, with what points at it; moving over it moves the pointer.
function mapView(number, map, boxes, point) {
  const tensor = result(number), [height, width] = tensor.shape, canvas = canvasOf(number, map);
  const view = element("div", { class: "big points" }, canvas, outlines(tensor.shape, boxes));
  if (height > width) view.style.width = `${Math.round(WIDEST * width / height)}px`;
  let last = "";
  const move = event => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(height * (event.clientY - box.top) / box.height), column = Math.floor(width * (event.clientX - box.left) / box.width);
    const spot = `${row} ${column}`;
    if (row >= 0 && column >= 0 && row < height && column < width && spot !== last) { last = spot; point(row, column); }
  };
  view.addEventListener("pointerdown", move);
  view.addEventListener("pointermove", move);
  return view;
}

function mapStrip(number, chosen, choose) {
  const tensor = result(number), maps = mapsOf(tensor);
  if (maps === 1) return "";
  const shown = allMaps ? [...Array(maps).keys()] : loudestOf(number, FEW_MAPS);
  if (!shown.includes(chosen)) shown[shown.length - 1] = chosen;
  const buttons = shown.map(map => {
    return element("button", { class: map === chosen ? "chosen" : null, title: `map ${map}`, onclick: () => choose(map) }, canvasOf(number, map));
  });
  const more = maps > FEW_MAPS
    ? element("button", { class: "more", onclick: () => { allMaps = !allMaps; show(); } }, allMaps ? "the loudest" : `all ${maps}`) : null;
  return element("div", { class: "maps" }, ...buttons, more);
}

// A list of numbers: with names and bars when it is short, else as gray cells.
function listView(number, choose) {
  const tensor = result(number), count = tensor.data.length;
  const pick = n => (choose ? choose(n) : null), mine = n => choose && n === at.place;
  if (count <= 24) {
    const most = tensor.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const rows = [...tensor.data].map((value, n) => row([outputName(number, n), said(value), bar(value, most, 100)], { class: `${mine(n) ? "chosen" : ""} ${choose ? "click" : ""}`, onclick: () => pick(n) }));
    const whole = table(["", "", ""], rows);
    whole.querySelectorAll("td:nth-child(3)").forEach(cell => { cell.style.textAlign = "left"; });
    return whole;
  }
  // A list that was one map is shown in its rows, so that it is known again.
  const before = flattenedFrom(number), lines = before && before[2] === 1 && before[1] <= 48;
  const scale = scaleOf(tensor.data), most = Math.min(count, 1152), across = lines ? before[1] : 24;
  const cells = Array.from({ length: most }, (_, n) => element("i", { style: `background:${grayCss(scale(tensor.data[n]))};position:relative`, class: mine(n) ? "chosen" : null, title: `number ${n}: ${said(tensor.data[n])}`, onclick: () => pick(n) }));
  const note = most < count ? `the first ${most.toLocaleString("en")} of ${count.toLocaleString("en")}; ` : "";
  const down = Math.floor(at.place / across) * 10 - 140;
  if (choose) requestAnimationFrame(() => { const list = here("made").querySelector(".scroll"); if (list) list.scrollTop = down; });
  return element("div", {}, element("div", { class: "scroll", style: "max-height:300px;width:262px" }, element("div", { class: "list", style: `grid-template-columns:repeat(${across},1fr)` }, ...cells)),
    element("div", { class: "small" }, `${note}${scaleNote(tensor)}`));
}

const scaleNote = tensor => (tensor.data.some(v => v < 0) ? "gray is 0, white above, black below" : "black is 0, white the largest");

// The picture, and the part of it that the place at the pointer hangs on.
function fieldView(step) {
  const picture = STEPS.findIndex(one => one.kind === "input"), shape = STEPS[picture].shape;
  const canvas = canvasOf(picture, shape[2] === 3 ? "colors" : 0), boxes = [];
  let words = "Every number here hangs on the whole picture.";
  if (step.sees && isMap(step.shape)) {
    const { size, step: apart, start } = step.sees;
    boxes.push({ row: start[0] + at.row * apart[0], column: start[1] + at.column * apart[1], tall: size[0], wide: size[1], kind: "field" });
    words = `Receptive field (dashed): the ${Math.ceil(size[0])} ${times} ${Math.ceil(size[1])} pixels that this place hangs on.`;
  }
  return [element("div", { style: "display:flex;gap:10px;align-items:center;margin-top:10px" },
    element("div", { class: "big", style: "width:104px;flex:none" }, canvas, outlines(shape, boxes)),
    element("div", { class: "small" }, words))];
}

function answers() {
  const data = result(STEPS.length - 1).data;
  const order = [...data.keys()].sort((a, b) => data[b] - data[a]).slice(0, 12);
  const most = Math.abs(data[order[0]]) || 1, percent = NETWORK.unit === "probability";
  const rows = order.map(n => row([NETWORK.names[n], percent ? `${(100 * data[n]).toFixed(1)} %` : said(data[n]), bar(data[n], percent ? 1 : most, 100)], { class: n === NETWORK.output ? "chosen" : null }));
  const whole = table(["", "", ""], rows);
  whole.querySelectorAll("td:nth-child(3)").forEach(cell => { cell.style.textAlign = "left"; });
  return element("div", {}, whole, element("p", { class: "small", style: "margin-top:10px" }, "Take one step after the other to see how these numbers come about. Point at any map; arrow keys go back and on."));
}

// The graph: a box a step, in the order they run, and a line for all that flows.
const PITCH = 54, BOX = 42, RIGHT = 176;
function drawGraph() {
  const graph = here("graph"), svg = element("svg", { width: 208, height: PITCH * STEPS.length });
  graph.style.height = `${PITCH * STEPS.length}px`;
  const stroke = { fill: "none", stroke: "#5b6570", "stroke-width": 1.5 };
  const lanes = [];
  STEPS.forEach((step, number) => step.inputs.forEach(from => {
    const top = from * PITCH + BOX, foot = number * PITCH;
    if (number === from + 1) { svg.append(element("path", { d: `M88 ${top}V${foot - 1}m-3 -5l3 5l3 -5`, ...stroke })); return; }
    let lane = lanes.findIndex(end => end <= from);
    if (lane < 0) lane = lanes.length;
    lanes[lane] = number;
    const x = RIGHT + 9 + 7 * Math.min(lane, 2);
    svg.append(element("path", { d: `M${RIGHT} ${top - BOX / 2}H${x}V${foot + BOX / 2}H${RIGHT + 2}m5 -3l-5 3l5 3`, ...stroke }));
  }));
  graph.append(svg, ...STEPS.map((step, number) => {
    const out = isMap(step.shape) ? step.shape.join(times) : step.shape[0].toLocaleString("en");
    const title = step.kind === "activation" ? NAMES[step.choices.function] || step.choices.function
      : SHORT[step.kind] || TITLES[step.kind];
    return element("button", { class: "node", style: `top:${number * PITCH}px`, title: step.name, onclick: () => go({ step: number }) },
      element("canvas", { width: 1, height: 1 }), element("div", {}, element("b", {}, title), element("span", {}, out)));
  }));
}

function paintNode(number) {
  const canvas = here("graph").querySelectorAll(".node canvas")[number], tensor = result(number);
  if (!isMap(tensor.shape)) paintList(canvas, tensor);
  else paintMap(canvas, tensor, number === 0 && tensor.shape[2] === 3 ? "colors" : loudestOf(number, 1)[0]);
}

function markGraph() {
  const nodes = here("graph").querySelectorAll(".node"), aside = document.querySelector("aside");
  nodes.forEach((node, number) => {
    node.classList.toggle("now", number === at.step);
    node.classList.toggle("later", number > at.step);
  });
  const middle = at.step * PITCH - aside.clientHeight / 2 + PITCH;
  aside.scrollTop = Math.max(0, middle);
}

// All steps, one after the other so that the page stays alive; then the comparison.
function takeAll(number = 0, found = { worst: 0, places: 0, step: "" }) {
  if (number === STEPS.length) { walkThrough(); tellCheck(found); return; }
  const { worst, places } = checkStep(number), shown = checkShown(number);
  const larger = Math.max(worst, shown);
  if (!(larger <= found.worst)) { found.worst = larger; found.step = STEPS[number].name; }
  found.places += places;
  paintNode(number);
  setTimeout(() => takeAll(number + 1, found), 0);
}

// With #walk=1, for those who test this page: every step is shown once.
function walkThrough() {
  if (!WALKS) return;
  const shown = STEPS.map((_, step) => { go({ step }); return here("stage").innerText.length; });
  document.body.dataset.walked = shown.filter(length => length > 80).length;
}

// The sums that the page shows at the pointer, compared at twenty places too.
function checkShown(number) {
  const step = STEPS[number];
  if (!["convolution", "depthwise", "dense"].includes(step.kind)) return 0;
  const places = unpacked(step.check.places), theirs = unpacked(step.check.values);
  let worst = 0;
  for (let i = 0; i < places.length; i += Math.ceil(places.length / 20)) {
    const difference = Math.abs(shownSum(step, places[i]) - theirs[i]) / Math.max(1, step.check.largest);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

function tellCheck(found) {
  document.body.dataset.check = JSON.stringify(found);
  here("check").textContent = found.worst < 1e-4
    ? `This page computes every step by itself. Compared with Keras at ${found.places.toLocaleString("en")} places, the largest difference is ${found.worst.toExponential(1)} of a step's largest value.`
    : `Warning: step ${found.step} differs from Keras by ${found.worst.toExponential(1)}; do not trust this page.`;
}

// Where the first maps have most to tell; the middle where there are none.
function beginSomewhere() {
  const [height, width] = STEPS[0].shape, first = STEPS.findIndex(step => step.kind === "convolution");
  at.row = height >> 1; at.column = width >> 1;
  if (first < 0) return;
  const values = valuesOfMap(result(first), loudestOf(first, 1)[0]), [tall, wide] = STEPS[first].shape;
  const best = values.reduce((a, value, i) => (value > values[a] ? i : a), 0);
  at.row = Math.floor((Math.floor(best / wide) + 0.5) * height / tall);
  at.column = Math.floor((best % wide + 0.5) * width / wide);
}

function begin() {
  here("title").textContent = NETWORK.title;
  here("subtitle").textContent = `${NETWORK.picture}, through the network ${NETWORK.network}`;
  here("notes").textContent = NETWORK.notes.join(" ");
  here("back").onclick = () => go({ step: at.step - 1 });
  here("next").onclick = () => go({ step: at.step + 1 });
  addEventListener("keydown", event => {
    if (event.key === "ArrowRight") go({ step: at.step + 1 });
    if (event.key === "ArrowLeft") go({ step: at.step - 1 });
  });
  beginSomewhere();
  drawGraph();
  const wanted = {};
  for (const [name, text] of new URLSearchParams(location.hash.slice(1)))
    if (name in at && Number.isFinite(Number(text))) wanted[name] = Number(text);
  const { step = 0, ...rest } = wanted;
  go({ step });
  if (Object.keys(rest).length) go(rest);
  setTimeout(takeAll, 0);
}

begin();
