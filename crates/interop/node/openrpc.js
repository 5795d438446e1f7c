// Judges the OpenRPC document on stdin by OpenRPC's meta-schema: "valid", or what is wrong.

const { openrpcDocument } = require("@open-rpc/meta-schema");
const Ajv = require("ajv");

const draft7 = { $ref: "http://json-schema.org/draft-07/schema#" };
const definitions = { ...openrpcDocument.definitions, JSONSchema: draft7, referenceObject: {
  ...openrpcDocument.definitions.referenceObject,
  properties: { $ref: { type: "string" } },
} };
// Its own addresses for JSON Schema would have to be fetched; they say what draft 7 says.
const { $schema, ...rest } = openrpcDocument;
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const fits = ajv.compile({ ...rest, definitions });

const document = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const problems = fits(document) ? [] : fits.errors.map((e) => `${e.instancePath} ${e.message}`);

// A reference has to lead somewhere, which no schema can say.
JSON.stringify(document, (_, value) => {
  if (value && typeof value.$ref === "string") {
    const target = value.$ref.slice(2).split("/").reduce((at, part) => at?.[part], document);
    if (!value.$ref.startsWith("#/") || target === undefined) problems.push(`nothing is at ${value.$ref}`);
  }
  return value;
});
const names = document.methods.map((method) => method.name);
if (new Set(names).size !== names.length) problems.push("two methods have one name");

console.log(problems.length ? problems.join("\n") : "valid");
