/** Looks of the panel: its frame, the pad, lists and forms. */

export const panelStyle = `
.failed { position: fixed; right: 20px; bottom: 88px; z-index: 2147483000; max-width: 280px; margin: 0;
padding: 10px 14px;
    border-radius: var(--radius); background: var(--surface); box-shadow: var(--shade); }
.root.left .failed { right: auto; left: 20px; }
.panel {
    position: fixed; right: 20px; bottom: 88px; z-index: 2147483000; display: flex; flex-direction: column;
    width: 360px; height: 660px; max-width: calc(100vw - 40px); max-height: calc(100vh - 108px);
    max-height: calc(100dvh - 108px);
    overflow: hidden; border: 1px solid var(--line); border-radius: 16px; background: var(--surface);
    box-shadow: var(--shade); animation: rise .16s ease-out;
}
.panel:focus { outline: none; }
.root.left .panel { right: auto; left: 20px; }
.root.inline .panel {
    position: relative; inset: auto; width: 100%; height: 100%; min-height: 520px; max-width: none;
    max-height: none; animation: none; box-shadow: none;
}
.root.inline .body > :not(.banner) { width: min(100%, 480px); margin-inline: auto; }
@keyframes rise { from { opacity: 0; translate: 0 8px; } }
p, h2, ul, ol, dl, dd, figure, fieldset { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h2 { font-size: 17px; font-weight: 650; line-height: 1.3; }
a { color: var(--accent); overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: 13px; }
.strong { font-weight: 600; }
.grow { flex: 1; min-width: 0; }
.row { display: flex; align-items: center; gap: 8px; }
.wrap { flex-wrap: wrap; }
.bad-text { color: var(--bad); font-size: 14px; }
.bad-text:empty { display: none; }

/* buttons */
.round {
    display: grid; place-items: center; flex: none; width: 44px; height: 44px; padding: 0; border: 0;
    border-radius: 50%; background: none; color: var(--soft);
}
.round:hover { background: var(--raised); color: var(--text); }
.round .icon { width: 21px; height: 21px; }
.main, .small, .call, .answer, .end {
    display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: var(--touch);
    padding: 6px 16px;
    border: 1px solid transparent; border-radius: 10px; background: var(--accent); color: var(--on-accent);
    font-weight: 600; text-align: center;
}
.main .icon, .small .icon, .call .icon, .answer .icon, .end .icon { width: 19px; height: 19px; }
.small {
    padding: 6px 12px; border-color: var(--line); background: var(--surface); color: var(--text); font-weight: 500;
    font-size: 14px;
}
.small:hover { background: var(--raised); }
.main:hover, .call:hover, .answer:hover, .end:hover { filter: brightness(1.08); }
.call, .answer { background: var(--good); color: var(--on-good); }
.end { background: var(--bad); color: var(--on-bad); }
.wide { width: 100%; }
button:disabled { opacity: .45; cursor: default; filter: none; }
.main.round { width: 44px; padding: 0; border-radius: 50%; color: var(--on-accent); background: var(--accent); }

/* head, tabs, menu */
.head {
    position: relative; display: flex; align-items: center; gap: 10px; padding: 8px 8px 8px 16px;
    border-bottom: 1px solid var(--line);
}
.who { display: flex; flex: 1; flex-direction: column; min-width: 0; line-height: 1.25; }
.who strong { overflow: hidden; font-weight: 650; text-overflow: ellipsis; white-space: nowrap; }
.lamp {
    display: grid; place-items: center; flex: none; width: 24px; height: 24px; border-radius: 50%;
    background: var(--soft); color: var(--surface);
}
.lamp .icon { width: 14px; height: 14px; stroke-width: 3; }
.lamp.is-ready { background: var(--good); }
.lamp.is-lost, .lamp.is-connecting, .lamp.is-elsewhere { background: var(--warn); }
.lamp.is-refused { background: var(--bad); }
.lamp.is-lost .icon, .lamp.is-connecting .icon { animation: turn 1.6s linear infinite; }
.menu {
    position: absolute; z-index: 3; top: 50px; right: 12px; min-width: 220px; padding: 6px;
    border: 1px solid var(--line); border-radius: 12px; background: var(--surface); box-shadow: var(--shade);
}
.menu button {
    display: block; width: 100%; min-height: 44px; padding: 8px 12px; border: 0; border-radius: 8px;
    background: none; text-align: start;
}
.menu button:hover, .menu button:focus-visible { background: var(--raised); }
.tabs { border-top: 1px solid var(--line); background: var(--surface); }
.tabs > div { display: grid; grid-template-columns: repeat(4, 1fr); }
.tabs button {
    display: flex; flex-direction: column; align-items: center; gap: 1px; min-width: 0; min-height: 58px;
    padding: 7px 2px 6px; border: 0; background: none; color: var(--soft); font-size: 12px;
}
.tabs button:hover { color: var(--text); }
.tabs button[aria-selected="true"] { color: var(--accent); font-weight: 600; box-shadow: inset 0 2px var(--accent); }
.tabs button:focus-visible { outline-offset: -3px; border-radius: 8px; }
.mark { position: relative; }
.mark .icon { display: block; }
.mark .count { right: -14px; bottom: auto; top: -7px; }
.body {
    display: flex; flex: 1; flex-direction: column; min-height: 0; overflow: hidden auto;
    overscroll-behavior: contain;
}
.tab { display: flex; flex: 1; flex-direction: column; min-width: 0; }
.sizer {
    position: absolute; z-index: 2; top: 0; left: 0; display: grid; width: 24px; height: 24px; padding: 0;
    border: 0; background: none; color: var(--soft); opacity: 0; cursor: nwse-resize; touch-action: none;
}
.root.left .sizer { right: 0; left: auto; rotate: 90deg; }
.sizer .icon { width: 15px; height: 15px; margin: 4px; }
.panel:hover > .sizer, .sizer:focus-visible { opacity: .8; }
.toast {
    position: fixed; right: 20px; bottom: 88px; z-index: 2147483001; width: min(360px, calc(100vw - 24px));
    animation: rise .2s ease-out;
}
.root.left .toast { right: auto; left: 20px; }
.root.button .toast { bottom: 20px; }
.root.button .panel { bottom: 20px; max-height: calc(100dvh - 40px); }

/* what is wrong, what happened */
.banner {
    display: flex; flex-direction: column; gap: 8px; margin: 12px 12px 0; padding: 10px 14px;
    border: 1px solid var(--line); border-inline-start: 4px solid var(--accent); border-radius: var(--radius);
    background: var(--bg); font-size: 14px;
}
.banner.warn { border-inline-start-color: var(--warn); }
.banner.bad { border-inline-start-color: var(--bad); }
.fix { display: flex; flex-direction: column; gap: 8px; align-items: flex-start; font-size: 14px; }
.fix:empty { display: none; }
.where { width: 100%; }
.where svg { display: block; width: 100%; max-width: 320px; }
.where .bar { fill: var(--surface); stroke: var(--line); }
.where .address { fill: var(--line); }
.where .faint { opacity: .5; }
.where .ink { fill: none; stroke: var(--text); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.where .ring { fill: none; stroke: var(--bad); stroke-width: 2.5; }
.where .arrow { fill: none; stroke: var(--bad); stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.notices { display: flex; flex-direction: column; }
.notice {
    display: flex; align-items: flex-start; gap: 10px; margin: 12px 12px 0; padding: 4px 4px 4px 14px;
    border: 1px solid var(--line); border-radius: var(--radius); background: var(--bg); font-size: 14px;
}
.notice > .icon { width: 19px; height: 19px; margin-top: 11px; color: var(--soft); }
.notice > .grow { display: flex; flex-direction: column; gap: 8px; align-items: flex-start; padding: 10px 0; }
.notice .small { min-height: 44px; }
.notice.bad > .icon { color: var(--bad); }
.notice.good > .icon { color: var(--good); }

/* pad */
.pad {
    display: flex; flex: 1; flex-direction: column; gap: 6px; justify-content: space-evenly;
    padding: 12px 22px 16px;
}
.number {
    width: 100%; min-height: 52px; padding: 4px 8px; border: 0; border-bottom: 2px solid var(--edge);
    border-radius: 8px 8px 0 0; background: none; color: var(--text); font: inherit; font-size: 24px;
    text-align: center;
}
.number::placeholder { color: var(--soft); font-size: 17px; }
.number:focus-visible { border-color: var(--accent); outline: none; box-shadow: 0 1px var(--accent); }
.suggestions { border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.suggestions li { display: flex; justify-content: space-between; gap: 12px; padding: 11px 12px; cursor: pointer; }
.suggestions li:hover, .suggestions li[aria-selected="true"] { background: var(--raised); }
.keys {
    display: grid; flex: 0 1 252px; grid-template-columns: repeat(3, 1fr); grid-auto-rows: minmax(44px, 1fr);
    gap: 6px 14px; justify-items: center;
}
.key {
    display: flex; flex-direction: column; align-items: center; justify-content: center; width: 100%;
    max-width: 92px; height: 100%; padding: 2px; border: 0; border-radius: 16px; background: var(--raised);
    line-height: 1.05; touch-action: manipulation; user-select: none;
}
.key:hover { filter: brightness(.97); }
.key:active { background: var(--accent); color: var(--on-accent); }
.key .digit { font-size: 24px; font-weight: 450; }
.key .letters { height: 12px; font-size: 11px; letter-spacing: .09em; color: var(--soft); }
.key:active .letters { color: inherit; }
.go { display: grid; grid-template-columns: 56px 1fr 56px; gap: 10px; align-items: center; margin-top: 4px; }
.go .call { min-height: 54px; border-radius: 27px; font-size: 17px; }
.big { width: 56px; height: 54px; }
.big .icon { width: 25px; height: 25px; }

/* lists */
.list { padding: 4px 8px; }
.entry {
    display: flex; align-items: center; gap: 12px; width: 100%; min-height: 60px; padding: 8px; border: 0;
    border-radius: 10px; background: none; text-align: start;
}
.entry:hover { background: var(--raised); }
.entry .grow { display: flex; flex-direction: column; line-height: 1.3; }
.entry .grow .soft { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.entry .name { overflow: hidden; font-weight: 550; text-overflow: ellipsis; white-space: nowrap; }
.entry.missed .name, .entry.missed .way { color: var(--bad); }
.entry time { flex: none; }
.way { color: var(--soft); }
.way .icon { display: block; width: 18px; height: 18px; }
.entry .count, .entry.fresh .count { position: static; border: 0; line-height: 21px; text-align: center; }
.entry.fresh .name { font-weight: 700; }
.empty {
    display: flex; flex-direction: column; gap: 12px; align-items: center; margin: auto; padding: 24px;
    color: var(--soft); text-align: center;
}
.empty > .icon { width: 40px; height: 40px; stroke-width: 1.3; }
.body .list + .small { width: auto; margin: 4px 16px 16px; }

/* forms */
.login, .ready, .choosing, .transfer { display: flex; flex-direction: column; gap: 14px; padding: 18px 20px 22px; }
.login label, .field { display: flex; flex-direction: column; gap: 5px; font-size: 14px; font-weight: 550; }
input[type="text"]:not(.number), input[type="password"], input[type="url"], select, textarea {
    width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--edge); border-radius: var(--radius);
    background: var(--surface); color: var(--text); font: inherit; font-weight: 400;
}
select { appearance: none; padding-inline-end: 32px; text-overflow: ellipsis;
    background-image: linear-gradient(45deg, transparent 50%, var(--soft) 50%),
        linear-gradient(135deg, var(--soft) 50%, transparent 50%);
    background-position: right 17px center, right 12px center; background-size: 5px 5px; background-repeat: no-repeat; }
textarea { resize: none; field-sizing: content; max-height: 120px; }
input[aria-invalid="true"] { border-color: var(--bad); }
.login .banner { margin: 0; }
.group { display: flex; flex-direction: column; gap: 10px; min-width: 0; border: 0; }
.group + .group { padding-top: 14px; border-top: 1px solid var(--line); }
.group legend { float: left; width: 100%; margin: 0; padding: 0; font-weight: 650; }
.group legend + * { clear: both; }
.switch { display: flex; align-items: center; gap: 12px; min-height: 44px; cursor: pointer; }
.switch input {
    position: relative; flex: none; order: 1; width: 42px; height: 24px; margin: 0; border: 1px solid var(--edge);
    border-radius: 12px; background: var(--raised); appearance: none; cursor: pointer; transition: background .15s;
}
.switch input::before {
    content: ""; position: absolute; top: 2px; left: 2px; width: 18px; height: 18px; border-radius: 50%;
    background: var(--edge); transition: translate .15s;
}
.switch input:checked { border-color: var(--accent); background: var(--accent); }
.switch input:checked::before { background: var(--on-accent); translate: 18px; }
.switch span { flex: 1; }
.steps { display: flex; flex-direction: column; gap: 12px; }
.step { display: flex; gap: 12px; }
.step > .grow, .step [role="alert"] { display: flex; flex-direction: column; gap: 8px; }
.step.ok .lamp { background: var(--good); }
.step.fail .lamp { background: var(--bad); color: var(--on-bad); }
.step.wait .lamp { background: var(--warn); }
.step.wait .lamp .icon { animation: turn 1.6s linear infinite; }
.step.idle .lamp, .step.later .lamp { border: 2px dashed var(--edge); background: none; }
.ask { display: flex; flex-direction: column; gap: 12px; padding: 14px; border-radius: 12px; background: var(--bg); }

/* messages */
.new { padding: 12px 16px 4px; }
.thread { display: flex; flex: 1; flex-direction: column; min-height: 0; }
.thread > .row { padding: 6px 8px; border-bottom: 1px solid var(--line); }
.thread > form.row { align-items: flex-end; padding: 10px 12px; border-top: 1px solid var(--line); border-bottom: 0; }
.thread .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tab.chat { min-height: 0; overflow: hidden auto; }
.messages {
    display: flex; flex: 1; flex-direction: column; gap: 10px; min-height: 0; padding: 14px; overflow: hidden auto;
}
.messages:focus-visible { outline-offset: -3px; }
.messages > :first-child { margin-top: auto; }
.message { display: flex; flex-direction: column; gap: 2px; align-items: flex-start; max-width: 84%; }
.message.out { align-self: flex-end; align-items: flex-end; }
.bubble { padding: 8px 13px; border-radius: 15px 15px 15px 4px; background: var(--raised); white-space: pre-wrap; }
.message.out .bubble { border-radius: 15px 15px 4px 15px; background: var(--accent); color: var(--on-accent); }
.message .soft { display: flex; gap: 8px; font-size: 12px; }
.delivery { display: inline-flex; gap: 3px; align-items: center; }
.delivery .icon { width: 13px; height: 13px; }
.message.failed .delivery { color: var(--bad); }

@media (max-width: 479px) {
    .sizer { display: none; }
    .root:not(.inline) .panel {
        inset: 0; width: auto; height: auto; max-width: none; max-height: none; border: 0; border-radius: 0;
        padding-bottom: env(safe-area-inset-bottom);
    }
    .root:not(.inline) .toast { right: 12px; left: 12px; bottom: 12px; width: auto; }
    .keys { flex-basis: 276px; }
    .key { max-width: 104px; }
}
@media (max-height: 620px) { .pad { gap: 4px; padding-block: 6px 10px; } .number { min-height: 44px; } }
@media print { .panel, .toast { display: none; } }
@media (forced-colors: active) {
    .panel, .key, .tool, .incoming { border: 1px solid; } .fill, .bars .full { background: CanvasText;
    forced-color-adjust: none; }
}
`;
