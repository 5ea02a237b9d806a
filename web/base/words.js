/** Words of a page in the language of who reads it; the words themselves are files, one a language. */

/** @typedef {string | {one?: string, other: string}} Phrase gaps are `{name}`; with forms, `{count}` says which */
/** @typedef {Record<string, Phrase>} Words */
/** @typedef {(key: string, facts?: Record<string, string | number>) => string} Say */

/** What people call each language, which is also the list of those we have. */
export const LANGUAGES = Object.freeze({ en: "English", zh: "中文" });

/** The first known one. @param {readonly (string | null | undefined)[]} wanted such as "zh-CN", best first */
export function chooseLanguage(wanted) {
    return wanted.map((each) => (each ?? "").toLowerCase().split("-")[0]).find((each) => each in LANGUAGES) ?? "en";
}

/** What `lang` attributes and `Intl` want. @param {string} language */
export function locale(language) {
    return language === "zh" ? "zh-CN" : language;
}

/**
 * A function that gives sentences with their gaps filled; a key without words is given as it is.
 * @param {Words} words @param {string} language @returns {Say}
 */
export function speaker(words, language) {
    const plural = new Intl.PluralRules(locale(language));
    const number = new Intl.NumberFormat(locale(language));
    return (key, facts = {}) => {
        const phrase = words[key] ?? key;
        const text = typeof phrase === "string" ? phrase : (phrase[form(plural, facts)] ?? phrase.other);
        return text.replace(/\{(\w+)\}/g, (_, name) => {
            const fact = facts[name] ?? "";
            return typeof fact === "number" ? number.format(fact) : fact;
        });
    };
}

/** @param {Intl.PluralRules} plural @param {Record<string, string | number>} facts @returns {"one" | "other"} */
function form(plural, facts) {
    return plural.select(Number(facts.count)) === "one" ? "one" : "other";
}
