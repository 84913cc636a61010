// Writes docs/api/README.md, or README.md in the folder that is named: every export of the package on one page, by entry, with its signature and the summary of its docstring.
// TypeDoc reads the sources (https://typedoc.org/); the pages that it writes itself have 7,000 lines instead of 1,200.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, ReflectionKind } from "typedoc";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The specifiers that programs import, by the modules of src/ that they lead to. */
const entries = {
  index: "syncodec",
  node: "syncodec/node",
  browser: "syncodec/browser",
  zarrita: "syncodec/zarrita",
  numcodecs: "syncodec/numcodecs",
  kernels: "syncodec/kernels",
};

/** Converts the sources to TypeDoc's model; throws where they have errors. */
async function convert() {
  const app = await Application.bootstrap({
    entryPoints: Object.keys(entries).map((name) => join(root, `src/${name}.ts`)),
    tsconfig: join(root, "tsconfig.build.json"),
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    disableSources: true,
    sort: ["kind", "alphabetical"],
    logLevel: "Error",
  });
  const project = await app.convert();
  if (project === undefined || app.logger.hasErrors()) throw new Error("TypeDoc cannot read the sources");
  return project;
}

/** What the module says at its beginning, before its example. */
function docblockOf(name) {
  const [, text] = /^\/\*\*([\s\S]*?)(?:@example|\*\/)/.exec(readFileSync(join(root, `src/${name}.ts`), "utf8"));
  return text.replaceAll(/^[ *]+/gm, "").trim();
}

/** The text of a comment, links as code: not everything that they name is exported. */
function textOf(parts = []) {
  return parts
    .map((part) => (part.kind === "inline-tag" ? `\`${part.text}\`` : part.text))
    .join("")
    .trim();
}

/** What a comment says besides its summary: parameters and errors, as a list. */
function detailsOf({ comment, parameters = [] }) {
  const described = parameters.filter((each) => each.comment !== undefined);
  const errors = comment?.blockTags.filter(({ tag }) => tag === "@throws") ?? [];
  return [
    ...described.map(({ name, comment }) => `- \`${name}\`: ${textOf(comment.summary)}`),
    ...errors.map(({ content }) => `- throws ${textOf(content)}`),
  ];
}

const generics = ({ typeParameters = [] }) => {
  const names = typeParameters.map(({ name, type, default: standard }) => {
    return name + (type ? ` extends ${type}` : "") + (standard ? ` = ${standard}` : "");
  });
  return names.length === 0 ? "" : `<${names.join(", ")}>`;
};

function signatureText(signature, name = signature.name) {
  const parameters = (signature.parameters ?? []).map(({ name, type, flags, defaultValue }) => {
    // What the source takes apart has no name there.
    const shown = name.replace(/^__namedParameters$/, "options");
    return `${flags.isRest ? "..." : ""}${shown}${flags.isOptional || defaultValue ? "?" : ""}: ${type}`;
  });
  return `${name}${generics(signature)}(${parameters.join(", ")}): ${signature.type}`;
}

/** Members of a class or an interface: `[signature, comment]`. Those of a base class are with it. */
function membersOf({ children = [] }) {
  return children
    .filter(({ inheritedFrom, name }) => inheritedFrom === undefined && !name.startsWith("["))
    .flatMap((member) => {
      const modifier = member.flags.isStatic ? "static " : "";
      if (member.kind === ReflectionKind.Constructor)
        return member.signatures.map((each) => [signatureText(each, "constructor").replace(/: [^:]*$/, ""), each]);
      if (member.signatures !== undefined)
        return member.signatures.map((each) => [modifier + signatureText(each), each]);
      if (member.getSignature !== undefined)
        return [[`readonly ${member.name}: ${member.getSignature.type}`, member.getSignature]];
      const readonly = member.flags.isReadonly ? "readonly " : "";
      return [[`${modifier}${readonly}${member.name}${member.flags.isOptional ? "?" : ""}: ${member.type}`, member]];
    });
}

const code = (text) => ["```ts", text, "```", ""];
const headOf = (parents, word) => (parents === undefined ? "" : ` ${word} ${parents.join(", ")}`);

/** The lines about an export. */
function describe(reflection) {
  const { kind, name, comment, signatures = [] } = reflection;
  const lines = [`### ${name}`, ""];
  if (kind === ReflectionKind.Function) {
    lines.push(...code(signatures.map((each) => `function ${signatureText(each)}`).join("\n")));
    const documented = signatures.find((each) => each.comment !== undefined);
    lines.push(textOf(documented?.comment?.summary), "", ...detailsOf(documented ?? {}), "");
  } else if (kind === ReflectionKind.TypeAlias || kind === ReflectionKind.Variable) {
    const word = kind === ReflectionKind.Variable ? "const" : "type";
    lines.push(...code(`${word} ${name}${generics(reflection)} ${word === "type" ? "=" : ":"} ${reflection.type}`));
    lines.push(textOf(comment?.summary), "");
  } else {
    const heads = headOf(reflection.extendedTypes, "extends") + headOf(reflection.implementedTypes, "implements");
    lines.push(...code(`${ReflectionKind.singularString(kind).toLowerCase()} ${name}${generics(reflection)}${heads}`));
    lines.push(textOf(comment?.summary), "");
    for (const [signature, member] of membersOf(reflection)) {
      const summary = textOf(member.comment?.summary).replaceAll("\n", " ");
      lines.push(`- \`${signature}\`${summary && `: ${summary}`}`, ...detailsOf(member).map((each) => `  ${each}`));
    }
    lines.push("");
  }
  return lines;
}

async function writePage(folder) {
  const modules = (await convert()).children;
  const lines = ["# API", ""];
  for (const [name, specifier] of Object.entries(entries)) {
    const module = modules.find((each) => each.name === name);
    lines.push(`## ${specifier}`, "", docblockOf(name), "");
    for (const child of module.children) if (child.kind !== ReflectionKind.Reference) lines.push(...describe(child));
  }
  mkdirSync(folder, { recursive: true });
  const text = lines
    .join("\n")
    .replaceAll("<ArrayBufferLike>", "")
    .replaceAll(/\n{3,}/g, "\n\n");
  writeFileSync(join(folder, "README.md"), `${text.trim()}\n`);
}

await writePage(process.argv[2] ?? join(root, "docs/api"));
