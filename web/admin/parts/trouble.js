/** What went wrong, said so that one knows what to do. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { translated } from "./faults.js";
import { icon } from "./icons.js";

/** @typedef {import("../../base/dom.js").Tree} Tree */
/** @typedef {import("../../base/words.js").Say} Say */

/** The codes that there are sentences for. */
const KNOWN = new Set([
    ...[
        "unreachable",
        "timeout",
        "malformed",
        "not_authenticated",
        "forbidden",
        "csrf",
        "not_found",
        "conflict",
        "taken",
    ],
    ...["precondition_failed", "too_large", "unsupported_media_type", "invalid", "too_many_requests", "call_failed"],
    ...["internal", "unavailable"],
]);

/** One sentence. @param {Say} say @param {unknown} error @returns {string} */
export function sentence(say, error) {
    const problem = problemOf(error);
    const key = KNOWN.has(problem.code) ? problem.code : "unknown";
    if (key === "too_many_requests" && problem.retryAfter > 0) {
        return say("problem.wait", { count: Math.ceil(problem.retryAfter) });
    }
    return inWords(say, problem.detail) ?? say(`problem.${key}`);
}

/** What the switch said itself, if there are words for it. @param {Say} say @param {string} detail */
function inWords(say, detail) {
    const told = translated(say, detail);
    return told.foreign ? null : told.text;
}

/**
 * What the switch said itself, which is English, for who can use it; "" if the sentence says it already.
 * @param {Say} say @param {unknown} error @returns {string}
 */
export function detailOf(say, error) {
    const problem = problemOf(error);
    if (inWords(say, problem.detail)) {
        return "";
    }
    return problem.detail || problem.errors.map((each) => `${each.pointer}: ${each.detail}`).join("; ");
}

/**
 * In the place of what could not be loaded or done.
 * @param {{say: Say}} site @param {unknown} error @param {(() => void) | null} [again] @returns {Tree}
 */
export function trouble(site, error, again) {
    const detail = detailOf(site.say, error);
    return h(
        "div",
        { class: "trouble", role: "alert" },
        icon("bad"),
        h(
            "div",
            {},
            h("p", {}, sentence(site.say, error)),
            detail && h("p", { class: "soft", lang: "en" }, detail),
            again && h("button", { type: "button", onclick: again }, site.say("again")),
        ),
    );
}
