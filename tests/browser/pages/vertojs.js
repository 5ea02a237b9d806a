// One phone with vertojs, worn as window.phone. The client itself is unmodified.

var phone = {
    verto: null,
    current: null,
    audio: true,

    // options: {user, password, url, audio}. Resolves to true or false.
    login: async function (options) {
        phone.audio = options.audio;
        phone.verto = new Verto.Verto({
            transportConfig: { login: options.user, passwd: options.password, socketUrl: options.url },
            rtcConfig: {},
        });
        phone.verto.subscribeEvent("invite", function (call) {
            phone.follow(call);
            watch.enter("ringing", { call: call.id, peer: call.options.caller_id_number });
        });
        try {
            await phone.verto.login();
            watch.note("login", { success: true });
            return true;
        } catch (refusal) {
            watch.note("login", { success: false });
            return false;
        }
    },

    follow: function (call) {
        phone.current = call;
        var enter = (state) => watch.enter(state, { call: call.id });
        call.subscribeEvent("media", () => enter("early"));
        call.subscribeEvent("answer", () => enter("active"));
        call.subscribeEvent("hold", () => enter("held"));
        call.subscribeEvent("unhold", () => enter("active"));
        call.subscribeEvent("track", function (track) {
            document.getElementById("speaker").srcObject = new MediaStream([track]);
        });
        call.subscribeEvent("bye", function () {
            enter("ended");
            call.rtc.pc.close(); // vertojs leaves that to the page
            phone.release();
        });
    },

    microphone: async function () {
        phone.stream = await navigator.mediaDevices.getUserMedia({ audio: phone.audio });
        return phone.stream.getTracks();
    },

    release: function () {
        if (phone.stream) {
            phone.stream.getTracks().forEach((track) => track.stop());
            phone.stream = null;
        }
    },

    call: async function (number, name) {
        var tracks = await phone.microphone();
        var call = phone.verto.call(tracks, number, { caller_id_name: name, caller_id_number: name });
        phone.follow(call);
        watch.enter("calling", { call: call.id });
    },

    // vertojs tells nobody that its answer was accepted: the connection does.
    answer: async function () {
        var call = phone.current;
        var peer = call.rtc.pc;
        peer.addEventListener("connectionstatechange", function () {
            if (peer.connectionState === "connected" && watch.state === "answering") {
                watch.enter("active", { call: call.id });
            }
        });
        var tracks = await phone.microphone();
        watch.enter("answering", { call: call.id });
        call.answer(tracks);
    },

    hangup: function () { phone.current.hangup(); },
    reject: function (cause) { phone.current.hangup(cause ? { cause: cause } : {}); },
    dtmf: function (digits) { phone.current.dtmf(digits); },
    hold: function () { phone.current.hold(); },
    unhold: function () { phone.current.unhold(); },
    peer: function () { return phone.current ? phone.current.rtc.pc : null; },
};
