/** Addresses that nothing is taken from. */

import { BLOCKS } from "../hints.js";
import { problemOf } from "../api.js";
import { resource } from "./resource.js";

/** @type {import("../parts/site.js").MakePage} */
export default function blocks(site, rest, query) {
    const { say } = site;
    return resource(site, rest, query, BLOCKS, {
        bulk: [
            {
                key: "remove",
                text: say("blocks.free"),
                yes: (count) => say("blocks.free.many", { count }),
                act: (item) => site.api.send("DELETE", `/blocks/${encodeURIComponent(item.source)}`).catch(gone),
            },
        ],
    });
}

/** It may have ended by itself. @param {unknown} error */
function gone(error) {
    if (problemOf(error).status !== 404) {
        throw error;
    }
}
