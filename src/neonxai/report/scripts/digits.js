// Numbers and names as text, by the same rules as in digits.py.
const withMinus = (text) => text.replaceAll("-", "−");

const stripped = (text) => {
  const [digits, exponent] = text.split("e");
  const short = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
  return exponent === undefined ? short : `${short}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
};

const number = (value) => {
  if (!Number.isFinite(value)) return "missing";
  const whole = Number.isInteger(value) && Math.abs(value) < 1e7;
  return withMinus(whole ? value.toFixed(0) : stripped(value.toPrecision(5)));
};

const compared = (values) => {
  const peak = Math.max(0, ...values.map(Math.abs));
  if (peak === 0) return values.map(() => "0");
  const decimals = 2 - Number(peak.toExponential(6).split("e")[1]);
  const plain = peak >= 1e-4 && peak < 1e6;
  const least = 0.5 * 10 ** -(plain ? Math.max(decimals, 0) : decimals);
  const written = (value) => {
    if (value === 0) return "0";
    if (Math.abs(value) <= least) return "≈0";
    const text = plain ? value.toFixed(Math.max(decimals, 0)) : value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
    return withMinus(value > 0 ? `+${text}` : text);
  };
  return values.map(written);
};

const certainty = (probability) => {
  if (probability === 0 || probability === 1) return probability.toFixed(0);
  if (probability >= 0.9995) return ">0.999";
  return probability < 0.0005 ? "<0.001" : probability.toFixed(3);
};

const percent = (share) => {
  if (share > 0 && share < 0.005) return "<1%";
  return share >= 0.995 && share < 1 ? ">99%" : `${(100 * share).toFixed(0)}%`;
};

const UNNAMED = "(no name)";

// By characters, not by halves of them.
const shortened = (text, length) => {
  if (text.length <= length) return text;
  const marks = Array.from(text);
  if (marks.length <= length) return text;
  return `${marks.slice(0, Math.floor(length / 2)).join("")}…${marks.slice(marks.length - Math.floor((length - 1) / 2)).join("")}`;
};

// A name as an element: it can't reorder what is around it, and is whole in its title.
const nameElement = (text, length = 60) => {
  const name = text.trim() === "" ? UNNAMED : text;
  const element = make("bdi", {}, shortened(name, length));
  if (element.textContent !== name) element.title = text;
  return element;
};

// A name in Plotly's texts, which read tags and entities; isolated, for they know no other bidi.
const plotText = (text, length = 28) => {
  const line = shortened((text.trim() === "" ? UNNAMED : text).replace(/\s+/g, " "), length);
  const safe = line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
  return `\u2068${safe}\u2069`;
};
