// How numbers are drawn. Gray alone tells them: white is much, black is little, and where
// numbers may be below 0, middle gray is 0. Color only points.

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "rect", "path", "line", "circle", "text", "g"].includes(tag);
  const made = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value;
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

// A number in about four places, with a real minus.
function said(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = Number.isInteger(value) && size < 1e5 ? String(value)
    : size >= 1e5 || size < 1e-3 ? value.toExponential(1)
    : size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1)
    : size >= 1 ? value.toFixed(2) : value.toFixed(3);
  return text.replace("-", "\u2212");
}

// From numbers to 0 (black) .. 1 (white): what is never below 0 starts at black.
function scaleOf(values) {
  let low = 0, high = 0;
  for (const value of values) { if (value < low) low = value; if (value > high) high = value; }
  const most = Math.max(-low, high) || 1;
  return low < 0 ? value => 0.5 + 0.5 * value / most : value => value / (high || 1);
}

const grayCode = share => Math.round(255 * Math.min(1, Math.max(0, share)));
const grayCss = share => { const g = grayCode(share); return `rgb(${g},${g},${g})`; };

const mapsOf = tensor => (tensor.shape.length === 3 ? tensor.shape[2] : 1);

function valuesOfMap(tensor, map) {
  const maps = mapsOf(tensor), values = new Float32Array(tensor.data.length / maps);
  for (let i = 0; i < values.length; i++) values[i] = tensor.data[i * maps + map];
  return values;
}

// One map, or all three colors of a picture, one canvas pixel a value.
function paintMap(canvas, tensor, map) {
  const [height, width] = tensor.shape, maps = mapsOf(tensor);
  canvas.width = width; canvas.height = height;
  const image = canvas.getContext("2d").createImageData(width, height);
  const colored = map === "colors", values = colored ? tensor.data : valuesOfMap(tensor, map);
  const scale = scaleOf(values);
  for (let i = 0; i < height * width; i++) {
    for (let k = 0; k < 3; k++)
      image.data[4 * i + k] = grayCode(scale(colored ? values[i * maps + k] : values[i]));
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// A list of numbers as a square of cells.
function paintList(canvas, tensor) {
  const count = tensor.data.length, side = Math.ceil(Math.sqrt(count)), scale = scaleOf(tensor.data);
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  tensor.data.forEach((value, i) => {
    context.fillStyle = grayCss(scale(value));
    context.fillRect(i % side, Math.floor(i / side), 1, 1);
  });
}

// The maps with the largest mean, the largest first; what is below 0 counts little, for
// most of it is cut off by the activation that follows.
function loudest(tensor, count) {
  const maps = mapsOf(tensor), sums = new Float64Array(maps);
  tensor.data.forEach((value, i) => { sums[i % maps] += value > 0 ? value : -1e-3 * value; });
  return [...sums.keys()].sort((a, b) => sums[b] - sums[a]).slice(0, count);
}

// A small grid of numbers: rows of numbers or null, which is padding.
function grid(rows, options = {}) {
  const all = rows.flat().filter(value => value !== null), scale = options.scale || scaleOf(all);
  const count = rows[0].length;
  const side = options.side || (count <= 3 ? 42 : count <= 5 ? 34 : count <= 7 ? 22 : Math.max(3, Math.floor(130 / count)));
  const cells = rows.flatMap((row, r) => row.map((value, c) => {
    if (value === null) return element("i", { class: "pad", title: "padding: 0" }, side > 20 ? "0" : "");
    const share = scale(value), best = options.best && options.best(r, c);
    const text = side >= 34 ? said(value) : "";
    const style = `background:${grayCss(share)};color:${share > 0.55 ? "#000" : "#fff"}`;
    return element("i", { style, class: best ? "best" : null, title: said(value) }, text);
  }));
  const style = `grid-template-columns:repeat(${count},${side}px);grid-auto-rows:${side}px`;
  return element("div", { class: "cells", style }, ...cells);
}

function labelled(title, ...content) {
  return element("div", {}, element("div", { class: "small" }, title), ...content);
}

// A bar from 0: full for what is above 0, hatched for what is below.
function bar(value, most, width = 90) {
  const long = Math.max(1, Math.round(width * Math.abs(value) / (most || 1)));
  return element("span", { class: value < 0 ? "bar against" : "bar", style: `width:${long}px` });
}

function table(head, rows) {
  const line = element("tr", {}, ...head.map((text, i) => element("th", { class: i ? null : "name" }, text)));
  return element("table", {}, element("thead", {}, line), element("tbody", {}, ...rows));
}

function row(cells, attributes = {}) {
  return element("tr", attributes, ...cells.map((cell, i) => element("td", { class: i ? null : "name", title: typeof cell === "string" ? cell : null }, cell)));
}

// Rectangles over a map, in its own places: {row, column, tall, wide, kind}.
function outlines(shape, boxes) {
  const times = 100, svg = element("svg", { viewBox: `0 0 ${shape[1] * times} ${shape[0] * times}`, preserveAspectRatio: "none" });
  for (const box of boxes) {
    const top = Math.max(0, box.row), left = Math.max(0, box.column);
    const place = {
      x: left * times, y: top * times,
      width: Math.max(0.2, Math.min(shape[1], box.column + box.wide) - left) * times,
      height: Math.max(0.2, Math.min(shape[0], box.row + box.tall) - top) * times,
      "vector-effect": "non-scaling-stroke",
    };
    svg.append(element("rect", { ...place, class: "halo" }), element("rect", { ...place, class: box.kind }));
  }
  return svg;
}

// The course of a function around 0, with a dot where we are.
function curve(name, x) {
  const f = FUNCTIONS[name], reach = Math.max(4, Math.abs(x) * 1.25), W = 300, H = 190;
  const low = Math.min(0, f(-reach), f(x)), high = Math.max(f(reach), f(x), 0.5);
  const span = high - low, right = v => 10 + (W - 20) * (v + reach) / (2 * reach);
  const down = v => H - 14 - (H - 28) * (v - low) / span;
  let path = "";
  for (let i = 0; i <= 200; i++) {
    const v = -reach + (2 * reach * i) / 200;
    path += `${i ? "L" : "M"}${right(v).toFixed(1)} ${down(f(v)).toFixed(1)}`;
  }
  const axis = { stroke: "#9aa3ad", "stroke-width": 1 };
  return element("svg", { width: W, height: H, role: "img", "aria-label": `${name} of ${said(x)}` },
    element("line", { x1: 0, x2: W, y1: down(0), y2: down(0), ...axis }),
    element("line", { x1: right(0), x2: right(0), y1: 0, y2: H, ...axis }),
    element("path", { d: path, fill: "none", stroke: "#1b1f24", "stroke-width": 2 }),
    element("path", { d: `M${right(x)} ${down(0)}L${right(x)} ${down(f(x))}L${right(0)} ${down(f(x))}`, fill: "none", stroke: "#c2410c", "stroke-dasharray": "4 3" }),
    element("circle", { cx: right(x), cy: down(f(x)), r: 5, fill: "#c2410c" }));
}
