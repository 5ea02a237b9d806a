/** The admin site: who is there, which page is shown, and what frames it. */

import { h } from "../base/dom.js";
import { problemOf } from "./api.js";
import { Away } from "./parts/away.js";
import { Frame } from "./parts/frame.js";
import { forget, keeps, recall, remember } from "./parts/keep.js";
import { Pages } from "./parts/pages.js";
import { Site } from "./parts/site.js";
import { trouble } from "./parts/trouble.js";
import login from "./pages/login.js";

/** @typedef {import("./parts/site.js").Me} Me */

/** Kept while somebody is logged in in this browser: else nobody needs to be asked who it is. */
const HERE = "here";

const site = new Site();
const pages = new Pages(site);
const frame = new Frame(site, pages, leave);
const away = new Away(site);
/** Why nothing can be said of who is there. @type {unknown} */
let lost = null;
/** @type {import("./parts/site.js").Page | null} */
let door = null;

/** @returns {import("../base/dom.js").Nested} */
function view() {
    if (lost) {
        return h("main", { key: "lost", class: "alone" }, trouble(site, lost, begin));
    }
    if (door) {
        return [h("main", { key: "door", class: "alone", id: "main" }, door.view()), site.toasts.view()];
    }
    return site.me ? [away.view(), frame.view(), site.toasts.view()] : h("main", { key: "wait", class: "alone" });
}

/** Find out who is there. */
async function begin() {
    lost = null;
    if (recall(HERE) === null && keeps()) {
        return shut();
    }
    try {
        enter(await site.api.get("/auth/me"));
    } catch (error) {
        const problem = problemOf(error);
        problem.status === 401 ? shut() : (lost = problem);
    }
    site.redraw();
}

/** Somebody is there. @param {Me} me */
function enter(me) {
    const other = site.me && site.me.name !== me.name;
    site.me = me;
    site.api.session(me.csrf, me.name);
    remember(HERE, "yes");
    door = null;
    document.body.classList.remove("shut");
    pages.open(other ?? false);
    site.redraw();
    phone();
}

/** Nobody is there any more; what somebody had begun to write waits for them. */
function shut() {
    if (!door) {
        site.dialogs.closeAll();
        pages.rest();
        site.api.session(null);
        forget(HERE);
        door = login(site, enter, site.me !== null);
        document.body.classList.add("shut");
        hang();
    }
    site.redraw();
}

/** Log out. */
async function leave() {
    if (pages.unsaved() && !(await pages.mayLeave())) {
        return;
    }
    pages.drop();
    site.api.rest();
    try {
        await site.api.send("POST", "/auth/logout");
    } catch (error) {
        if (problemOf(error).status !== 401) {
            pages.again();
            site.fail(error);
            return;
        }
    }
    forget("user");
    site.me = /** @type {any} */ (null);
    shut();
}

/** The phone of who has a number; a page without it works, too. */
async function phone() {
    if (site.phone || !site.me.number || !site.may("phone:write")) {
        return;
    }
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    try {
        await import(/** @type {string} */ ("../phone.js"));
    } catch {
        return; // site.call says that there is none
    }
    if (!site.me || site.phone) {
        return;
    }
    const element = /** @type {any} */ (document.createElement("xswitch-phone"));
    element.setAttribute("server", `${location.protocol.replace("http", "ws")}//${location.host}/ws`);
    element.setAttribute("mode", "dock");
    element.setAttribute("lang", site.locale);
    element.credentials = async () => {
        const { data } = await site.api.send("POST", "/phone/token");
        return { login: data.login, password: data.token, name: data.display_name, number: data.number };
    };
    site.phone = element;
    site.dress();
    document.body.append(element);
}

/** Nobody is there to phone. */
function hang() {
    site.phone?.remove();
    site.phone = null;
}

site.dress();
site.api.addEventListener("loggedout", () => site.me && shut());
site.show(/** @type {Element} */ (document.getElementById("site")), view);
site.speak(site.language).then(begin, begin);
