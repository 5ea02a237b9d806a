/** How well each leg of a call is heard, or was: figures of both ways, with words. */

import { h } from "../../base/dom.js";
import { state } from "./figures.js";
import { sparkline } from "./sparkline.js";
import { number, partyName, quality, worst } from "./tell.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {{lost: number, loss: number, jitter: number, mos: number, worst?: number}} Way */
/** @typedef {{heard: Way | null, told: Way | null, rtt: number | null}} Measured */
/**
 * @typedef {{leg: string, side: string, door: string, party: import("./tell.js").Party, last: Measured | null, total:
 * Measured | null}} LegQuality
 */
/** @typedef {{at: string, by: string, figures: Record<string, any>}} Reported */

/**
 * @param {Site} site @param {{legs: LegQuality[], reported: Reported[]}} found @param {boolean} [over] the whole call
 * counts, not the last seconds
 */
export function legsQuality(site, found, over = false) {
    const measured = found.legs.map((leg) => ({ leg, now: over ? (leg.total ?? leg.last) : (leg.last ?? leg.total) }));
    const there = measured.filter((each) => each.now);
    if (!there.length) {
        return h("p", { class: "soft" }, site.say("quality.none"));
    }
    return [
        h(
            "div",
            { class: "halves" },
            there.map(({ leg, now }) =>
                h(
                    "div",
                    { key: leg.leg },
                    h("h3", {}, partyName(leg.party)),
                    wayTable(site, /** @type {Measured} */ (now)),
                ),
            ),
        ),
        reports(site, found.reported),
    ];
}

/** Both ways of a leg. @param {Site} site @param {Measured} measured */
export function wayTable(site, { heard, told, rtt }) {
    const { say, language } = site;
    const head = ["quality.way", "quality.mos", "quality.loss", "quality.jitter"].map((key) =>
        h("th", { scope: "col" }, say(key)),
    );
    const row = (/** @type {string} */ name, /** @type {Way | null} */ way) =>
        way &&
        h(
            "tr",
            { key: name },
            h("th", { scope: "row" }, say(`quality.${name}`)),
            h("td", {}, graded(site, way.mos)),
            h("td", {}, number(language, way.loss / 100, { style: "percent", maximumFractionDigits: 1 })),
            h("td", {}, ms(language, way.jitter)),
        );
    return [
        h(
            "div",
            { class: "rows plain" },
            h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, row("heard", heard), row("told", told))),
        ),
        rtt === null ? null : h("p", { class: "soft" }, say("quality.rtt", { time: ms(language, rtt) })),
    ];
}

/** A MOS with its word. @param {Site} site @param {number | null} mos */
export function graded(site, mos) {
    const grade = quality(mos);
    if (!grade || mos === null) {
        return "–";
    }
    const mark = grade === "good" ? "good" : grade === "bad" ? "bad" : "warn";
    return state(
        mark,
        site.say("quality.graded", {
            mos: number(site.language, mos, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
            word: site.say(`quality.${grade}`),
        }),
    );
}

/** The lower MOS of a record of a call. @param {Measured | null} measured */
export function mosOf(measured) {
    return worst([measured?.heard?.mos, measured?.told?.mos]);
}

/** What phones measured themselves. @param {Site} site @param {Reported[]} all */
function reports(site, all) {
    const { say } = site;
    const users = [...new Set(all.map((each) => each.by))];
    return users.map((user) => {
        const values = all.filter((each) => each.by === user).map((each) => each.figures["mos"] ?? null);
        return (
            values.some((each) => each !== null) &&
            h(
                "div",
                { class: "reported", key: user },
                h("span", {}, say("quality.reported", { who: user })),
                sparkline(say("quality.reported", { who: user }), values, 4.5),
                graded(site, values.at(-1)),
            )
        );
    });
}

/** @param {string} language @param {number} value */
function ms(language, value) {
    return number(language, value, { style: "unit", unit: "millisecond", maximumFractionDigits: value < 10 ? 1 : 0 });
}
