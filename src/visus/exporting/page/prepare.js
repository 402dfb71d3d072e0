// From decoded pixels to a network's input: what `prepare_pixels` of Visus does, number
// for number. The resize is Pillow's (Resample.c): weights of 22 bits, columns first,
// each pass rounded to bytes.

const PRECISION_BITS = 22;
// Pixels by which "area" begins farther in, so that no pixel's middle lies on the edge
// of two areas.
const ASIDE = 2 ** -10;

const FILTERS = {
  area: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: bicubic },
};

function bicubic(x) {
  const a = -0.5;
  x = Math.abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// What Python's round does: the nearest whole number, of two the even one.
function rounded(x) {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 ? low + 1 : low;
}

// `picture` is {width, height, pixels}, pixels RGBA as a canvas gives them.
// Returns bytes (height, width, channels).
function prepare(picture, spec) {
  const channels = spec.channels;
  const [height, width] = spec.image_size;
  let source = {
    width: picture.width,
    height: picture.height,
    channels,
    pixels: withChannels(picture.pixels, channels),
  };
  const share = spec.crop_share ?? 1;
  if (source.height === height && source.width === width && share === 1) {
    return source.pixels;
  }
  const all = [0, 0, source.height, source.width];
  if (spec.fit === "pad") return padded(source, spec, all);
  const box = spec.fit === "crop" ? middle(source, spec, share) : all;
  return resized(source, [height, width], spec.interpolation, box);
}

function withChannels(rgba, channels) {
  const count = rgba.length / 4;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i += 1) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) {
      // ITU-R BT.601 in Pillow's whole numbers.
      pixels[i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    } else {
      pixels[3 * i] = r;
      pixels[3 * i + 1] = g;
      pixels[3 * i + 2] = b;
    }
  }
  return pixels;
}

function middle(source, spec, share) {
  const [height, width] = spec.image_size;
  const scale = Math.min(source.height / height, source.width / width) * share;
  const [tall, wide] = [height * scale, width * scale];
  const top = Math.max(0, (source.height - tall) / 2);
  const left = Math.max(0, (source.width - wide) / 2);
  const bottom = Math.min(top + tall, source.height);
  return [top, left, bottom, Math.min(left + wide, source.width)];
}

function padded(source, spec, box) {
  const [height, width] = spec.image_size;
  const scale = Math.min(height / source.height, width / source.width);
  const tall = Math.max(1, rounded(source.height * scale));
  const wide = Math.max(1, rounded(source.width * scale));
  const inner = resized(source, [tall, wide], spec.interpolation, box);
  const canvas = new Uint8Array(height * width * source.channels);
  const top = Math.floor((height - tall) / 2);
  const left = Math.floor((width - wide) / 2);
  const row = wide * source.channels;
  for (let y = 0; y < tall; y += 1) {
    const place = ((top + y) * width + left) * source.channels;
    canvas.set(inner.subarray(y * row, (y + 1) * row), place);
  }
  return canvas;
}

// What "area" means when a side grows, and where it begins when none does.
function filterAndBox([height, width], interpolation, box) {
  if (interpolation !== "area") return [interpolation, box];
  const [top, left, bottom, right] = box;
  if (bottom - top < height || right - left < width) return ["bilinear", box];
  const down = bottom - top === height ? 0 : ASIDE;
  const across = right - left === width ? 0 : ASIDE;
  return ["area", [top + down, left + across, bottom, right]];
}

function resized(source, size, interpolation, given) {
  const [height, width] = size;
  const [name, box] = filterAndBox(size, interpolation, given);
  // Pillow keeps the edges of the box as 32-bit floats.
  const [top, left, bottom, right] = box.map(Math.fround);
  if (interpolation === "nearest") {
    return nearest(source, size, [top, left, bottom, right]);
  }
  const filter = FILTERS[name];
  const across = (image) => {
    if (width === image.width && !left && right === width) return image;
    const weights = weightsOf(image.width, left, right, width, filter);
    return acrossRows(image, weights, width);
  };
  const down = (image) => {
    if (height === image.height && !top && bottom === height) return image;
    const weights = weightsOf(image.height, top, bottom, height, filter);
    return downColumns(image, weights, height);
  };
  // Pillow 13 begins with the columns where the height loses much more than the width.
  const lost = source.height - height;
  const columnsFirst = lost > 0 && lost > 2 * (source.width - width);
  return (columnsFirst ? across(down(source)) : down(across(source))).pixels;
}

function nearest(source, size, [top, left, bottom, right]) {
  const [height, width] = size;
  const rows = places(top, Math.fround(bottom - top) / height, height);
  const columns = places(left, Math.fround(right - left) / width, width);
  const pixels = new Uint8Array(height * width * source.channels);
  let place = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * source.width + column) * source.channels;
      for (let c = 0; c < source.channels; c += 1) {
        pixels[place] = source.pixels[from + c];
        place += 1;
      }
    }
  }
  return pixels;
}

function places(start, step, count) {
  // Added up, as Pillow does, with its rounding.
  const found = [];
  let at = start + step * 0.5;
  for (let i = 0; i < count; i += 1) {
    found.push(Math.trunc(at));
    at += step;
  }
  return found;
}

function weightsOf(inSize, start, end, outSize, filter) {
  const scale = Math.fround(end - start) / outSize;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const weights = [];
  for (let out = 0; out < outSize; out += 1) {
    const center = start + (out + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(inSize, Math.trunc(center + support + 0.5));
    const values = [];
    let sum = 0;
    for (let x = first; x < last; x += 1) {
      const value = filter.weight((x - center + 0.5) * (1 / stretch));
      values.push(value);
      sum += value;
    }
    const whole = values.map((value) => {
      const share = (sum ? value / sum : value) * 2 ** PRECISION_BITS;
      return Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    });
    weights.push({ first, whole });
  }
  return weights;
}

function clipped(sum) {
  return Math.min(255, Math.max(0, sum >> PRECISION_BITS));
}

function acrossRows(image, weights, width) {
  const { channels, height } = image;
  const pixels = new Uint8Array(height * width * channels);
  for (let x = 0; x < width; x += 1) {
    const { first, whole } = weights[x];
    for (let y = 0; y < height; y += 1) {
      const from = (y * image.width + first) * channels;
      for (let c = 0; c < channels; c += 1) {
        let sum = 2 ** (PRECISION_BITS - 1);
        for (let i = 0; i < whole.length; i += 1) {
          sum += image.pixels[from + i * channels + c] * whole[i];
        }
        pixels[(y * width + x) * channels + c] = clipped(sum);
      }
    }
  }
  return { ...image, width, pixels };
}

function downColumns(image, weights, height) {
  const row = image.width * image.channels;
  const pixels = new Uint8Array(height * row);
  for (let y = 0; y < height; y += 1) {
    const { first, whole } = weights[y];
    for (let x = 0; x < row; x += 1) {
      let sum = 2 ** (PRECISION_BITS - 1);
      for (let i = 0; i < whole.length; i += 1) {
        sum += image.pixels[(first + i) * row + x] * whole[i];
      }
      pixels[y * row + x] = clipped(sum);
    }
  }
  return { ...image, height, pixels };
}
