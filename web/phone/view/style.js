/** Looks of the launcher, and the colours of everything: a page changes them by `--xs-...` and `::part(...)`. */

export const style = `
:host { all: initial; display: contents; }
:host([hidden]) { display: none; }
:host([mode="inline"]) { display: block; min-height: 520px; height: 100%; }
:host([mode="button"]) { display: inline-block; vertical-align: middle; }
.root {
    --bg: var(--xs-bg, light-dark(#f5f6f8, #14171c));
    --surface: var(--xs-surface, light-dark(#ffffff, #1c2027));
    --raised: var(--xs-raised, light-dark(#eceff3, #272c35));
    --text: var(--xs-text, light-dark(#1b1f26, #e8ebf0));
    --soft: var(--xs-soft, light-dark(#59616e, #a0a9b8));
    --line: var(--xs-line, light-dark(#d6dbe2, #363d49));
    --accent: var(--xs-accent, light-dark(#0b62d6, #6ea8ff));
    --on-accent: var(--xs-on-accent, light-dark(#ffffff, #0c1420));
    --good: var(--xs-good, light-dark(#16753a, #5fd08a));
    --warn: var(--xs-warn, light-dark(#8a5a00, #f0b64a));
    --bad: var(--xs-bad, light-dark(#b3261e, #ff8a80));
    --on-bad: var(--xs-on-bad, light-dark(#ffffff, #2a0906));
    --on-good: var(--xs-on-good, light-dark(#ffffff, #062312));
    --radius: var(--xs-radius, 8px);
    --touch: var(--xs-touch, 44px);
    --edge: light-dark(#838c99, #6d7789);
    --shade: 0 1px 2px rgb(0 0 0 / .12), 0 12px 36px rgb(0 0 0 / .22);
    color-scheme: light dark;
    color: var(--text);
    font: 15px/1.45 var(--xs-font, system-ui, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
        "Microsoft YaHei", "Noto Sans CJK SC", sans-serif);
    font-variant-numeric: tabular-nums;
    text-align: start;
    -webkit-font-smoothing: antialiased;
}
.root[data-theme="light"] { color-scheme: light; }
.root[data-theme="dark"] { color-scheme: dark; }
.root.inline { height: 100%; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.icon {
    width: 1.5em; height: 1.5em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8;
    stroke-linecap: round; stroke-linejoin: round;
}
.icon .full { fill: currentColor; stroke: none; }
button { font: inherit; color: inherit; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.launcher {
    position: fixed; inset-block-end: max(20px, env(safe-area-inset-bottom)); right: 20px; z-index: 2147483000;
    display: grid; place-items: center; width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%;
    background: var(--accent); color: var(--on-accent); box-shadow: var(--shade); touch-action: none;
    transition: filter .15s;
}
.root.left .launcher { right: auto; left: 20px; }
.root.button .launcher { position: relative; inset: auto; box-shadow: none; }
.launcher:hover { filter: brightness(1.08); }
.launcher > .icon { width: 32px; height: 32px; }
.launcher:focus-visible { outline-offset: 3px; }
.badge {
    position: absolute; right: -4px; top: -4px; display: flex; align-items: center; justify-content: center; gap: 3px;
    min-width: 23px; height: 23px; padding: 0 3px; border: 2px solid var(--surface); border-radius: 12px;
    background: var(--soft); color: var(--surface); font-size: 12px; font-weight: 600; line-height: 1;
}
.root.left .badge { right: auto; left: -4px; }
.badge.long { padding: 0 7px 0 5px; }
.badge .icon { width: 13px; height: 13px; stroke-width: 3; }
.is-ready .badge, .is-active .badge, .is-calling .badge { background: var(--good); }
.is-lost .badge, .is-held .badge, .is-connecting .badge, .is-elsewhere .badge { background: var(--warn); }
.is-refused .badge, .is-ringing .badge { background: var(--bad); }
.count { max-width: 34px; overflow: hidden;
    position: absolute; right: -4px; bottom: -4px; min-width: 21px; height: 21px; padding: 0 5px; border-radius: 11px;
    border: 2px solid var(--surface); background: var(--bad); color: var(--on-bad); font-size: 11px;
    font-weight: 700; line-height: 17px;
}
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@keyframes ring { 0%, 40%, 100% { rotate: 0deg; } 8%, 24% { rotate: -13deg; } 16%, 32% { rotate: 13deg; } }
@keyframes turn { to { rotate: 360deg; } }
.is-ringing > .icon { animation: ring 1.2s infinite; }
.is-connecting .badge .icon, .is-lost .badge .icon { animation: turn 1.6s linear infinite; }
@media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media print { .launcher { display: none; } }
`;
