/** What the launcher says before the panel is there. */

/** @type {import("../../base/words.js").Words} */
export default {
    "launcher.off": "电话：未登录",
    "launcher.connecting": "电话：正在连接…",
    "launcher.ready": "电话：就绪",
    "launcher.lost": "电话：连接已断开，正在重试…",
    "launcher.elsewhere": "电话：正在另一个标签页使用",
    "launcher.refused": "电话：无法使用，打开查看原因。",
    "launcher.ringing": "电话：有来电",
    "launcher.calling": "电话：正在呼叫…",
    "launcher.active": "电话：通话中 {time}",
    "launcher.held": "电话：通话保持中 {time}",
    "launcher.missed": { other: "电话：就绪，{count} 个未接来电" },
    "launcher.failed": "电话无法加载。请检查网络，然后再按一次按钮。",
};
