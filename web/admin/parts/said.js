/** What the checks of the switch say, which is English, in the reader's language. */

/** @typedef {import("../../base/words.js").Words} Words */
/** @typedef {{text: string, lang: string | null}} Told `lang`: of what there are no words for */
/** @typedef {(text: string) => Told} Interpreter */

/** Fetch the words of a language. @param {string} language @returns {Promise<Interpreter>} */
export async function interpreter(language) {
    if (language === "en") {
        return (text) => ({ text, lang: null });
    }
    const files = await Promise.all(["en", language].map((each) => import(`../words/${each}/doctor.js`)));
    const [english, own] = files.map((each) => each.default);
    return interpreting(english, own);
}

/** @param {Words} english whose sentences are what is looked for @param {Words} own @returns {Interpreter} */
export function interpreting(english, own) {
    const known = Object.entries(english).map(([key, phrase]) => ({ key, pattern: patternOf(String(phrase)) }));
    return (text) => {
        for (const { key, pattern } of known) {
            const found = pattern.exec(text);
            if (found) {
                const filled = String(own[key]).replace(/\{(\w+)\}/g, (_, gap) => found.groups?.[gap] ?? "");
                return { text: filled, lang: null };
            }
        }
        return { text, lang: "en" };
    };
}

/** @param {string} phrase */
function patternOf(phrase) {
    const literal = phrase.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
    return new RegExp(`^${literal.replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`);
}
