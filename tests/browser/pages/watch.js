// What a page under test saw, in one ordered list, and an ear on the sound that reaches it.
// A classic script, sloppy mode: the stock client needs a page without modules and without "use strict".

window.watch = {
    events: [], // {what: "state" | "out" | "in" | "closed" | "error" | "login" | "ready" | "chat" | "tone", ...}
    state: "none", // of the latest call, in words that fit both makes

    note: function (what, facts) {
        this.events.push(Object.assign({ what: what, at: performance.now() }, facts));
    },

    enter: function (state, facts) {
        this.state = state;
        this.note("state", Object.assign({ state: state }, facts));
    },
};

window.addEventListener("error", function (event) {
    watch.note("error", { text: String(event.message) });
});

window.addEventListener("unhandledrejection", function (event) {
    watch.note("error", { text: "rejected: " + String(event.reason) });
});

// Both makes take whatever the page calls WebSocket, so the wire can be read here in order with the rest.
window.WebSocket = class extends WebSocket {
    constructor(...args) {
        super(...args);
        this.addEventListener("message", (event) => watch.note("in", { text: event.data }));
        this.addEventListener("close", (event) => watch.note("closed", { code: event.code }));
    }

    send(data) {
        watch.note("out", { text: data });
        super.send(data);
    }
};

window.ear = {
    context: null,
    analyser: null,
    source: null,
    track: null,

    // Listen to another track; the same one costs nothing.
    attach: function (track) {
        if (!this.context) {
            this.context = new AudioContext({ sampleRate: 48000 });
            this.analyser = new AnalyserNode(this.context, { fftSize: 32768 });
        }
        if (this.track === track) {
            return;
        }
        if (this.source) {
            this.source.disconnect();
        }
        this.track = track;
        this.source = this.context.createMediaStreamSource(new MediaStream([track]));
        this.source.connect(this.analyser);
    },

    // 32768 samples at 48 kHz (0.68 s) heard from now on, as float32 in base64; null while there is no call.
    listen: async function (peer) {
        var receiver = peer && peer.getReceivers().find((each) => each.track.kind === "audio");
        if (!receiver) {
            return new Promise((done) => setTimeout(done, 500, null));
        }
        this.attach(receiver.track);
        var end = this.context.currentTime + this.analyser.fftSize / this.context.sampleRate;
        while (this.context.currentTime < end) {
            await new Promise((done) => setTimeout(done, 1000 * (end - this.context.currentTime) + 5));
        }
        var samples = new Float32Array(this.analyser.fftSize);
        this.analyser.getFloatTimeDomainData(samples);
        var bytes = new Uint8Array(samples.buffer);
        var text = "";
        for (var i = 0; i < bytes.length; i += 4096) {
            text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
        }
        return btoa(text);
    },
};

// Packets of sound of a peer connection, each way; zeroes without one.
async function soundPackets(peer) {
    var count = { sent: 0, received: 0 };
    if (!peer) {
        return count;
    }
    (await peer.getStats()).forEach(function (row) {
        if (row.type === "inbound-rtp" && row.kind === "audio") {
            count.received += row.packetsReceived;
        } else if (row.type === "outbound-rtp" && row.kind === "audio") {
            count.sent += row.packetsSent;
        }
    });
    return count;
}

// Digits by the browser's own RTP sender; resolves when the last one is out.
function sendTones(peer, digits) {
    var sender = peer.getSenders().find((each) => each.dtmf);
    return new Promise(function (done) {
        sender.dtmf.ontonechange = function (event) {
            watch.note("tone", { digit: event.tone });
            if (event.tone === "") {
                done();
            }
        };
        sender.dtmf.insertDTMF(digits, 100, 70);
    });
}
