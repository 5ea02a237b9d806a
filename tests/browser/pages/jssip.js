// One phone with JsSIP, worn as window.phone. The client itself is unmodified.

var phone = {
    ua: null,
    current: null, // the latest session
    sessions: [], // all, in the order in which they began
    options: null,

    // options: {user, password, domain, url, audio, expires}. Resolves to true or false.
    login: function (options) {
        phone.options = options;
        phone.ua = new JsSIP.UA({
            sockets: [new JsSIP.WebSocketInterface(options.url)],
            uri: phone.address(options.user),
            password: options.password,
            register_expires: options.expires,
            connection_recovery_min_interval: 1,
            connection_recovery_max_interval: 2,
        });
        phone.ua.on("newRTCSession", phone.begin);
        phone.ua.on("newMessage", phone.hearMessage);
        phone.ua.on("disconnected", (event) => watch.note("disconnected", { code: event.code }));
        phone.ua.on("unregistered", () => watch.note("unregistered"));
        return new Promise(function (done) {
            phone.ua.on("registered", function () {
                watch.note("login", { success: true });
                done(true);
            });
            phone.ua.on("registrationFailed", function (event) {
                watch.note("login", { success: false, cause: event.cause, status: status(event.response) });
                done(false);
            });
            phone.ua.start();
        });
    },

    logout: function () { phone.ua.unregister(); },

    address: function (user) { return user.includes(":") ? user : "sip:" + user + "@" + phone.options.domain; },

    terms: function () {
        return { mediaConstraints: { audio: phone.options.audio, video: false }, pcConfig: { iceServers: [] } };
    },

    begin: function (event) {
        var session = event.session;
        phone.current = session;
        phone.sessions.push(session);
        var enter = (state, facts) => watch.enter(state, Object.assign({ call: session.id }, facts));
        session.on("progress", function (news) {
            if (news.originator === "remote") {
                watch.note("progress", { status: status(news.response), sdp: news.response.body || "" });
                if (news.response.body) {
                    enter("early");
                }
            }
        });
        session.on("confirmed", () => enter("active"));
        session.on("hold", (news) => watch.note("hold", { by: news.originator }));
        session.on("unhold", (news) => watch.note("unhold", { by: news.originator }));
        session.on("newDTMF", function (news) {
            if (news.originator === "remote") {
                watch.note("dtmf", { digit: news.dtmf.tone });
            }
        });
        var end = function (news) {
            enter("ended", { cause: news.cause, by: news.originator, status: status(news.message), reason: reason(news.message) });
        };
        session.on("ended", end);
        session.on("failed", end);
        session.on("peerconnection", (news) => phone.play(news.peerconnection));
        if (session.connection) {
            phone.play(session.connection);
        }
        if (event.originator === "remote") {
            enter("ringing", { peer: session.remote_identity.uri.user });
        } else {
            enter("calling");
        }
    },

    play: function (peer) {
        peer.addEventListener("track", function (event) {
            document.getElementById("speaker").srcObject = event.streams[0];
        });
    },

    hearMessage: function (event) {
        if (event.originator === "remote") {
            watch.note("chat", { from: event.message.remote_identity.uri.user, body: event.request.body });
        }
    },

    call: function (number) { phone.ua.call(phone.address(number), phone.terms()); },
    answer: function () { phone.current.answer(phone.terms()); },
    hangup: function () { phone.current.terminate(); },
    reject: function (status) { phone.current.terminate(status ? { status_code: status } : {}); },
    dtmf: function (digits) { phone.current.sendDTMF(digits, { interToneGap: 60 }); },
    tones: function (digits) { phone.current.sendDTMF(digits, { transportType: "RFC2833", interToneGap: 70 }); },

    hold: function () { phone.current.hold({}, () => watch.enter("held", { call: phone.current.id })); },
    unhold: function () { phone.current.unhold({}, () => watch.enter("active", { call: phone.current.id })); },

    // Send the peer of a session to a number, or to the peer of our other session.
    refer: function (number, session) {
        session = session || phone.current;
        session.refer(phone.address(number), { eventHandlers: phone.referring() });
    },

    join: function () {
        var [first, second] = phone.sessions.slice(-2);
        first.refer(second.remote_identity.uri.toString(), { replaces: second, eventHandlers: phone.referring() });
    },

    referring: function () {
        var note = (step) => (news) => watch.note("refer", { step: step, status: news && news.status_line && news.status_line.status_code });
        return Object.fromEntries(
            ["requestSucceeded", "requestFailed", "trying", "progress", "accepted", "failed"].map((step) => [step, note(step)]),
        );
    },

    // Resolves to the status that the message was answered with.
    chat: function (to, text) {
        return new Promise(function (done) {
            var handlers = { succeeded: (news) => done(status(news.response)), failed: (news) => done(status(news.response)) };
            phone.ua.sendMessage(phone.address(to), text, { eventHandlers: handlers });
        });
    },

    // Lose the connection; JsSIP connects and registers again by itself.
    cut: function () { phone.ua._transport.socket._ws.close(); },

    peer: function () { return phone.current ? phone.current.connection : null; },
};

function status(message) {
    return message && message.status_code ? message.status_code : 0;
}

function reason(message) {
    return (message && message.getHeader && message.getHeader("Reason")) || "";
}
