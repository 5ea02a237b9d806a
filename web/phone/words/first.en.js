/** What the launcher says before the panel is there. */

/** @type {import("../../base/words.js").Words} */
export default {
    "launcher.off": "Phone: not logged in",
    "launcher.connecting": "Phone: connecting…",
    "launcher.ready": "Phone: ready",
    "launcher.lost": "Phone: connection lost, trying again…",
    "launcher.elsewhere": "Phone: in use in another tab",
    "launcher.refused": "Phone: not working. Open it to see why.",
    "launcher.ringing": "Phone: somebody is calling",
    "launcher.calling": "Phone: calling…",
    "launcher.active": "Phone: in a call, {time}",
    "launcher.held": "Phone: call on hold, {time}",
    "launcher.missed": { one: "Phone: ready, {count} missed call", other: "Phone: ready, {count} missed calls" },
    "launcher.failed": "The phone could not be loaded. Check the connection, then press the button again.",
};
