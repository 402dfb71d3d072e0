"use strict";
// The network's arithmetic, step by step, in plain loops. Maps are (row, column, map),
// the maps of one place side by side; lists are (value). No step knows of any other.

const NETWORK = JSON.parse(document.getElementById("network").textContent);
const STEPS = NETWORK.steps;

// base64 of little-endian numbers to an array of them.
function unpacked(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  if (packed.type === "uint8") return bytes;
  if (packed.type === "uint32") return new Uint32Array(bytes.buffer);
  if (packed.type === "float32") return new Float32Array(bytes.buffer);
  return Float32Array.from(new Uint16Array(bytes.buffer), fromHalf);
}

// IEEE 754 half precision: a sign, five bits of exponent, ten of fraction.
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, rest = bits & 1023;
  if (exponent === 0) return sign * rest * 2 ** -24;
  if (exponent === 31) return rest ? NaN : sign * Infinity;
  return sign * (1 + rest / 1024) * 2 ** (exponent - 15);
}

for (const step of STEPS)
  for (const [name, packed] of Object.entries(step.arrays)) step.arrays[name] = unpacked(packed);

const FUNCTIONS = {
  linear: x => x,
  relu: x => Math.max(0, x),
  relu6: x => Math.min(6, Math.max(0, x)),
  elu: x => (x > 0 ? x : Math.expm1(x)),
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  hard_sigmoid: x => Math.min(1, Math.max(0, x / 6 + 0.5)),
  silu: x => x / (1 + Math.exp(-x)),
  hard_swish: x => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  softplus: x => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0),
  tanh: Math.tanh,
};

const sizeOf = shape => shape.reduce((product, side) => product * side, 1);

// Rows (or columns) of a window that lie on the map, as [place in window, on the map].
function onMap(place, axis, choices, side) {
  const found = [], spread = choices.dilation ? choices.dilation[axis] : 1;
  const first = place * choices.strides[axis] - choices.padding[axis];
  for (let k = 0; k < choices.window[axis]; k++) {
    const there = first + k * spread;
    if (there >= 0 && there < side) found.push([k, there]);
  }
  return found;
}

const FORWARD = {
  rescale: (step, [x]) => x.data.map(v => v * step.choices.scale + step.choices.offset),
  identity: (step, [x]) => x.data,
  flatten: (step, [x]) => x.data,
  activation: (step, [x]) => x.data.map(FUNCTIONS[step.choices.function]),
  add: (step, parts) =>
    parts[0].data.map((_, i) => parts.reduce((sum, part) => sum + part.data[i], 0)),

  softmax(step, [x]) {
    const largest = x.data.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = Float64Array.from(x.data, v => Math.exp(v - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return Float32Array.from(powers, p => p / sum);
  },

  convolution(step, [x]) {
    const [height, width, given] = x.shape, [tall, wide, filters] = step.shape;
    const { kernel, bias } = step.arrays, across = step.choices.window[1];
    const out = new Float32Array(tall * wide * filters), sums = new Float64Array(filters);
    for (let r = 0; r < tall; r++) {
      const rows = onMap(r, 0, step.choices, height);
      for (let c = 0; c < wide; c++) {
        const columns = onMap(c, 1, step.choices, width);
        for (let f = 0; f < filters; f++) sums[f] = bias ? bias[f] : 0;
        for (const [kr, row] of rows) for (const [kc, column] of columns) {
          const from = (row * width + column) * given;
          let weight = (kr * across + kc) * given * filters;
          for (let i = 0; i < given; i++, weight += filters) {
            const value = x.data[from + i];
            if (value !== 0) for (let f = 0; f < filters; f++) sums[f] += value * kernel[weight + f];
          }
        }
        out.set(sums, (r * wide + c) * filters);
      }
    }
    return out;
  },

  depthwise(step, [x]) {
    const { kernel, bias } = step.arrays, across = step.choices.window[1], maps = x.shape[2];
    return eachWindow(step, x, (m, rows, columns) => {
      let sum = bias ? bias[m] : 0;
      for (const [kr, row] of rows) for (const [kc, column] of columns)
        sum += x.data[(row * x.shape[1] + column) * maps + m] * kernel[(kr * across + kc) * maps + m];
      return sum;
    });
  },

  "max-pooling": (step, [x]) => eachWindow(step, x, (m, rows, columns) => {
    let largest = -Infinity;
    for (const [, row] of rows) for (const [, column] of columns)
      largest = Math.max(largest, x.data[(row * x.shape[1] + column) * x.shape[2] + m]);
    return largest;
  }),

  // What lies outside of the map does not count, as in TensorFlow.
  "mean-pooling": (step, [x]) => eachWindow(step, x, (m, rows, columns) => {
    let sum = 0;
    for (const [, row] of rows) for (const [, column] of columns)
      sum += x.data[(row * x.shape[1] + column) * x.shape[2] + m];
    return sum / (rows.length * columns.length);
  }),

  "global-mean"(step, [x]) {
    const maps = x.shape[2], places = x.data.length / maps, sums = new Float64Array(maps);
    x.data.forEach((value, i) => { sums[i % maps] += value; });
    return Float32Array.from(sums, sum => sum / places);
  },

  "zero-padding"(step, [x]) {
    const out = new Float32Array(sizeOf(step.shape)), [top, left] = step.choices.padding;
    const [height, width, maps] = x.shape;
    for (let r = 0; r < height; r++) {
      const row = x.data.subarray(r * width * maps, (r + 1) * width * maps);
      out.set(row, ((r + top) * step.shape[1] + left) * maps);
    }
    return out;
  },

  normalization(step, [x]) {
    const maps = x.shape[x.shape.length - 1], { mean, variance, gamma, beta } = step.arrays;
    const scale = Float64Array.from({ length: maps }, (_, m) =>
      (gamma ? gamma[m] : 1) / Math.sqrt(variance[m] + step.choices.epsilon));
    return x.data.map((v, i) => (v - mean[i % maps]) * scale[i % maps] + (beta ? beta[i % maps] : 0));
  },

  dense(step, [x]) {
    const { kernel, bias } = step.arrays, outputs = step.shape[0];
    const sums = Float64Array.from({ length: outputs }, (_, n) => (bias ? bias[n] : 0));
    x.data.forEach((value, i) => {
      if (value !== 0) for (let n = 0; n < outputs; n++) sums[n] += value * kernel[i * outputs + n];
    });
    return Float32Array.from(sums);
  },
};

// One value for each place and map, from the part of the map that lies in the window.
function eachWindow(step, x, valueOf) {
  const [tall, wide, maps] = step.shape, out = new Float32Array(tall * wide * maps);
  for (let r = 0; r < tall; r++) {
    const rows = onMap(r, 0, step.choices, x.shape[0]);
    for (let c = 0; c < wide; c++) {
      const columns = onMap(c, 1, step.choices, x.shape[1]);
      for (let m = 0; m < maps; m++) out[(r * wide + c) * maps + m] = valueOf(m, rows, columns);
    }
  }
  return out;
}

// What a step gives: {shape, data}. Steps before it are taken first.
const RESULTS = [];
function result(number) {
  if (RESULTS[number]) return RESULTS[number];
  const step = STEPS[number];
  const data = step.values
    ? Float32Array.from(unpacked(step.values))
    : FORWARD[step.kind](step, step.inputs.map(result));
  return (RESULTS[number] = { shape: step.shape, data });
}

// The largest difference between our sums and those of Keras, as a share of the largest
// value of the step (at least 1), over the places that were noted.
function checkStep(number) {
  const step = STEPS[number], ours = result(number).data;
  const places = unpacked(step.check.places), theirs = unpacked(step.check.values);
  let worst = 0;
  places.forEach((place, i) => {
    const difference = Math.abs(ours[place] - theirs[i]) / Math.max(1, step.check.largest);
    if (!(difference <= worst)) worst = difference;
  });
  return { worst, places: places.length };
}
