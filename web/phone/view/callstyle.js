/** Looks of calls: cards, those who call, pictures, quality, and what lies above. */

export const callStyle = `
.cards { display: flex; flex: 1; flex-direction: column; gap: 12px; padding: 12px; }
.card {
    display: flex; flex-direction: column; gap: 14px; padding: 14px; border: 1px solid var(--line);
    border-radius: 14px; background: var(--surface);
}
.card.is-active { border-color: var(--good); box-shadow: 0 0 0 1px var(--good); }
.card.is-held { border-style: dashed; border-color: var(--warn); background: var(--bg); }
.peer, .alert { display: flex; align-items: center; gap: 12px; }
.peer .grow, .alert .grow { display: flex; flex-direction: column; line-height: 1.3; }
.face {
    display: grid; place-items: center; flex: none; width: 46px; height: 46px; border-radius: 50%;
    background: color-mix(in srgb, var(--accent) 11%, var(--surface)); color: var(--accent); font-size: 17px;
    font-weight: 650;
}
.face.small { width: 38px; height: 38px; font-size: 14px; min-height: 0; padding: 0; border: 0; }
.peer .name, .alert .name {
    display: -webkit-box; overflow: hidden; font-size: 16px; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
}
.number-line { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.state { color: var(--soft); font-size: 14px; }
.is-active .state { color: var(--good); }
.is-held .state { color: var(--warn); }
.side { display: flex; flex: none; flex-direction: column; align-items: flex-end; gap: 2px; }
.timer { padding-right: 6px; font-size: 17px; font-weight: 600; }
.quality {
    display: flex; align-items: center; gap: 6px; min-height: 32px; padding: 2px 6px; border: 0; border-radius: 8px;
    background: none; color: var(--soft); font-size: 13px;
}
.quality:hover { background: var(--raised); }
.bars { display: inline-flex; align-items: flex-end; gap: 2px; height: 14px; }
.bars span { width: 4px; height: 35%; border-radius: 1px; background: var(--line); }
.bars span:nth-child(2) {
    height: 55%; } .bars span:nth-child(3) { height: 77%; } .bars span:nth-child(4) { height: 100%;
}
.bars .full { background: var(--good); }
.grade-2 .full { background: var(--warn); } .grade-1 .full { background: var(--bad); }
.card > [role="status"]:empty { margin-top: -14px; }
.hints { display: flex; flex-direction: column; gap: 6px; }
.hints:empty { display: none; }
.hint {
    display: flex; align-items: center; gap: 8px; padding: 7px 10px; border-radius: var(--radius);
    background: var(--raised); font-size: 14px;
}
.hint .icon { width: 17px; height: 17px; color: var(--warn); }
.hint.recording .icon { color: var(--bad); }
.hint.talking { background: color-mix(in srgb, var(--warn) 18%, var(--surface)); font-weight: 600; }
.sound { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 14px; }
.level { display: flex; align-items: center; gap: 8px; color: var(--soft); }
.level .icon { width: 17px; height: 17px; }
.track { flex: 1; height: 6px; border-radius: 3px; background: var(--raised); overflow: hidden; }
.fill {
    display: block; height: 100%; border-radius: 3px; background: var(--good); transform: scaleX(0);
    transform-origin: left; transition: transform .1s linear;
}
.mine .fill { background: var(--accent); }
.volume { grid-column: 1 / -1; width: 100%; height: 24px; margin: 0; accent-color: var(--soft); }
.controls { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
.tool {
    display: flex; flex-direction: column; align-items: center; gap: 4px; min-width: 0; min-height: 62px;
    padding: 9px 2px 6px; border: 1px solid transparent; border-radius: 12px; background: var(--raised);
    font-size: 12px; line-height: 1.15; overflow-wrap: anywhere;
}
.tool:hover { filter: brightness(.97); }
.card .banner, .incoming .banner { margin: 0; }
.tool[aria-busy] { opacity: .6; cursor: progress; }
.tool.on { background: var(--accent); color: var(--on-accent); }
.tool[part~="record"].on { background: var(--bad); color: var(--on-bad); }
.ends { position: sticky; bottom: 0; z-index: 1; display: flex; gap: 8px; margin: -10px 0 -14px; padding: 10px 0 14px;
    background: inherit; }
.ends > * { flex: 1; min-width: 0; }
.ends > [part~="transfer"] { flex: 0 0 52px; padding: 6px; }
.tones { display: flex; flex-direction: column; gap: 4px; }
.tones .keys { flex: none; }
.tones .key { max-width: none; }
.tones .letters { display: none; }
.dialed { min-height: 22px; font-size: 18px; letter-spacing: .1em; text-align: center; }
.add { display: flex; flex-direction: column; border: 1px solid var(--line); border-radius: 14px; padding: 8px; }
.add .small { align-self: flex-start; }
.between {
    display: flex; flex-direction: column; gap: 10px; padding: 14px; border-radius: 14px;
    background: color-mix(in srgb, var(--accent) 10%, var(--surface));
}
.between .row { flex-wrap: wrap; }
.between .main { flex: 1 0 100%; }
.between .small { flex: 1; }

.incoming {
    display: flex; flex-direction: column; gap: 14px; padding: 16px; border: 1px solid var(--line);
    border-radius: 16px; background: var(--surface); box-shadow: inset 0 3px var(--good), var(--shade);
}
.cards .incoming { box-shadow: inset 0 3px var(--good); }
.incoming .face { animation: beat 1.4s infinite; }
@keyframes beat {
    0%, 60% { box-shadow: 0 0 0 0 color-mix(in srgb, var(--accent) 45%, transparent);
    } 100% { box-shadow: 0 0 0 13px transparent; }
}
.choices { display: flex; flex-wrap: wrap; gap: 8px; }
.choices > button { flex: 1 1 40%; }
.keysline { width: 100%; text-align: center; }
@media (pointer: coarse) { .keysline { display: none; } }
.reply { display: flex; flex-direction: column; gap: 10px; }

.pictures {
    position: relative; display: grid; place-items: center; overflow: hidden; min-height: 150px;
    border-radius: 12px; background: #10131a;
}
.pictures video { display: block; width: 100%; max-height: 46vh; object-fit: contain; }
.pictures .mine {
    position: absolute; right: 8px; bottom: 8px; width: 30%; border-radius: 8px; background: #232833;
    box-shadow: 0 2px 8px rgb(0 0 0 / .4);
}
.pictures .mirrored { scale: -1 1; }
.pictures .waiting { padding: 16px; color: #c3cad6; text-align: center; }

.layer {
    position: absolute; inset: 0; z-index: 4; display: flex; flex-direction: column; background: var(--surface);
    animation: rise .14s ease-out;
}
.layer:focus { outline: none; }
.layer-head {
    display: flex; align-items: center; justify-content: space-between; gap: 8px; padding: 8px 8px 8px 20px;
    border-bottom: 1px solid var(--line);
}
.layer-head h2 { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.layer-body { display: flex; flex: 1; flex-direction: column; gap: 14px; padding: 18px 20px; overflow: hidden auto; }
.layer-body .transfer { padding: 0; }
.verdict { display: flex; align-items: center; gap: 12px; font-size: 20px; }
.verdict .bars { height: 24px; } .verdict .bars span { width: 7px; }
.sparkline svg { display: block; width: 100%; border-radius: 8px; background: var(--bg); }
.sparkline .grid { stroke: var(--line); stroke-dasharray: 3 4; }
.sparkline .curve { fill: none; stroke: var(--accent); stroke-width: 2.5; stroke-linejoin: round; }
.sparkline figcaption { display: flex; justify-content: space-between; }
.numbers { display: flex; flex-direction: column; }
.numbers div {
    display: flex; justify-content: space-between; gap: 12px; padding: 9px 0; border-bottom: 1px solid var(--line);
}
.numbers dt { color: var(--soft); } .numbers dd { font-weight: 600; }
`;
