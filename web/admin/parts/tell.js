/** How figures, times, parties and causes are written for people. */

import { locale } from "../../base/words.js";
import en from "../../base/causes/en.js";
import zh from "../../base/causes/zh.js";

/** @typedef {{name: string, number: string}} Party */

/** @type {Record<string, Record<string, string>>} */
const CAUSES = { en, zh };
const STEPS = [1, 1024, 1024 ** 2, 1024 ** 3, 1024 ** 4];
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** Lower limits of MOS and their words, best first (ITU-T G.107 annex B). */
const MOS = /** @type {const} */ ([
    [4.03, "good"],
    [3.6, "fair"],
    [3.1, "poor"],
    [0, "bad"],
]);

/** A cause in words; its name if there are none for it. @param {string} language @param {string | null} cause */
export function causeWords(language, cause) {
    return cause ? (CAUSES[language]?.[cause] ?? cause) : "";
}

/** Causes with words, in their order. @param {string} language @returns {[string, string][]} */
export function causeList(language) {
    return Object.entries(CAUSES[language] ?? en);
}

/** Seconds as a clock shows them: 0:07, 12:05, 1:02:03. @param {number | null | undefined} seconds */
export function clock(seconds) {
    const whole = Math.max(0, Math.floor(seconds ?? 0));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (/** @type {number} */ each) => String(each).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A length of time in its two largest units. @param {string} language @param {number} seconds */
export function span(language, seconds) {
    const parts = /** @type {[string, number][]} */ ([
        ["day", Math.floor(seconds / 86400)],
        ["hour", Math.floor(seconds / 3600) % 24],
        ["minute", Math.floor(seconds / 60) % 60],
        ["second", Math.floor(seconds) % 60],
    ]);
    const first = Math.min(parts.findIndex(([, count]) => count > 0) >>> 0, parts.length - 1);
    return parts
        .slice(first, first + 2)
        .filter(([, count], place) => count > 0 || place === 0)
        .map(([unit, count]) => number(language, count, { style: "unit", unit, unitDisplay: "short" }))
        .join(" ");
}

/** Bytes. @param {string} language @param {number} count */
export function bytes(language, count) {
    const step = STEPS.findLastIndex((each) => count >= each);
    const at = Math.max(step, 0);
    const value = count / /** @type {number} */ (STEPS[at]);
    const digits = value >= 100 || at === 0 ? 0 : 1;
    const unit = /** @type {string} */ (UNITS[at]);
    return number(language, value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits });
}

/** @param {string} language @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(language, value, options) {
    return new Intl.NumberFormat(locale(language), options).format(value);
}

/** A share of 1 as percent. @param {string} language @param {number} share */
export function percent(language, share) {
    return number(language, share, { style: "percent", maximumFractionDigits: share < 0.1 && share > 0 ? 1 : 0 });
}

/** Date and time; with seconds unless told otherwise. @param {string} language @param {string | number | null} at */
export function moment(language, at) {
    return at === null
        ? ""
        : new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));
}

/** The time of the day, in minutes. @param {string} language @param {string | number} at */
export function timeOfDay(language, at) {
    return new Intl.DateTimeFormat(locale(language), { timeStyle: "short" }).format(new Date(at));
}

/** A party as one writes it: its number, with the name where there is one. @param {Party | null | undefined} party */
export function partyName(party) {
    const { name = "", number: digits = "" } = party ?? {};
    return name && digits && name !== digits ? `${digits} · ${name}` : digits || name || "–";
}

/**
 * Which of four steps a MOS is. @param {number | null | undefined} mos @returns {"good" | "fair" | "poor" | "bad" |
 * ""}
 */
export function quality(mos) {
    if (mos === null || mos === undefined) {
        return "";
    }
    return MOS.find(([least]) => mos >= least)?.[1] ?? "bad";
}

/** The lower one of those there are. @param {(number | null | undefined)[]} values @returns {number | null} */
export function worst(values) {
    const there = values.filter((each) => each !== null && each !== undefined);
    return there.length ? Math.min(...there) : null;
}
