// Puts the phone of a switch on this page: ?switch=http://...&user=...&password=... and attributes of the element.

const query = new URLSearchParams(location.search);
const origin = query.get("switch");
window.heard = []; // events of the element

window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
        super(...args);
        peers.push(this);
    }
};

function place(attributes, credentials) {
    const element = document.createElement("xswitch-phone");
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, value);
    }
    if (credentials) {
        element.credentials = async () => credentials;
    }
    document.body.append(element);
    return element;
}

for (const name of ["xs-ready", "xs-incoming", "xs-call-state", "xs-error"]) {
    addEventListener(name, (event) => {
        const { call, ...facts } = event.detail;
        heard.push([name, facts]);
    });
}

addEventListener("DOMContentLoaded", async () => {
    const { XSwitchPhone } = await import(`${origin}/static/phone.js`);
    window.XSwitchPhone = XSwitchPhone;
    const given = ["server", "lang", "theme", "mode", "corner", "dial-links", "token"].filter((name) => query.has(name));
    const attributes = Object.fromEntries(given.map((name) => [name, query.get(name)]));
    const user = query.get("user");
    window.phone = place(attributes, user && { login: user, password: query.get("password") });
});
