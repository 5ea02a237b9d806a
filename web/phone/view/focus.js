/** Where the focus goes: into what is new, round within a dialog, along a group by the arrow keys. */

const FOCUSABLE =
    "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea, [tabindex='0']";

/** The focus goes round within a dialog. @param {HTMLElement} dialog @param {KeyboardEvent} event */
export function keep(dialog, event) {
    const all = [.../** @type {NodeListOf<HTMLElement>} */ (dialog.querySelectorAll(FOCUSABLE))];
    const able = all.filter((each) => each.tabIndex >= 0 && !each.closest("[inert], [hidden]"));
    const now = /** @type {ShadowRoot} */ (dialog.getRootNode()).activeElement;
    const [first, last] = [able[0], able.at(-1)];
    if (event.shiftKey && (now === first || now === dialog)) {
        event.preventDefault();
        last?.focus();
    } else if (!event.shiftKey && now === last) {
        event.preventDefault();
        first?.focus();
    }
}

/** Put the focus into what is about to be drawn. @param {ShadowRoot} root @param {string} where */
export function hold(root, where) {
    queueMicrotask(() => {
        const places = where.split(", ").map((each) => /** @type {HTMLElement | null} */ (root.querySelector(each)));
        const place = places.find((each) => each);
        const itself = place?.matches("button, input, .panel");
        const inner = itself ? null : (place?.querySelector(".first") ?? place?.querySelector("input, button, select"));
        /** @type {HTMLElement | null | undefined} */ (inner ?? place)?.focus();
    });
}

/** Arrow keys go from one to the next of a group. @param {KeyboardEvent} event */
export function rove(event) {
    const group = /** @type {HTMLElement} */ (event.currentTarget);
    const all = [.../** @type {NodeListOf<HTMLElement>} */ (group.querySelectorAll("button"))];
    const at = all.indexOf(/** @type {any} */ (event.target));
    const columns = Number(group.dataset.columns ?? 0);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns || 1, ArrowUp: -(columns || 1) }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : step === undefined ? -1 : at + step;
    if (at >= 0 && (step !== undefined || event.key === "Home" || event.key === "End")) {
        event.preventDefault();
        event.stopPropagation();
        const next = columns ? all[to] : all[(to + all.length) % all.length];
        next?.focus();
        if (next?.getAttribute("role") === "tab") {
            next.click();
        }
    }
}
