// Judges Herald's exact JSON with a real JavaScript engine.
//
// Reads one case a line from stdin, texts in hex:
//
//   accepted <input> <output>   Herald accepted the input and wrote the output
//   malformed <input>           Herald said that the input is not JSON
//   kept <literal> <output>     Herald found that a double carries the number
//   lost <literal>              Herald found that it doesn't
//
// Prints a line for each verdict it doesn't share (the first twenty), then how many cases it saw.

import { readFileSync } from "node:fs";

const unhex = (hex) => Buffer.from(hex, "hex").toString("utf8");

/** What is wrong with Herald's output for an input, or undefined. */
function accepted(input, output) {
  const expected = JSON.stringify(JSON.parse(input));
  if (output !== expected) return `JavaScript writes ${expected}, Herald ${output}`;
  if (JSON.stringify(JSON.parse(output)) !== output) return `${output} is no fixed point`;
}

function malformed(input) {
  try {
    JSON.parse(input);
  } catch {
    return undefined;
  }
  return "JavaScript can parse it";
}

function kept(literal, output) {
  return accepted(literal, output) ?? (isKept(literal) ? undefined : "its value is changed");
}

function lost(literal) {
  return isKept(literal) ? "its value is kept" : undefined;
}

/** The rule of Herald's `Number`, in exact integer arithmetic. */
function isKept(literal) {
  const double = JSON.parse(literal);
  if (!Number.isFinite(double)) return false;
  const sent = decimal(literal);
  const written = decimal(JSON.stringify(double));
  if (sent.digits === written.digits && sent.exponent === written.exponent) return true;
  if (double === 0 || sent.exponent >= 0n) return false;
  return roundsTo(double, sent);
}

/** A number text as digits × 10^exponent, the digits (signed) without a zero at their end. */
function decimal(text) {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  const all = whole + fraction;
  const digits = all.replace(/0+$/, "");
  if (digits === "" || BigInt(digits) === 0n) return { digits: 0n, exponent: 0n };
  const dropped = all.length - digits.length - fraction.length;
  return { digits: BigInt(sign + digits), exponent: BigInt(exponent) + BigInt(dropped) };
}

/** Whether the double's exact value, rounded to the decimal's last digit, ties to even, is it. */
function roundsTo(double, { digits, exponent }) {
  const { mantissa, power } = binary(double);
  // Both values and the unit of the last digit, scaled up to integers by one common factor.
  const twos = power < 0n ? -power : 0n;
  const unit = 2n ** twos;
  const exact = mantissa * 2n ** (power + twos) * 10n ** -exponent;
  const distance = 2n * (exact - digits * unit);
  const absolute = distance < 0n ? -distance : distance;
  return absolute < unit || (absolute === unit && digits % 2n === 0n);
}

/** A finite double as mantissa × 2^power, exactly. */
function binary(double) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, double);
  const bits = view.getBigUint64(0);
  const field = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = field === 0n ? fraction : fraction | 0x10000000000000n;
  const power = (field === 0n ? 1n : field) - 1075n;
  return { mantissa: double < 0 ? -magnitude : magnitude, power };
}

const judges = { accepted, malformed, kept, lost };
const cases = readFileSync(0, "utf8").trim().split("\n");
let shown = 0;
for (const line of cases) {
  const [verdict, ...texts] = line.split(" ");
  const complaint = judges[verdict](...texts.map(unhex));
  if (complaint !== undefined && shown++ < 20) {
    console.log(`${verdict}, but ${complaint}: ${unhex(texts[0])}`);
  }
}
console.log(`${cases.length} cases seen`);
