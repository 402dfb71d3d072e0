// The runtime and the network, from the scripts beside the page. They are scripts, since
// a page that is opened from a disk may read nothing else.

globalThis.visusFiles = {};

globalThis.visusUnpacked = async function unpacked(name) {
  const packed = globalThis.visusFiles[name];
  if (!packed) throw new Error(`${name} is missing; copy the whole folder`);
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

// `address` is where the JavaScript of the runtime lies, once it is unpacked.
globalThis.visusLoad = async function load(address) {
  const unpacked = globalThis.visusUnpacked;
  const ort = await import(address);
  // More threads would need headers that only a server can send.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await unpacked("runtime");
  const session = await ort.InferenceSession.create(await unpacked("model"), {
    executionProviders: ["wasm"],
  });
  return { ort, session };
};
