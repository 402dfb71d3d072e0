// What is told of each kind of step, and how its number at the pointer comes about.

const times = "\u00d7", minus = "\u2212";
const inputOf = (step, which = 0) => result(step.inputs[which]);
const shapeText = shape => shape.length === 3
  ? `${shape[0]} ${times} ${shape[1]}, ${shape[2]} ${shape[2] === 1 ? "map" : "maps"}`
  : `${shape[0].toLocaleString("en")} ${shape[0] === 1 ? "number" : "numbers"}`;

const SENTENCES = {
  input: step => `The picture as the network gets it: ${step.shape[0]} ${times} ${step.shape[1]} pixels, ${step.shape[2] === 3 ? "red, green and blue of each" : "how bright each is"}, from 0 to 255.`,
  rescale: step => `Each number is multiplied by ${said(step.choices.scale)}${step.choices.offset ? `, and ${said(step.choices.offset)} is added` : ""}: networks like small numbers.`,
  convolution: step => `A window slides over the ${inputOf(step).shape[2] === 1 ? "map" : `${inputOf(step).shape[2]} maps`}. At each place, each of the ${step.shape[2]} filters multiplies what lies in the window by its kernel and adds it all up: one number.`,
  depthwise: () => "A window slides over each map by itself, with a kernel of its own: what lies in the window times the kernel, added up.",
  activation: step => ACTIVATION_SENTENCES[step.choices.function] || `Each number goes through the function ${step.choices.function} by itself.`,
  "max-pooling": () => "A window moves over each map by itself and keeps the largest number: the map shrinks, what was found stays.",
  "mean-pooling": () => "A window moves over each map by itself and keeps the mean: the map shrinks.",
  normalization: () => "Batch normalization: each map less its mean in training, divided by its spread, then scaled and shifted as was learned.",
  flatten: () => "All places of all maps are put into one long list. No number changes, but who is whose neighbour is forgotten.",
  dense: step => `Each of the ${step.shape[0]} outputs multiplies every one of the ${inputOf(step).shape[0].toLocaleString("en")} numbers by a weight of its own and adds them all up.`,
  softmax: () => "Numbers become probabilities: e to the power of each, divided by the sum of all. The largest wins clearly, and all add up to 1.",
  add: () => "A shortcut ends here: the maps of both ways are added, place by place.",
  identity: () => "Only training does something here (such as dropping some numbers by chance). Now everything passes as it is.",
  "global-mean": () => "Of each map only the mean is kept: what was found, no matter where.",
  "zero-padding": () => "A border of zeros is put around each map, so that the next window can stand at its edge.",
  given: step => `This page has no arithmetic for ${step.choices.layer}: the numbers are Keras's own.`,
};

const ACTIVATION_SENTENCES = {
  relu: "ReLU: what is below 0 becomes 0, the rest stays. Without such a bend, all layers together would be no more than one.",
  relu6: "ReLU6: what is below 0 becomes 0, what is above 6 becomes 6, the rest stays.",
  sigmoid: "Sigmoid: each number becomes a probability from 0 to 1, by itself.",
};

const NAMES = { relu: "ReLU", relu6: "ReLU6", silu: "SiLU (swish)", elu: "ELU", sigmoid: "Sigmoid", tanh: "tanh" };

const TITLES = {
  input: "The picture", rescale: "Scaling", convolution: "Convolution", depthwise: "Depthwise convolution",
  activation: "Activation", "max-pooling": "Max pooling", "mean-pooling": "Average pooling",
  normalization: "Batch normalization", flatten: "Flatten", dense: "Dense layer", softmax: "Softmax",
  add: "Addition", identity: "Passed on", "global-mean": "Global average pooling",
  "zero-padding": "Zero padding", given: "Given",
};

// What would not fit into a box of the data flow.
const SHORT = { normalization: "Batch norm", depthwise: "Depthwise conv", "global-mean": "Global average" };

// Sizes, and how they come about.
function factsOf(step) {
  const facts = [], choices = step.choices;
  if (step.inputs.length) facts.push(["in", shapeText(inputOf(step).shape)]);
  facts.push(["out", shapeText(step.shape)]);
  if (choices.window) {
    const [tall, wide] = choices.window, [down, across] = choices.strides;
    facts.push(["window", `${tall} ${times} ${wide}`]);
    facts.push(["stride", down === across ? `${down}` : `${down} down, ${across} across`]);
    const side = inputOf(step).shape[0], spread = (tall - 1) * (choices.dilation ? choices.dilation[0] : 1) + 1;
    facts.push(["padding", choices.mode === "same" ? `same: zeros around the edge (${choices.padding[0]} above)` : "valid: none"]);
    facts.push(["height", choices.mode === "same"
      ? `${side} / ${down}${side % down ? ", rounded up" : ""} = ${step.shape[0]}`
      : `(${side} ${minus} ${spread}) / ${down} + 1 = ${step.shape[0]}${(side - spread) % down ? " (rounded down)" : ""}`]);
  }
  if (step.parameters) facts.push(["weights", step.parameters.toLocaleString("en")]);
  return facts;
}

// What each map of the input adds to the sum at one place: Float64Array, bias apart.
function partsAt(step, r, c, f) {
  const x = inputOf(step), { kernel } = step.arrays, [height, width, given] = x.shape;
  const across = step.choices.window[1], filters = step.shape[2], parts = new Float64Array(given);
  const single = step.kind === "depthwise";
  for (const [kr, row] of onMap(r, 0, step.choices, height))
    for (const [kc, column] of onMap(c, 1, step.choices, width))
      for (let i = single ? f : 0; i < (single ? f + 1 : given); i++) {
        const weight = single
          ? kernel[(kr * across + kc) * given + i]
          : kernel[((kr * across + kc) * given + i) * filters + f];
        parts[i] += x.data[(row * width + column) * given + i] * weight;
      }
  return parts;
}

const biasOf = (step, f) => (step.arrays.bias ? step.arrays.bias[f] : 0);

// The sum that the page shows at a place, from the same parts that it shows.
function shownSum(step, place) {
  if (step.kind === "dense") {
    const x = inputOf(step), outputs = step.shape[0];
    return x.data.reduce((sum, v, i) => sum + v * step.arrays.kernel[i * outputs + place], biasOf(step, place));
  }
  const maps = step.shape[2], f = place % maps, spot = Math.floor(place / maps);
  const parts = partsAt(step, Math.floor(spot / step.shape[1]), spot % step.shape[1], f);
  return parts.reduce((a, b) => a + b, biasOf(step, f));
}

// The numbers in the window on one map of the input; null is padding.
function windowValues(step, r, c, map) {
  const x = inputOf(step), [height, width, maps] = x.shape, choices = step.choices;
  const values = Array.from({ length: choices.window[0] }, () => Array(choices.window[1]).fill(null));
  for (const [kr, row] of onMap(r, 0, choices, height))
    for (const [kc, column] of onMap(c, 1, choices, width))
      values[kr][kc] = x.data[(row * width + column) * maps + map];
  return values;
}

function kernelSlice(step, f, from) {
  const { kernel } = step.arrays, [tall, wide] = step.choices.window;
  const given = inputOf(step).shape[2], filters = step.shape[2];
  return Array.from({ length: tall }, (_, kr) => Array.from({ length: wide }, (_, kc) =>
    step.kind === "depthwise"
      ? kernel[(kr * wide + kc) * given + f]
      : kernel[((kr * wide + kc) * given + from) * filters + f]));
}

const WORKING = {
  convolution: convolutionWorking,
  depthwise: convolutionWorking,

  activation(step, at) {
    const x = inputOf(step).data[at.place], name = step.choices.function;
    return [curve(name, x), sumLine(`${NAMES[name] || name}(${said(x)}) = `, result(at.step).data[at.place])];
  },

  rescale(step, at) {
    const { scale, offset } = step.choices, x = inputOf(step).data[at.place];
    const shift = offset ? ` ${offset < 0 ? minus : "+"} ${said(Math.abs(offset))}` : "";
    return [sumLine(`${said(x)} ${times} ${said(scale)}${shift} = `, result(at.step).data[at.place])];
  },

  normalization(step, at) {
    const { mean, variance, gamma, beta } = step.arrays, m = at.map;
    const x = inputOf(step).data[at.place];
    const lines = [
      ["mean of map " + m, said(mean[m])], ["variance", said(variance[m])],
      ["learned scale", said(gamma ? gamma[m] : 1)], ["learned shift", said(beta ? beta[m] : 0)],
    ];
    return [
      table(["of this map", ""], lines.map(cells => row(cells))),
      element("p", { class: "sum" }, `(${said(x)} ${minus} ${said(mean[m])}) / \u221a(${said(variance[m])} + ${said(step.choices.epsilon)}) ${times} ${said(gamma ? gamma[m] : 1)} + ${said(beta ? beta[m] : 0)}`),
      sumLine("= ", result(at.step).data[at.place]),
    ];
  },

  "max-pooling": poolingWorking,
  "mean-pooling": poolingWorking,

  flatten(step, at) {
    const [, width, maps] = inputOf(step).shape.length === 3 ? inputOf(step).shape : [1, 1, 1];
    return [
      element("p", {}, `Row by row, column by column, map by map:`),
      element("p", { class: "sum" }, `(row ${at.row} ${times} ${width} + column ${at.column}) ${times} ${maps} + map ${at.map} = place ${at.place}`),
      sumLine("There stands ", result(at.step).data[at.place]),
      element("p", { class: "small" }, "Point at a place of the map, or of the list."),
    ];
  },

  dense: denseWorking,
  softmax: softmaxWorking,

  add(step, at) {
    const values = step.inputs.map(number => result(number).data[at.place]);
    return [
      element("p", {}, "From: " + step.inputs.map(number => STEPS[number].name).join(" and ")),
      sumLine(values.map(said).join(" + ") + " = ", result(at.step).data[at.place]),
    ];
  },

  "global-mean"(step, at) {
    const x = inputOf(step), values = valuesOfMap(x, at.place);
    return [
      element("p", {}, `Map ${at.place}, ${values.length} places:`),
      sumLine(`${said(values.reduce((a, b) => a + b, 0))} / ${values.length} = `, result(at.step).data[at.place]),
    ];
  },
};

function sumLine(text, value) {
  return element("p", { class: "sum" }, text, element("b", {}, said(value)));
}

function convolutionWorking(step, at) {
  const from = step.kind === "depthwise" ? at.map : at.from, given = inputOf(step).shape[2];
  const seen = windowValues(step, at.row, at.column, from), kernel = kernelSlice(step, at.map, from);
  const products = seen.map((line, r) => line.map((v, c) => (v === null ? 0 : v * kernel[r][c])));
  const parts = partsAt(step, at.row, at.column, at.map), bias = biasOf(step, at.map);
  const side = seen[0].length <= 3 ? 37 : null, fine = side ? { side } : {};
  const total = result(at.step).data[at.place];
  const made = [
    element("div", { class: "grids" },
      labelled(given > 1 ? `window, map ${from}` : "window", grid(seen, { ...fine, scale: at.scale })),
      element("span", { class: "sign" }, times),
      labelled(`kernel of filter ${at.map}`, grid(kernel, fine)),
      element("span", { class: "sign" }, "="),
      labelled("products", grid(products, fine))),
  ];
  if (given > 1 && step.kind === "convolution") {
    made.push(element("p", { class: "sum" }, `Added up, map ${from} gives ${said(parts[from])}.`));
    made.push(element("p", { class: "small" }, "What each map adds to the sum (click one to look into it):"));
    made.push(partsTable(parts, from));
  }
  const sum = parts.reduce((a, b) => a + b, 0);
  const text = `${given > 1 && step.kind === "convolution" ? `all ${given} maps` : "sum of the products"} ${said(sum)}`;
  made.push(sumLine(step.arrays.bias ? `${text} + bias ${said(bias)} = ` : `${text} = `, total));
  return made;
}

function partsTable(parts, from) {
  const order = [...parts.keys()].sort((a, b) => Math.abs(parts[b]) - Math.abs(parts[a]));
  const shown = order.slice(0, 8), most = Math.abs(parts[order[0]]);
  if (!shown.includes(from)) shown.push(from);
  const rest = order.filter(i => !shown.includes(i)).reduce((sum, i) => sum + parts[i], 0);
  const rows = shown.map(i => row([`map ${i}`, said(parts[i]), bar(parts[i], most)],
    { class: i === from ? "chosen click" : "click", onclick: () => go({ from: i }) }));
  if (shown.length < parts.length) rows.push(row([`the other ${parts.length - shown.length}`, said(rest), ""]));
  const whole = table(["map", "adds", ""], rows);
  whole.querySelectorAll("td:nth-child(3)").forEach(cell => { cell.style.textAlign = "left"; });
  return element("div", { class: "scroll" }, whole);
}

function poolingWorking(step, at) {
  const seen = windowValues(step, at.row, at.column, at.map), value = result(at.step).data[at.place];
  const mean = step.kind === "mean-pooling", counted = seen.flat().filter(v => v !== null);
  const first = seen.flat().findIndex(v => v === value), wide = seen[0].length;
  const best = (r, c) => !mean && r * wide + c === first;
  return [
    element("div", { class: "grids" }, labelled(`window, map ${at.map}`, grid(seen, { best, scale: at.scale, side: wide <= 3 ? 52 : null }))),
    mean
      ? sumLine(`(${counted.map(said).join(" + ")}) / ${counted.length} = `, value)
      : sumLine(`largest of ${counted.map(said).join(", ")}: `, value),
  ];
}

function denseWorking(step, at) {
  const x = inputOf(step), outputs = step.shape[0], weights = step.arrays.kernel, n = at.place;
  const products = x.data.map((v, i) => v * weights[i * outputs + n]);
  const order = [...products.keys()].sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const shown = order.slice(0, 10), most = Math.abs(products[order[0]]) || 1;
  const rest = order.slice(10).reduce((sum, i) => sum + products[i], 0), origin = beforeFlatten(step);
  const rows = shown.map(i => row([placeName(origin, i), said(x.data[i]), said(weights[i * outputs + n]), said(products[i]), bar(products[i], most, 70)]));
  if (order.length > 10) rows.push(row([`the other ${(order.length - 10).toLocaleString("en")}`, "", "", said(rest), ""]));
  const made = [];
  if (origin) made.push(weightPictures(origin, products, i => weights[i * outputs + n], order[0] % origin[2]));
  const whole = table(["input", "value", "weight", "product", ""], rows);
  whole.querySelectorAll("td:nth-child(5)").forEach(cell => { cell.style.textAlign = "left"; });
  const sum = products.reduce((a, b) => a + b, 0), bias = biasOf(step, n);
  made.push(element("p", { class: "small" }, `The products that count most for ${outputName(at.step, n)}:`), whole);
  made.push(sumLine(`all products ${said(sum)}${step.arrays.bias ? ` + bias ${said(bias)}` : ""} = `, result(at.step).data[n]));
  return made;
}

// The maps that a list was before it was flattened.
const beforeFlatten = step => flattenedFrom(step.inputs[0]);

function flattenedFrom(number) {
  let before = STEPS[number];
  while (before.kind === "identity") before = STEPS[before.inputs[0]];
  return before.kind === "flatten" && inputOf(before).shape.length === 3 ? inputOf(before).shape : null;
}

function placeName(shape, i) {
  if (!shape) return `number ${i}`;
  const map = i % shape[2], spot = Math.floor(i / shape[2]);
  const where = `row ${Math.floor(spot / shape[1])}, col. ${spot % shape[1]}`;
  return shape[2] > 1 ? `map ${map}, ${where}` : where;
}

// Weights and products in the places of the map that they belong to.
function weightPictures(shape, products, weightOf, map) {
  const places = Array.from({ length: shape[0] * shape[1] }, (_, spot) => spot * shape[2] + map);
  const picture = values => {
    const canvas = element("canvas", { style: "width:124px;image-rendering:pixelated;border:1px solid #d5dae0" });
    paintMap(canvas, { shape: [shape[0], shape[1], 1], data: Float32Array.from(values) }, 0);
    return canvas;
  };
  const which = shape[2] > 1 ? `, map ${map}` : "";
  return element("div", { class: "grids" },
    labelled(`weights${which}`, picture(places.map(weightOf))),
    labelled(`products${which}`, picture(places.map(i => products[i]))));
}

function outputName(number, n) {
  const last = number >= STEPS.length - 2 && STEPS[number].shape[0] === NETWORK.names.length;
  return last ? NETWORK.names[n] : `number ${n}`;
}

function softmaxWorking(step, at) {
  const x = inputOf(step).data, largest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(x, v => Math.exp(v - largest)), sum = powers.reduce((a, b) => a + b, 0);
  const order = [...powers.keys()].sort((a, b) => powers[b] - powers[a]).slice(0, 12);
  const rows = order.map(n => row([outputName(at.step, n), said(x[n]), said(powers[n]), `${(100 * powers[n] / sum).toFixed(1)} %`, bar(powers[n] / sum, 1, 110)],
    { class: n === at.place ? "chosen click" : "click", onclick: () => go({ place: n }) }));
  const whole = table(["", "x", `e^(x ${minus} ${said(largest)})`, "probability", ""], rows);
  whole.querySelectorAll("td:nth-child(5)").forEach(cell => { cell.style.textAlign = "left"; });
  return [whole, sumLine(`${said(powers[at.place])} / ${said(sum)} = `, result(at.step).data[at.place]),
    element("p", { class: "small" }, "The largest x is taken off first: that changes no probability, and no power overflows.")];
}
