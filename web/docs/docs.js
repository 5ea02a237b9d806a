// Shows /openapi.json and /openrpc.json. Texts are only ever set as text.

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 5; // members of members that are shown

const at = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== "" && child != null));
    return element;
}

/** A text with `code` in it, and paragraphs. */
function prose(text) {
    return text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) =>
        make("p", {}, ...part.split(/(`[^`]+`)/).map((piece) =>
            piece.startsWith("`") ? make("code", {}, piece.slice(1, -1)) : piece.replace(/\s+/g, " "))));
}

// Shapes.

function resolve(schema, whole) {
    for (let hops = 0; schema?.$ref && hops < 10; hops++)
        schema = schema.$ref.slice(2).split("/").reduce((found, key) => found?.[key], whole);
    return schema ?? {};
}

const choices = (schema) => schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];

/** What the members are of an object that may have any. */
const values = (schema) => [schema.additionalProperties, ...Object.values(schema.patternProperties ?? {})]
    .find((each) => each?.constructor === Object);

/** What a value is, in a few words. */
function kind(given, whole) {
    const schema = resolve(given, whole);
    if ("const" in schema) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (choices(schema).length) return [...new Set(choices(schema).map((each) => kind(each, whole)))].join(" | ");
    if (schema.type === "array") return `list of ${kind(schema.items ?? {}, whole)}`;
    if (values(schema)) return `map of ${kind(values(schema), whole)}`;
    if (schema.type === "object" || schema.properties) return schema.title ?? "object";
    if (schema.format === "date-time") return "time";
    return [].concat(schema.type ?? "anything").join(" | ");
}

const LIMITS = [
    ["minimum", "maximum", ""], ["exclusiveMinimum", "exclusiveMaximum", " (exclusive)"], ["minLength", "maxLength", " characters"],
    ["minItems", "maxItems", " items"], ["minProperties", "maxProperties", " members"],
];

const span = (least, most) => least === undefined ? `at most ${most}` : most === undefined ? `at least ${least}`
    : least === most ? `${least}` : `${least} to ${most}`;

/** What else is known of a value: limits, its default. */
function limits(given, whole) {
    const schema = resolve(given, whole);
    const inner = choices(schema).map((each) => resolve(each, whole)).find((each) => each.type !== "null") ?? schema;
    const known = LIMITS.filter(([least, most]) => least in inner || most in inner)
        .map(([least, most, unit]) => span(inner[least], inner[most]) + unit);
    const value = given.default ?? schema.default;
    return value === undefined || value === null || value === "" ? known : [...known, `default ${JSON.stringify(value)}`];
}

/** The schema whose members are worth a line each: of an object, of the items of a list, of a choice. */
function members(given, whole) {
    const schema = resolve(given, whole);
    if (schema.properties) return schema;
    if (schema.items) return members(schema.items, whole);
    if (values(schema)) return members(values(schema), whole);
    return choices(schema).map((each) => members(each, whole)).find(Boolean);
}

/** One row for each member, and for the members of those. */
function rows(given, whole, asked = true, depth = 0, above = []) {
    const shape = members(given, whole);
    if (!shape || depth > DEEPEST || above.includes(shape)) return [];
    return Object.entries(shape.properties).flatMap(([name, schema]) => [
        row(name, schema, whole, asked && shape.required?.includes(name), depth),
        ...rows(schema, whole, asked, depth + 1, [...above, shape]),
    ]);
}

function row(name, schema, whole, required, depth, where = "") {
    const text = schema.description ?? resolve(schema, whole).description ?? "";
    const known = limits(schema, whole).join(", ");
    return make("tr", {},
        make("td", { class: `member d${depth}` }, make("code", {}, name), where && make("span", { class: "soft" }, ` ${where}`)),
        make("td", { class: "kind" }, kind(schema, whole), required ? make("b", { title: "must be given" }, " *") : ""),
        make("td", {}, ...prose(text), known && make("p", { class: "soft" }, known)));
}

function table(caption, found) {
    if (!found.length) return "";
    return make("div", { class: "wide" }, make("table", {}, make("caption", {}, caption), make("tbody", {}, ...found)));
}

// Operations.

function card(name, verb, path, summary, scope, ...parts) {
    const found = make("details", { id: name, class: "operation" },
        make("summary", {},
            make("span", { class: `verb ${verb}` }, verb), make("code", { class: "path" }, path),
            make("span", { class: "says" }, summary), scope && make("span", { class: "scope" }, scope)),
        make("div", { class: "inside" }, ...parts.flat(), make("p", { class: "anchor" }, make("a", { href: `#${name}` }, `#${name}`))));
    found.dataset.words = [name, verb, path, summary, scope].join(" ").toLowerCase();
    return found;
}

const NEEDS = /Needs the scope `([^`]+)`\.?/;

function operation(path, verb, about, whole) {
    const text = about.description ?? "";
    const scope = NEEDS.exec(text)?.[1] ?? "";
    const parameters = (about.parameters ?? []).map((each) =>
        row(each.name, { description: each.description, ...each.schema }, whole, each.required, 0, each.in));
    const parts = [...prose(text.replace(NEEDS, "")), table("Parameters", parameters)];
    for (const [type, { schema }] of Object.entries(about.requestBody?.content ?? {}))
        parts.push(table(type === "application/json" ? "Body" : `Body, ${type}`, rows(schema ?? {}, whole)));
    const [good, bad] = [[], []];
    for (const [status, answer] of Object.entries(about.responses ?? {})) (status < "400" ? good : bad).push([status, answer]);
    for (const [status, answer] of good)
        parts.push(answered(`Answer ${status}`, Object.values(answer.content ?? {})[0]?.schema, whole));
    parts.push(refusals(bad));
    return card(about.operationId ?? `${verb} ${path}`, verb, path.replace(/^\/api\/v1/, ""), about.summary ?? "", scope, parts);
}

function answered(what, schema, whole) {
    const found = schema ? rows(schema, whole, false) : [];
    if (found.length) return table(`${what}: ${kind(schema, whole)}`, found);
    return make("p", {}, make("b", {}, what), schema ? `: ${kind(schema, whole)}` : "");
}

function refusals(bad) {
    const codes = bad.flatMap(([status, { description }]) =>
        [...(description ?? "").matchAll(/`(\w+)`/g)].map((found) => [status, found[1]]));
    if (!codes.length) return "";
    return make("p", { class: "codes" }, make("b", {}, "Refusals"),
        ...codes.map(([status, code]) => make("a", { href: `/docs/problems#${code}` }, `${status} ${code}`)));
}

function rpc(method, whole) {
    const text = method.description ?? "";
    const scope = NEEDS.exec(text)?.[1] ?? method["x-scope"] ?? "";
    const found = (method.params ?? []).map((each) => resolve(each, whole)).flatMap((each) => [
        row(each.name, { description: each.description, ...each.schema }, whole, each.required, 0),
        ...rows(each.schema ?? {}, whole, true, 1),
    ]);
    return card(`rpc-${method.name}`, "rpc", method.name, (method.summary ?? "").replace(/\.$/, ""), scope,
        [...prose(text.replace(NEEDS, "")), table("Parameters", found), answered("Result", resolve(method.result, whole).schema, whole)]);
}

// The page.

function show(section, groups) {
    for (const [name, cards] of groups) {
        const id = `${section.id}:${name}`;
        section.append(make("section", { class: "group", id }, make("h3", {}, name), ...cards));
        at("tags").append(make("a", { href: `#${id}` }, name));
    }
    section.hidden = !groups.size;
}

function grouped(pairs) {
    const groups = new Map();
    for (const [name, card] of pairs) groups.set(name, [...(groups.get(name) ?? []), card]);
    return groups;
}

function showRest(whole) {
    at("version").textContent = whole.info?.version ?? "";
    const pairs = Object.entries(whole.paths ?? {}).flatMap(([path, verbs]) =>
        METHODS.filter((verb) => verbs[verb]).map((verb) =>
            [verbs[verb].tags?.[0] ?? "other", operation(path, verb, verbs[verb], whole)]));
    show(at("rest"), grouped(pairs));
}

function showRpc(whole) {
    at("tags").append(make("b", {}, "JSON-RPC"));
    show(at("rpc"), grouped((whole.methods ?? []).map((method) => [method.name.split(".")[0], rpc(method, whole)])));
}

function filter() {
    const words = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = [...document.querySelectorAll(".operation")];
    for (const each of all) each.hidden = !words.every((word) => each.dataset.words.includes(word));
    for (const group of document.querySelectorAll(".group")) {
        group.hidden = !group.querySelector(".operation:not([hidden])");
        document.querySelector(`#tags a[href="#${CSS.escape(group.id)}"], #tags a[href="#${group.id}"]`).hidden = group.hidden;
    }
    at("count").value = words.length ? `${all.filter((each) => !each.hidden).length} of ${all.length}` : `${all.length} operations`;
}

function open() {
    const found = at(decodeURIComponent(location.hash.slice(1)));
    if (!found) return;
    if (found.matches("details")) found.open = true;
    found.scrollIntoView();
}

async function load(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.json();
}

async function start() {
    at("example").textContent = `curl -H "Authorization: Bearer xs_..." ${location.origin}/api/v1/calls`;
    const [rest, scripts] = await Promise.allSettled([load("/openapi.json"), load("/openrpc.json")]);
    if (rest.status === "fulfilled") showRest(rest.value);
    if (scripts.status === "fulfilled") showRpc(scripts.value);
    const failed = [rest, scripts].filter((each) => each.status === "rejected").map((each) => each.reason.message);
    at("trouble").textContent = failed.join("; ");
    at("trouble").hidden = !failed.length;
    at("filter").addEventListener("input", filter);
    window.addEventListener("hashchange", open);
    filter();
    open();
}

start();
