/** Lets the browser keep a text as a file. */

/** @param {string} name @param {string} text @param {string} kind such as "text/csv" */
export function saveText(name, text, kind) {
    const url = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
