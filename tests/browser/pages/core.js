// One phone of ours without its view, worn as window.phone; who logs in where is in the address behind the `#`.

const { server, core, login, password, audio } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
// A tone is no speech: what browsers do to make speech clearer would take it away.
navigator.mediaDevices.getUserMedia = async (wish) => {
    watch.note("getUserMedia");
    return getUserMedia({ ...wish, ...(wish.audio && { audio }) });
};

window.sockets = [];
window.WebSocket = class extends WebSocket {
    constructor(...args) {
        super(...args);
        sockets.push(this);
    }
};

const { Phone } = await import(`${core}/static/phone/core/phone.js`);
const phone = new Phone({ server, credentials: async () => ({ login, password }) });
const speakers = new Map();

function follow() {
    for (const call of phone.calls) {
        if (call.remote && speakers.get(call.id)?.srcObject !== call.remote) {
            speakers.set(call.id, Object.assign(new Audio(), { srcObject: call.remote, autoplay: true }));
        }
    }
    const latest = phone.calls.at(-1) ?? window.ended;
    if (latest && latest.state !== watch.state) {
        watch.enter(latest.state, { call: latest.id, peer: latest.number });
    }
}

phone.addEventListener("change", follow);
phone.addEventListener("ended", (event) => {
    window.ended = event.detail;
    follow();
});
phone.addEventListener("trouble", (event) => watch.note("trouble", { code: event.detail.code }));
phone.addEventListener("message", (event) => watch.note("chat", { text: event.detail.text }));

Object.assign(window, {
    phone: Object.assign(phone, { peer: () => phone.calls.at(-1)?.peer ?? null }),
    opened: performance.now(),
});
phone.start();
