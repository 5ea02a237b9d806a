/** The files of the folder `web` as the rules see them: their code, their words, and what of it is comment. */

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** @typedef {{name: string, path: string, text: string, lines: string[], code: string}} File `code` has no comments */

export const WEB = fileURLToPath(new URL("../../web/", import.meta.url));

/** What may be between quotes. @type {Record<string, RegExp>} */
const WITHIN = { '"': /[^\\"\n]|\\[^]/y, "'": /[^\\'\n]|\\[^]/y, "`": /[^\\`]|\\[^]/y };

/** Every file with one of these endings, the name relative to `web`. @param {string[]} endings @returns {File[]} */
export function files(...endings) {
    const names = /** @type {string[]} */ (readdirSync(WEB, { recursive: true }));
    return names.filter((name) => endings.some((ending) => name.endsWith(ending))).sort().map((name) => read(name));
}

/** @param {string} name @returns {File} */
function read(name) {
    const text = readFileSync(path.join(WEB, name), "utf8");
    const code = name.endsWith(".js") || name.endsWith(".css") ? bare(text) : text;
    return { name: name.replaceAll(path.sep, "/"), path: path.join(WEB, name), text, lines: text.split("\n"), code };
}

/** The words of one part of the site in one language. @param {string} area such as "phone" @param {string} language */
export async function words(area, language) {
    const found = files(".js").filter((file) => isWords(file.name, area, language));
    const all = await Promise.all(found.map((file) => import(pathToFileURL(file.path).href)));
    return { files: found.map((file) => file.name), words: Object.assign({}, ...all.map((each) => each.default)) };
}

/** Whether a file holds words. @param {string} name @param {string} area @param {string} [language] */
export function isWords(name, area, language = "(en|zh)") {
    return new RegExp(`^${area}/words(/|/.*[./-])${language}(/.*)?\\.js$|^${area}/words/${language}\\.js$`).test(name);
}

/** Code without its comments; line breaks stay, so that lines keep their numbers. @param {string} text */
export function bare(text) {
    let out = "";
    for (let at = 0; at < text.length; ) {
        const [kind, end] = token(text, at, out);
        const piece = text.slice(at, end);
        out += kind === "comment" ? piece.replace(/[^\n]/g, "") : piece;
        at = end;
    }
    return out;
}

/**
 * What begins here, and where it ends.
 * @param {string} text @param {number} at @param {string} before @returns {[string, number]}
 */
function token(text, at, before) {
    const rest = text.slice(at, at + 2);
    if (rest === "//") {
        return ["comment", to(text, "\n", at)];
    }
    if (rest === "/*") {
        return ["comment", to(text, "*/", at) + 2];
    }
    if (rest[0] === "/" && /(^|[(,=:[!&|?{};>]|return|=>)\s*$/.test(before.slice(-20))) {
        return ["pattern", quoted(text, at, /[^\\[/\n]|\\.|\[(\\.|[^\]\\])*\]/y)];
    }
    if (rest[0] in WITHIN) {
        return ["string", quoted(text, at, WITHIN[rest[0]])];
    }
    return ["code", at + 1];
}

/** @param {string} text @param {string} what @param {number} from */
function to(text, what, from) {
    const end = text.indexOf(what, from);
    return end < 0 ? text.length : end;
}

/** Behind the closing quote. @param {string} text @param {number} at @param {RegExp} piece what may be between */
function quoted(text, at, piece) {
    let end = at + 1;
    for (piece.lastIndex = end; piece.test(text); piece.lastIndex = end) {
        end = piece.lastIndex;
    }
    return end + 1;
}
