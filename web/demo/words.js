/** Everything the page says, in English and Chinese. */

/** @typedef {Record<string, string>} Words */

/** @type {Record<string, Words>} */
export const WORDS = {
    en: {
        title: "XSwitch demo",
        intro: "Two phones to try the server with. Both use this computer's one microphone and loudspeaker: with headphones you will not hear yourself twice.",
        introOne: "A phone to try the server with. Open another one in a second tab and call it.",
        phone: "Phone {user}",
        ownTab: "own tab",
        user: "User",
        password: "Password",
        login: "Log in",
        logout: "Log out",
        number: "Number",
        call: "Call",
        answer: "Answer",
        decline: "Decline",
        hangup: "Hang up",
        mute: "Mute",
        hold: "Hold",
        hearing: "Sound received",
        keypad: "Keypad",
        echo: "echo",
        tone: "tone",
        music: "music",
        off: "Not logged in",
        connecting: "Connecting…",
        ready: "Ready",
        lost: "Connection lost. Trying again…",
        taken: "This login went on in another place.",
        calling: "Calling {party}…",
        early: "Ringing at {party}…",
        ringing: "{party} is calling",
        answering: "Connecting…",
        active: "In a call with {party}",
        held: "{party} is on hold",
        ended: "Call ended: {cause}",
        wrongPassword: "User or password is wrong. The passwords are in the text that the server printed when it started.",
        noServer: "The server cannot be reached at {url}. Is it running?",
        refused: "The server refused: {text}",
        insecure: "Browsers give the microphone only to secure pages. Open this page as http://localhost:… on the server's computer, or over https.",
        micRefused: "The microphone is blocked. Allow it in the address bar of the browser, then call again.",
        micMissing: "There is no microphone on this computer.",
        micBusy: "The microphone cannot be opened. Another program may be using it.",
        silent: "The browser plays no sound before the page is clicked once.",
    },
    zh: {
        title: "XSwitch 演示",
        intro: "用两部电话试用服务器。两部电话共用本机的麦克风和扬声器，戴上耳机就不会听到自己的回声。",
        introOne: "用一部电话试用服务器。在另一个标签页再打开一部，就可以互相呼叫。",
        phone: "电话 {user}",
        ownTab: "单独标签页",
        user: "用户",
        password: "密码",
        login: "登录",
        logout: "退出",
        number: "号码",
        call: "呼叫",
        answer: "接听",
        decline: "拒接",
        hangup: "挂断",
        mute: "静音",
        hold: "保持",
        hearing: "收到的声音",
        keypad: "拨号盘",
        echo: "回声",
        tone: "单音",
        music: "音乐",
        off: "未登录",
        connecting: "正在连接…",
        ready: "就绪",
        lost: "连接已断开，正在重试…",
        taken: "此登录已转到别处。",
        calling: "正在呼叫 {party}…",
        early: "{party} 正在振铃…",
        ringing: "{party} 来电",
        answering: "正在接通…",
        active: "正在与 {party} 通话",
        held: "{party} 已保持",
        ended: "通话结束：{cause}",
        wrongPassword: "用户或密码不正确。密码在服务器启动时显示的文字里。",
        noServer: "无法连接服务器 {url}。服务器在运行吗？",
        refused: "服务器拒绝：{text}",
        insecure: "浏览器只允许安全页面使用麦克风。请在服务器本机用 http://localhost:… 打开，或者使用 https。",
        micRefused: "麦克风被禁止。请在浏览器地址栏中允许，然后再呼叫。",
        micMissing: "这台电脑没有麦克风。",
        micBusy: "无法打开麦克风，可能正被其他程序使用。",
        silent: "请先点击一下页面，浏览器才会播放声音。",
    },
};

/** @type {Record<string, Words>} */
export const CAUSES = {
    en: {
        NORMAL_CLEARING: "hung up",
        USER_BUSY: "busy",
        NO_ANSWER: "no answer",
        NO_USER_RESPONSE: "no answer",
        CALL_REJECTED: "declined",
        ORIGINATOR_CANCEL: "cancelled",
        LOSE_RACE: "answered on another phone",
        USER_NOT_REGISTERED: "nobody is logged in there",
        SUBSCRIBER_ABSENT: "nobody is there",
        UNALLOCATED_NUMBER: "there is no such number",
        NO_ROUTE_DESTINATION: "there is no such number",
        INVALID_NUMBER_FORMAT: "that is not a number",
        INCOMPATIBLE_DESTINATION: "the two sides have no sound format in common",
        OUTGOING_CALL_BARRED: "not allowed",
        DESTINATION_OUT_OF_ORDER: "connection lost",
        NETWORK_OUT_OF_ORDER: "connection lost",
        RECOVERY_ON_TIMER_EXPIRE: "connection lost for too long",
        MEDIA_TIMEOUT: "no sound arrived any more",
        ALLOTTED_TIMEOUT: "time is up",
        BLIND_TRANSFER: "transferred",
        ATTENDED_TRANSFER: "transferred",
        PICKED_OFF: "taken over elsewhere",
        MANAGER_REQUEST: "ended by the operator",
        SYSTEM_SHUTDOWN: "the server is stopping",
    },
    zh: {
        NORMAL_CLEARING: "已挂断",
        USER_BUSY: "对方忙",
        NO_ANSWER: "无人接听",
        NO_USER_RESPONSE: "无人接听",
        CALL_REJECTED: "已拒接",
        ORIGINATOR_CANCEL: "已取消",
        LOSE_RACE: "已在另一部电话接听",
        USER_NOT_REGISTERED: "对方没有登录",
        SUBSCRIBER_ABSENT: "对方不在",
        UNALLOCATED_NUMBER: "空号",
        NO_ROUTE_DESTINATION: "空号",
        INVALID_NUMBER_FORMAT: "号码不正确",
        INCOMPATIBLE_DESTINATION: "双方没有共同的声音格式",
        OUTGOING_CALL_BARRED: "不允许呼叫",
        DESTINATION_OUT_OF_ORDER: "连接已断开",
        NETWORK_OUT_OF_ORDER: "连接已断开",
        RECOVERY_ON_TIMER_EXPIRE: "断开时间过长",
        MEDIA_TIMEOUT: "收不到声音",
        ALLOTTED_TIMEOUT: "时间已到",
        BLIND_TRANSFER: "已转接",
        ATTENDED_TRANSFER: "已转接",
        PICKED_OFF: "已转到别处",
        MANAGER_REQUEST: "被管理员结束",
        SYSTEM_SHUTDOWN: "服务器正在停止",
    },
};

/** @param {readonly string[]} wanted languages of the browser, best first */
export function chooseLanguage(wanted) {
    const known = wanted.map((each) => each.split("-")[0]).find((each) => each in WORDS);
    return known ?? "en";
}

/**
 * A sentence with its gaps filled.
 * @param {string} language @param {string} key @param {Words} facts
 */
export function say(language, key, facts = {}) {
    return (WORDS[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
}

/** A cause in words; its name if there are none for it. @param {string} language @param {string} cause */
export function sayCause(language, cause) {
    return CAUSES[language][cause] ?? cause;
}
