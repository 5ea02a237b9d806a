/** How long ago something was, or until it is. */

const UNITS = /** @type {const} */ ([
    ["year", 31_557_600],
    ["month", 2_629_800],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
]);

/**
 * Such as "3 minutes ago", "in 2 hours".
 * @param {string} locale @param {string} time RFC 3339 @param {number} [now] ms
 */
export function ago(locale, time, now = Date.now()) {
    const seconds = (Date.parse(time) - now) / 1000;
    const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
    return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.trunc(seconds / length), unit);
}
