/** Numbers as people paste them, as links have them, and as they are dialed. */

const KEYS = ["", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];
const LONGEST = 200;
const WIDE = 0xfee0; // from ASCII to its full-width forms, which Chinese keyboards write
const NAME = /^[\p{L}\p{N}._+*#@-]+$/u;

/**
 * What to dial for what was typed or pasted: `+` and digits without what only makes them readable. Names of users,
 * feature codes and addresses stay as they are; what cannot be called gives "".
 * @param {unknown} given @returns {string}
 */
export function dialable(given) {
    const text = narrow(String(given ?? "")).replace(/[\p{Cc}\p{Cf}]/gu, "").trim().slice(0, LONGEST);
    const bare = unlinked(text);
    if (/\p{L}/u.test(bare)) {
        const name = bare.replace(/\s+/g, "");
        return isVanity(bare) ? digits(name).replace(/[^\d+*#]/g, "") : NAME.test(name) ? name : "";
    }
    const number = bare.replace(/\(0\)/, bare.trim().startsWith("+") ? "" : "0").replace(/[^\d+*#@.]/g, "");
    return /[@*#]/.test(number) ? number : number.replace(/[.@]/g, "").replace(/(?!^)\+/g, "");
}

/** What a `tel:` or `sip:` link calls, or "". @param {unknown} link @returns {string} */
export function linked(link) {
    const text = String(link ?? "").trim();
    return /^(tel|sips?|callto):/i.test(text) ? dialable(text) : "";
}

/** Letters as the digits whose keys they stand on. @param {string} text */
export function digits(text) {
    return text.toLowerCase().replace(/[a-z]/g, (letter) => String(KEYS.findIndex((key) => key.includes(letter))));
}

/** @param {string} text */
function unlinked(text) {
    const link = /^(tel|sips?|callto):(?:\/\/)?(.*)$/i.exec(text);
    if (!link) {
        return text;
    }
    const target = decoded((link[2] ?? "").split(/[;?]/)[0] ?? "");
    return /^tel|^callto/i.test(text) ? target : (target.split("@")[0] ?? "");
}

/** @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** Such as 0800-FLOWERS: a number whose letters stand for digits. @param {string} text */
function isVanity(text) {
    return /^\+?[\d\s().-]{3,}[\s.-][A-Z][A-Z\d\s.-]*$/.test(text);
}

/** @param {string} text */
function narrow(text) {
    return text.replace(/[！-～]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - WIDE)).replace(/　/g, " ");
}
