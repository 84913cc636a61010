/** What tests use of Node's `Buffer`, for browsers. esbuild puts it in the place of the global. */

const bytesOfHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const bytesOfCodes = (text) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const toLatin1 = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

const decoders = {
  utf8: (text) => new TextEncoder().encode(text),
  hex: bytesOfHex,
  latin1: bytesOfCodes,
  base64: (text) => bytesOfCodes(atob(text)),
  utf16le: (text) => new Uint8Array(Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).buffer),
};
const encoders = {
  utf8: (bytes) => new TextDecoder().decode(bytes),
  hex: toHex,
  latin1: toLatin1,
  base64: (bytes) => btoa(toLatin1(bytes)),
};

export class Buffer extends Uint8Array {
  static get [Symbol.species]() {
    return Uint8Array;
  }

  static from(value, encoding, length) {
    if (typeof value !== "string") {
      return value instanceof ArrayBuffer ? new Buffer(value, encoding, length) : new Buffer(value);
    }
    const bytes = decoders[encoding ?? "utf8"](value);
    return new Buffer(bytes.buffer, 0, bytes.byteLength);
  }

  static concat(parts) {
    const joined = new Buffer(parts.reduce((sum, part) => sum + part.byteLength, 0));
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.byteLength;
    }
    return joined;
  }

  static compare(a, b) {
    const common = Math.min(a.byteLength, b.byteLength);
    for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
    return Math.sign(a.byteLength - b.byteLength);
  }

  equals(other) {
    return Buffer.compare(this, other) === 0;
  }

  toString(encoding = "utf8") {
    return encoders[encoding](this);
  }
}
