// One phone with the stock client (npm verto), worn as window.phone. The client itself is unmodified.

var STATES = {
    requesting: "calling", trying: "calling", recovering: "recovering", ringing: "ringing", answering: "answering",
    early: "early", active: "active", held: "held", hangup: "ended", purge: "ended",
};

var phone = {
    verto: null,
    dialog: null,

    // options: {user, password, url, audio}. Resolves to true or false.
    login: function (options) {
        return new Promise(function (done) {
            phone.verto = new $.verto({
                login: options.user,
                passwd: options.password,
                socketUrl: options.url,
                tag: "webcam",
                audioParams: options.audio,
                deviceParams: { useCamera: false, useMic: "any", useSpeak: "any" },
                iceServers: false,
            }, {
                onWSLogin: function (verto, success) {
                    watch.note("login", { success: success });
                    done(success);
                },
                onWSClose: function () {},
                onDialogState: phone.follow,
                onMessage: phone.hearMessage,
                onEvent: function () {},
            });
        });
    },

    follow: function (dialog) {
        phone.dialog = dialog;
        var state = STATES[dialog.state.name];
        if (state) {
            watch.enter(state, { call: dialog.callID, cause: dialog.cause, peer: dialog.params.remote_caller_id_number });
        }
    },

    hearMessage: function (verto, dialog, kind, facts) {
        if (kind === $.verto.enum.message.clientReady) {
            watch.note("ready", { calls: facts.reattached_sessions });
        } else if (kind === $.verto.enum.message.info) {
            watch.note("chat", { from: facts.from, to: facts.to, body: facts.body });
        }
    },

    call: function (number, name) {
        phone.dialog = phone.verto.newCall({
            destination_number: number, caller_id_name: name, caller_id_number: name, useVideo: false, useStereo: false,
        });
    },

    answer: function () { phone.dialog.answer({ useVideo: false }); },
    hangup: function () { phone.dialog.hangup(); },
    reject: function (cause) { phone.dialog.hangup({ cause: cause }); },
    dtmf: function (digits) { phone.dialog.dtmf(digits); },
    hold: function () { phone.dialog.hold(); },
    unhold: function () { phone.dialog.unhold(); },
    transfer: function (number) { phone.dialog.transfer(number); },
    chat: function (to, text) { return phone.verto.message({ to: to, body: text }); },

    peer: function () {
        var rtc = phone.dialog && phone.dialog.rtc;
        return rtc && rtc.peer ? rtc.peer.peer : null;
    },
};
