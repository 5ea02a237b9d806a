/** What needs somebody's attention, worst first, each with the place where something can be done; pure. */

/** @typedef {{folder: string, free: number, size: number}} Disk */
/** @typedef {{lacking: string[], gateways: Record<string, string>, disks: Disk[], loop: {held_up: number}}} Status */
/** @typedef {{name: string, state: "ok" | "warn" | "fail" | "skip", text: string, fix: string}} Check */
/**
 * @typedef {{kind: "bad" | "warn", key: string, facts: Record<string, string | number>, href: string, text?: string,
 * fix?: string}} Warning
 * `key`: of the words. `text` and `fix`: what the switch says itself, in English. */

const DOWN = new Set(["FAILED", "FAIL_WAIT", "DOWN"]);
const LEAST = 100_000_000; // bytes below which recordings end
const LOW = 1_000_000_000;
const HELD_UP = 3; // times in a minute
const CERTIFICATE = "certificate";

/** How a gateway's state is to be seen. @param {string} state @returns {"good" | "warn" | "bad" | "soft"} */
export function gatewayMark(state) {
    return DOWN.has(state)
        ? "bad"
        : state === "REGED" || state === "NOREG"
          ? "good"
          : state === "DISABLED"
            ? "soft"
            : "warn";
}

/** How full a disk is. @param {Disk} disk @returns {"good" | "warn" | "bad"} */
export function diskMark({ free }) {
    return free < LEAST ? "bad" : free < LOW ? "warn" : "good";
}

/**
 * @param {{status: Status | null, firstPassword: boolean, checks: Check[]}} known @returns {Warning[]}
 */
export function warnings({ status, firstPassword, checks }) {
    const all = [
        ...(status ? ofStatus(status) : []),
        ...(firstPassword
            ? [{ kind: /** @type {const} */ ("warn"), key: "warning.password", facts: {}, href: "#/wizard" }]
            : []),
        ...ofChecks(checks),
    ];
    return [...all.filter((each) => each.kind === "bad"), ...all.filter((each) => each.kind === "warn")];
}

/** @param {Status} status @returns {Warning[]} */
function ofStatus(status) {
    const down = Object.entries(status.gateways).filter(([, state]) => gatewayMark(state) === "bad");
    const full = status.disks.filter((disk) => diskMark(disk) !== "good");
    return [
        ...status.lacking.map((what) => warning("bad", `warning.lacking.${what}`, { what }, "#/diagnostics")),
        ...down.map(([name, state]) =>
            warning("bad", "warning.gateway", { name, state }, `#/gateways/${encodeURIComponent(name)}`),
        ),
        ...full.map((disk) =>
            warning(
                diskMark(disk) === "bad" ? "bad" : "warn",
                `warning.disk.${disk.folder}`,
                { free: disk.free },
                "#/settings",
            ),
        ),
        ...(status.loop.held_up >= HELD_UP
            ? [warning("warn", "warning.loop", { count: status.loop.held_up }, "#/diagnostics")]
            : []),
    ];
}

/** The certificate by itself, the others by their number. @param {Check[]} checks @returns {Warning[]} */
function ofChecks(checks) {
    const wrong = checks.filter((check) => check.state === "warn" || check.state === "fail");
    const rest = wrong.filter((check) => check.name !== CERTIFICATE);
    const kind = (/** @type {Check} */ check) => (check.state === "fail" ? "bad" : "warn");
    return [
        ...wrong
            .filter((check) => check.name === CERTIFICATE)
            .map((check) => ({
                ...warning(kind(check), "warning.certificate", {}, "#/diagnostics"),
                text: check.text,
                fix: check.fix,
            })),
        ...(rest.length
            ? [
                  warning(
                      rest.some((check) => check.state === "fail") ? "bad" : "warn",
                      "warning.checks",
                      { count: rest.length },
                      "#/diagnostics",
                  ),
              ]
            : []),
    ];
}

/**
 * @param {"bad" | "warn"} kind @param {string} key @param {Record<string, string | number>} facts @param {string} href
 * @returns {Warning}
 */
function warning(kind, key, facts, href) {
    return { kind, key, facts, href };
}
