// The facts, out of the page itself.
const TYPES = { "<f4": Float32Array, "<f8": Float64Array, "<u4": Uint32Array, "<u2": Uint16Array };

const unpacked = async (id) => {
  const binary = atob(byId(id).textContent.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
};

// The bytes of an array lie in planes: the lowest byte of every number, then the second one, and so on.
const readArray = ({ dtype, shape, at }, bytes) => {
  const Type = TYPES[dtype];
  const size = shape.reduce((a, b) => a * b, 1);
  const width = Type.BYTES_PER_ELEMENT;
  const joined = new Uint8Array(size * width);
  for (let plane = 0; plane < width; plane += 1) {
    const start = at + plane * size;
    for (let i = 0; i < size; i += 1) joined[i * width + plane] = bytes[start + i];
  }
  const array = new Type(joined.buffer);
  array.across = shape.slice(1).reduce((a, b) => a * b, 1);
  return array;
};

const restored = (part, bytes) => {
  if (part === null || typeof part !== "object") return part;
  if (Array.isArray(part)) return part.map((one) => restored(one, bytes));
  if ("dtype" in part && "at" in part) return readArray(part, bytes);
  return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, restored(one, bytes)]));
};

const readFacts = (buffer) => {
  const length = new DataView(buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return restored(facts, new Uint8Array(buffer, 4 + length));
};

const clusterLabel = (cluster) => {
  const name = cluster.name.trim() || UNNAMED;
  if (cluster.noise && name === "-1") return "noise";
  if (cluster.kind === "inlier" || cluster.kind === "outlier") return `${cluster.kind}s`;
  return cluster.noise || name.toLowerCase().startsWith("cluster") ? name : `cluster ${name}`;
};

const valueText = (facts, feature, row) => {
  const { column } = facts.features[feature];
  if (column === null) return "";
  if (column.numbers !== null) return number(column.numbers[row]);
  const code = column.codes[row];
  return code === 65535 ? "missing" : column.names[code];
};

// Why a row is where it is: against all rivals (rank null), or against one of its nearest.
const answerOf = (facts, row, rank) => {
  const { own, against, rivals } = facts.rows;
  const answers = rank === null ? own : against;
  const place = rank === null ? row : row * rivals.across + rank;
  const count = rank === null ? own.top.across : against.top.across / rivals.across;
  const start = place * count;
  return {
    logit: answers.logits[place],
    features: Array.from(answers.top.subarray(start, start + count)),
    relevance: Array.from(answers.relevance.subarray(start, start + count)),
    others: answers.others[place],
    further: answers.further.map(([name, values]) => [name, values[place]]),
  };
};
