/** The steps of the first-run guide: which there are, which are done, where one goes on; pure. */

/**
 * @typedef {{first_password: boolean, demo: boolean, certificate: {self_signed: boolean, names: string[], until:
 * string, path: string | null} | null,
 *   https: boolean, public_address: {configured: string, addresses: string[], behind_nat_likely: boolean}, users:
 *   number, gateways: number,
 *   webrtc_port: number, domain: string, origins: string[]}} Setup */

export const STEPS = /** @type {const} */ (["password", "certificate", "address", "user", "call"]);

/**
 * Whether there is nothing to do any more. @param {string} step @param {Setup} setup @param {ReadonlySet<string>} done
 * what was done in this guide
 */
export function isDone(step, setup, done) {
    switch (step) {
        case "password":
            return done.has(step) || !setup.first_password;
        case "certificate":
            return setup.certificate !== null && !setup.certificate.self_signed;
        case "address":
            return setup.public_address.configured !== "" || !setup.public_address.behind_nat_likely;
        case "user":
            return done.has(step) || setup.users > 1;
        default:
            return done.has(step);
    }
}

/** The place of a step of the address: behind the last one all is done. @param {string | undefined} name */
export function placeOfStep(name) {
    const place = STEPS.indexOf(/** @type {any} */ (name));
    return name === "done" ? STEPS.length : Math.max(0, place);
}

/** What the address says at a place. @param {number} place @returns {string} */
export function stepAt(place) {
    return STEPS[Math.max(0, place)] ?? "done";
}

/** The next number for somebody: behind the highest there is. @param {string[]} numbers @returns {string} */
export function nextNumber(numbers) {
    const digits = numbers
        .filter((each) => /^\d{3,6}$/.test(each))
        .map(Number)
        .filter((each) => each >= 1000);
    return String(digits.length ? Math.max(...digits) + 1 : 1001);
}
