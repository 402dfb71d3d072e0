// The written folder answers prepared pixels, in onnxruntime-web on Node: with the same
// files, unpacked by the same lines, that the page uses.
// node prove.mjs ORDERS REPLY
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [ordersPath, replyPath] = process.argv.slice(2);
const orders = JSON.parse(await readFile(ordersPath, "utf8"));
for (const path of [orders.load, ...orders.scripts]) {
  await import(pathToFileURL(path).href);
}
await writeFile(orders.glue, await globalThis.visusUnpacked("glue"));
const { ort, session } = await globalThis.visusLoad(pathToFileURL(orders.glue).href);
const pixels = await readFile(orders.pixels);
const [count, ...sides] = orders.shape;
const bytes = sides.reduce((product, side) => product * side, 1);
const scores = [];
for (let row = 0; row < count; row += 1) {
  const piece = new Uint8Array(pixels.subarray(row * bytes, (row + 1) * bytes));
  const tensor = new ort.Tensor("uint8", piece, [1, ...sides]);
  const answer = await session.run({ pixels: tensor });
  scores.push(Array.from(answer.scores.data));
}
await writeFile(replyPath, JSON.stringify({ version: ort.env.versions.web, scores }));
