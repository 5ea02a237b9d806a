/**
 * Draws trees of plain objects into the page, and touches only what differs.
 *
 *     draw(root, [h("button", { class: "primary", onclick: press }, "Call"), busy && h("p", {}, text)])
 *
 * What is written is always text, never markup. An element that keeps its place keeps its focus and its selection.
 */

/**
 * @typedef {Record<string, any>} Props
 * `key`: which of its siblings an element is, for lists that change. `ref`: called with the element when it is made.
 * `own: true`: who made the element fills it. `style`: CSS properties by name. `on...`: a listener.
 * `value`, `checked`, `selected`: what the field shall have now; `defaultValue`, `defaultChecked`: what it begins with.
 * All else is an attribute: true is an empty one; false, null and undefined are none.
 */
/** @typedef {{tag: string, props: Props, children: Child[]}} Tree */
/** @typedef {Tree | string | number | boolean | null | undefined} Child false, true, null and undefined draw nothing */
/** @typedef {Child | Nested[]} Nested */

const SVG = "http://www.w3.org/2000/svg";
const LIVE = new Set(["value", "checked", "selected", "indeterminate"]);
const FIRST = new Set(["defaultValue", "defaultChecked"]);

/** What an element was drawn from. @type {WeakMap<Node, Tree>} */
const drawn = new WeakMap();

/**
 * An element to be drawn.
 * @param {string} tag @param {Props | null} [props] @param {Nested[]} children @returns {Tree}
 */
export function h(tag, props, ...children) {
    return { tag, props: props ?? {}, children: flat(children) };
}

/** @param {any[]} nested @returns {Child[]} */
function flat(nested) {
    return nested.flat(Infinity);
}

/** Let the content of an element be this. @param {Node} root @param {Nested} content */
export function draw(root, content) {
    fill(root, flat([content]), root instanceof Element && root.namespaceURI === SVG);
}

/**
 * Draw what `view` gives, and again once for all calls of the returned function in one turn of the page.
 * @param {Node} root @param {() => Nested} view @returns {() => void}
 */
export function mount(root, view) {
    let due = false;
    const now = () => {
        due = false;
        draw(root, view());
    };
    now();
    return () => {
        if (!due) {
            due = true;
            queueMicrotask(now);
        }
    };
}

/** @param {Node} root @param {Child[]} children @param {boolean} svg */
function fill(root, children, svg) {
    const known = keyed(root);
    drop(root, known, children); // first: whoever stays need not move, and keeps the focus
    let place = root.firstChild;
    for (const child of children) {
        if (child === null || child === undefined || typeof child === "boolean") {
            continue;
        }
        const fit = fitting(place, child, known);
        const node = fit ?? make(child, svg);
        if (node === place) {
            place = place.nextSibling;
        } else {
            root.insertBefore(node, place);
        }
        if (fit) {
            change(node, child);
        }
    }
    while (place) {
        const next = place.nextSibling;
        root.removeChild(place);
        place = next;
    }
}

/**
 * Take away the keyed elements that are wanted no more.
 * @param {Node} root @param {Map<any, Node>} known @param {Child[]} children
 */
function drop(root, known, children) {
    const wanted = new Set(children.map((child) => child && typeof child === "object" && child.props.key));
    for (const [key, node] of known) {
        if (!wanted.has(key)) {
            root.removeChild(node);
            known.delete(key);
        }
    }
}

/** The keyed elements there are. @param {Node} root @returns {Map<any, Node>} */
function keyed(root) {
    const found = new Map();
    for (let node = root.firstChild; node; node = node.nextSibling) {
        const key = drawn.get(node)?.props.key;
        if (key !== undefined) {
            found.set(key, node);
        }
    }
    return found;
}

/**
 * The node that a child can be, if there is one.
 * @param {Node | null} place @param {Child} child @param {Map<any, Node>} known
 */
function fitting(place, child, known) {
    if (typeof child !== "object" || child === null) {
        return place?.nodeType === 3 ? place : null;
    }
    const key = child.props.key;
    const node = key === undefined ? place : known.get(key);
    const tree = node && drawn.get(node);
    return tree && tree.tag === child.tag && tree.props.key === key ? node : null;
}

/** @param {Exclude<Child, boolean | null | undefined>} child @param {boolean} svg @returns {Node} */
function make(child, svg) {
    if (typeof child !== "object") {
        return document.createTextNode(String(child));
    }
    const inSvg = svg || child.tag === "svg";
    const element = inSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
    dress(element, {}, child.props);
    if (!child.props.own) {
        fill(element, child.children, inSvg && child.tag !== "foreignObject");
    }
    live(element, child.props); // behind the children: a list has no value before it has options
    drawn.set(element, child);
    child.props.ref?.(element);
    return element;
}

/** @param {Node} node @param {Exclude<Child, boolean | null | undefined>} child */
function change(node, child) {
    if (typeof child !== "object") {
        if (node.nodeValue !== String(child)) {
            node.nodeValue = String(child);
        }
        return;
    }
    const element = /** @type {Element} */ (node);
    dress(element, /** @type {Tree} */ (drawn.get(element)).props, child.props);
    if (!child.props.own) {
        fill(element, child.children, element.namespaceURI === SVG);
    }
    live(element, child.props);
    drawn.set(element, child);
}

/** @param {Element} element @param {Props} before @param {Props} now */
function dress(element, before, now) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const [old, value] = [before[name], now[name]];
        if (old === value || LIVE.has(name) || name === "key" || name === "ref" || name === "own") {
            continue;
        }
        if (name.startsWith("on")) {
            listen(element, name.slice(2), old, value);
        } else if (name === "style") {
            paint(/** @type {HTMLElement} */ (element), old ?? {}, value ?? {});
        } else if (FIRST.has(name)) {
            /** @type {any} */ (element)[name] = value;
        } else if (value === undefined || value === null || value === false) {
            element.removeAttribute(name);
        } else {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
}

/** @param {Element} element @param {string} kind @param {any} old @param {any} now */
function listen(element, kind, old, now) {
    if (old) {
        element.removeEventListener(kind, old);
    }
    if (now) {
        element.addEventListener(kind, now);
    }
}

/**
 * By script, which a policy without inline styles allows.
 * @param {HTMLElement} element @param {Props} old @param {Props} now
 */
function paint(element, old, now) {
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
        element.style.setProperty(name, now[name] ?? "");
    }
}

/** What people change themselves is compared with what there is. @param {Element} element @param {Props} props */
function live(element, props) {
    for (const name of LIVE) {
        const field = /** @type {any} */ (element);
        if (name in props && field[name] !== props[name]) {
            field[name] = props[name] ?? "";
        }
    }
}
