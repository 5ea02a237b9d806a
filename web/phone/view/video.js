/** Pictures of a call: theirs large, mine small. The sound comes from elsewhere, so all of them are muted. */

import { h } from "../../base/dom.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */

/** @param {Panel} panel @param {Call} call */
export function pictures(panel, call) {
    const { mine, theirs, screen } = call.video;
    if (!mine && !theirs && !screen) {
        return null;
    }
    return h(
        "div",
        { key: "pictures", class: "pictures", part: "video" },
        theirs && call.remote && picture(call.remote, "theirs", panel.about("video.theirs", call)),
        !theirs && h("p", { class: "soft waiting" }, panel.about("video.waiting", call)),
        (mine || screen) &&
            call.local &&
            picture(call.local, screen ? "mine" : "mine mirrored", panel.say(screen ? "video.screen" : "video.mine")),
    );
}

/** @param {MediaStream} stream @param {string} side @param {string} label */
function picture(stream, side, label) {
    const tracks = stream
        .getVideoTracks()
        .map((track) => track.id)
        .join();
    return h("video", {
        key: `${side}-${stream.id}-${tracks}`,
        class: side,
        part: side.split(" ")[0],
        playsinline: true,
        "aria-label": label,
        ref: (/** @type {HTMLVideoElement} */ video) => {
            video.muted = video.autoplay = true;
            video.srcObject = stream;
            void video.play().catch(() => {}); // replaced before it began
        },
    });
}
