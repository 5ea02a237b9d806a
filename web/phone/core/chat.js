/** Messages of one user to another, both ways. */

/**
 * @typedef {object} Message
 * @property {string} id @property {"in" | "out"} way @property {string} text @property {number} at Date.now()
 * @property {string} name of who wrote it @property {"sending" | "sent" | "failed"} state
 * @typedef {import("./phone.js").Phone} Phone
 */

const LONGEST_THREAD = 500;

/** @param {Phone} phone @param {string} to number or name@domain @param {string} text @returns {Promise<Message>} */
export async function send(phone, to, text) {
    /** @type {Message} */
    const message = { id: crypto.randomUUID(), way: "out", text, at: Date.now(), name: "", state: "sending" };
    add(phone, to, message);
    try {
        await phone.request("verto.info", { msg: { to, body: text } });
        message.state = "sent";
    } catch {
        message.state = "failed";
    }
    phone.tell();
    return message;
}

/** @param {Phone} phone @param {import("./wire.js").Chat} said */
export function receive(phone, { from, name, text }) {
    /** @type {Message} */
    const message = { id: crypto.randomUUID(), way: "in", text, at: Date.now(), name, state: "sent" };
    add(phone, from, message);
    phone.dispatchEvent(new CustomEvent("message", { detail: message }));
}

/** @param {Phone} phone @param {string} with_ @param {Message} message */
function add(phone, with_, message) {
    const who = with_.split("@")[0] || with_; // of one server all are known by their names
    const thread = phone.chat.threads.get(who) ?? [];
    phone.chat.threads.set(who, [...thread, message].slice(-LONGEST_THREAD));
    phone.tell();
}
