/** Reads server-sent events out of pieces of text (HTML Living Standard, section 9.2.6). */

/** @typedef {{id: string, event: string, data: string}} Message */

/** Give it the text as it comes; it gives the messages that are complete. */
export class MessageReader {
    constructor() {
        this._rest = "";
        this._id = "";
        this._event = "";
        /** @type {string[]} */
        this._data = [];
    }

    /** @param {string} text @returns {Message[]} */
    read(text) {
        const lines = (this._rest + text).split(/\r\n|\n|\r(?!$)/);
        this._rest = lines.pop() ?? "";
        return lines.map((line) => this._line(line)).filter((message) => message !== null);
    }

    /** @param {string} line @returns {Message | null} */
    _line(line) {
        if (line === "") {
            return this._done();
        }
        const colon = line.indexOf(":");
        const [name, rest] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
        const value = rest.startsWith(" ") ? rest.slice(1) : rest;
        if (name === "data") {
            this._data.push(value);
        } else if (name === "event") {
            this._event = value;
        } else if (name === "id" && !value.includes("\0")) {
            this._id = value;
        }
        return null;
    }

    /** @returns {Message | null} */
    _done() {
        const message = { id: this._id, event: this._event || "message", data: this._data.join("\n") };
        const empty = this._data.length === 0;
        this._data = [];
        this._event = "";
        return empty ? null : message;
    }
}
