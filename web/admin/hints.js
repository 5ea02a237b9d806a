/** What /openapi.json cannot say of each resource: which columns and in what order, what belongs together. */

/** @typedef {import("./parts/fields.js").Hint} Hint */
/**
 * @typedef {object} Resource
 * @property {string} name of the page, and the prefix of its words
 * @property {string} path
 * @property {import("./api.js").Query} [query] of the list
 * @property {string} scope without ":read"
 * @property {string} id the member that its address has
 * @property {(item: any) => string} title what people call one
 * @property {string} picture
 * @property {{list: string, create?: string, change?: string}} operations
 * @property {string[]} columns
 * @property {Record<string, string>} [kinds] of columns, where it is not the one of the document
 * @property {Record<string, Hint>} [fields]
 * @property {Record<string, Hint>} [changing] more of fields, of one that is there already
 * @property {import("./parts/form.js").Group[]} [groups]
 * @property {{create?: string[], change?: string[]}} [omit] fields that are not in the form
 * @property {string[]} [events] after which the list is another one
 * @property {boolean} [keeps] nothing is removed here
 */

const ROLES = ["user", "operator", "admin"];

/** @type {Resource} */
export const USERS = {
    name: "users",
    path: "/users",
    scope: "users",
    id: "name",
    title: (item) => item.name,
    picture: "people",
    operations: { list: "users.list", create: "users.create", change: "users.change" },
    columns: ["name", "display_name", "number", "role", "devices", "enabled"],
    fields: {
        name: { placeholder: "1000" },
        role: { offers: ROLES },
        phone_secret: { none: true },
    },
    groups: [
        { name: "person", keys: ["name", "display_name", "number", "role", "enabled"] },
        { name: "secrets", keys: ["phone_secret", "web_password"], open: true },
        { name: "more", keys: ["context", "variables"] },
    ],
    omit: { change: ["phone_secret", "web_password"] },
};

/** @type {Resource} */
export const ROUTES = {
    name: "routes",
    path: "/routes",
    scope: "routes",
    id: "id",
    title: (item) => item.name || item.number || item.id,
    picture: "route",
    operations: { list: "routes.list", create: "routes.create", change: "routes.change" },
    columns: [],
    fields: {
        number: { placeholder: "00([1-9][0-9]*)" },
        caller: { placeholder: "10[0-9][0-9]" },
        hours: { placeholder: "mon-fri 09:00-17:30" },
    },
    groups: [
        { name: "when", keys: ["name", "number", "enabled"] },
        { name: "then", keys: ["steps"], open: true },
        { name: "more", keys: ["caller", "context", "hours", "position"] },
    ],
};

/** @type {Resource} */
export const GATEWAYS = {
    name: "gateways",
    path: "/gateways",
    scope: "gateways",
    id: "name",
    title: (item) => item.name,
    picture: "gateway",
    operations: { list: "gateways.list", create: "gateways.create", change: "gateways.change" },
    columns: ["name", "proxy", "state", "text", "calls"],
    kinds: { state: "text", text: "text", calls: "text" },
    fields: {
        proxy: { placeholder: "sip.carrier.example" },
        context: { placeholder: "public" },
        codecs: { placeholder: "PCMA\nPCMU" },
        allow: { placeholder: "192.0.2.0/24" },
        deny: { placeholder: "0900" },
    },
    changing: { password: { placeholder: "••••••••" } },
    groups: [
        { name: "carrier", keys: ["name", "proxy", "transport", "enabled"] },
        { name: "login", keys: ["register", "username", "password", "auth_username", "realm"], open: true },
        { name: "numbers", keys: ["caller_id", "from_user", "from_domain", "rewrite", "normalise", "deny"] },
        { name: "inbound", keys: ["context", "extension", "allow", "trusted"] },
        { name: "media", keys: ["codecs", "srtp"] },
        { name: "limits", keys: ["max_calls", "calls_per_second", "weight"] },
        { name: "times", keys: ["expire", "retry", "ping", "timeout", "contact_params"] },
    ],
    events: ["gateway.*", "config.reloaded"],
};

/** @type {Resource} */
export const WEBHOOKS = {
    name: "webhooks",
    path: "/webhooks",
    scope: "webhooks",
    id: "id",
    title: (item) => item.description || item.url,
    picture: "hook",
    operations: { list: "webhooks.list", create: "webhooks.create", change: "webhooks.change" },
    columns: ["url", "description", "events", "enabled", "changed"],
    fields: {
        url: { placeholder: "https://example.com/events" },
        events: {
            checks: ["call", "playback", "recording", "quality", "registration", "gateway", "security", "config"].map(
                (kind) => ({ value: `${kind}.*` }),
            ),
        },
    },
    changing: { secret: { placeholder: "whsec_••••••••" } },
    groups: [
        { name: "where", keys: ["url", "description", "enabled"] },
        { name: "what", keys: ["events"], open: true },
        { name: "more", keys: ["secret"] },
    ],
};

/** @type {Resource} */
export const KEYS = {
    name: "keys",
    path: "/api-keys",
    scope: "keys",
    id: "id",
    title: (item) => item.name,
    picture: "key",
    operations: { list: "keys.list", create: "keys.create" },
    columns: ["name", "owner", "scopes", "used", "expires"],
    fields: { networks: { placeholder: "192.0.2.0/24" } },
    groups: [
        { name: "what", keys: ["name", "scopes"] },
        { name: "bounds", keys: ["expires", "networks"], open: true },
    ],
};

/** @type {Resource} */
export const BLOCKS = {
    name: "blocks",
    path: "/blocks",
    scope: "blocks",
    id: "source",
    title: (item) => item.source,
    picture: "shield",
    operations: { list: "blocks.list", create: "blocks.create" },
    columns: ["source", "reason", "count", "since", "until"],
    fields: { source: { placeholder: "192.0.2.17" } },
    events: ["security.*"],
};

/** @type {Resource} */
export const AUDIT = {
    name: "audit",
    path: "/audit",
    scope: "audit",
    id: "id",
    title: (item) => item.id,
    picture: "eye",
    operations: { list: "audit.list" },
    columns: ["at", "who", "command", "target", "outcome", "host"],
    keeps: true,
};

/** @type {Resource} */
export const MEDIA = {
    name: "media",
    path: "/media",
    scope: "media",
    id: "name",
    title: (item) => item.name,
    picture: "sound",
    operations: { list: "media.list" },
    columns: ["name", "seconds", "size", "changed", "source"],
    kinds: { seconds: "seconds", size: "bytes" },
};

/** The things that there are scopes for. */
export const SCOPES = Object.freeze([
    ...["me", "phone", "keys", "users", "routes", "gateways", "registrations", "calls", "media"],
    ...["recordings", "cdr", "events", "webhooks", "config", "status", "blocks", "audit"],
]);

/** What a step of a route can do, and what it wants to know: "" nothing, "?" maybe something, "!" something. */
export const VERBS = Object.freeze({
    answer: "",
    bridge: "!",
    playback: "!",
    tone: "!",
    gather: "!",
    transfer: "!",
    hangup: "?",
    record: "?",
    sleep: "!",
    echo: "",
    control: "?",
    flow: "!",
});
