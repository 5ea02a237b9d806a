/** Where the first-run guide is wanted, and that somebody wants it no more. */

import { recall, remember } from "./keep.js";

const NAME = "wizard";
const OVER = "over";

/** Whether the first password still counts, and whether to open the guide now.
 * @param {import("./site.js").Site} site @returns {Promise<{firstPassword: boolean, now: boolean}>} */
export async function wanted(site) {
    if (!site.may("config:read")) {
        return { firstPassword: false, now: false };
    }
    try {
        const setup = await site.api.get("/setup");
        const firstPassword = setup.first_password && !setup.demo; // a demo's is gone with it
        return { firstPassword, now: setup.first_password && recall(NAME) !== OVER };
    } catch {
        return { firstPassword: false, now: false }; // the page that asks says itself what is wrong
    }
}

/** Do not open it by itself again in this browser. */
export function dismiss() {
    remember(NAME, OVER);
}
