/** One of a resource: where it is, and how it is removed. */

import { words } from "./form.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("../hints.js").Resource} Resource */

/** The path of one. @param {Resource} about @param {any} item */
export function pathOf(about, item) {
    return `${about.path}/${encodeURIComponent(item[about.id])}`;
}

/** Ask, then remove one. @param {Site} site @param {Resource} about @param {any} item @returns {Promise<boolean>} */
export async function removeOne(site, about, item) {
    const { say } = site;
    const name = about.title(item);
    const question = {
        title: say(`${about.name}.remove`, { name }),
        text: words(say, `${about.name}.remove.text`),
        yes: say("remove"),
        danger: true,
    };
    if (!(await site.ask(question))) {
        return false;
    }
    try {
        await site.api.send("DELETE", pathOf(about, item));
        site.toast(say("removed", { name }));
        return true;
    } catch (error) {
        site.fail(error);
        return false;
    }
}
