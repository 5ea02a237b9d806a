// The smallest Verto client that offers and takes other media while a call is up, worn as window.client.

// A tone is no speech: what browsers do to make speech clearer would take it away.
const STEADY = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

class Client {
    pc = null;
    callID = "";
    told = [];        // requests of the server, in order
    #socket = null;
    #waiting = new Map();
    #next = 1;
    #login = null;

    async open(url, login, passwd, sessid, more = {}) {
        this.#login = { login, passwd, sessid, features: ["updateMedia", "callState"] };
        this.#socket = new WebSocket(url);
        await new Promise((done, failed) => {
            this.#socket.onopen = done;
            this.#socket.onerror = failed;
        });
        this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
        await this.ask("login", { ...this.#login, ...more });
        return this.until("verto.clientReady");
    }

    async again(url, more) {  // after `drop`
        const { login, passwd, sessid } = this.#login;
        this.told = [];
        return this.open(url, login, passwd, sessid, more);
    }

    drop() {
        this.#socket.close();
    }

    ask(method, params) {
        const id = this.#next++;
        this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
        return new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
    }

    modify(action, more) {
        return this.ask("verto.modify", { action, ...more, dialogParams: { callID: this.callID } });
    }

    async until(method) {
        for (;;) {
            const at = this.told.findIndex((each) => each.method === method);
            if (at >= 0) {
                return this.told.splice(at, 1)[0].params;
            }
            await new Promise((done) => setTimeout(done, 20));
        }
    }

    async peer() {
        this.pc = new RTCPeerConnection();
        this.pc.ontrack = ({ track }) => {
            const element = document.createElement(track.kind);
            Object.assign(element, { srcObject: new MediaStream([track]), autoplay: true });
            document.body.append(element);
        };
        const sound = await navigator.mediaDevices.getUserMedia({ audio: STEADY });
        this.pc.addTrack(sound.getTracks()[0], sound);
    }

    async gathered(description) {
        await this.pc.setLocalDescription(description);
        while (this.pc.iceGatheringState !== "complete") {
            await new Promise((done) => setTimeout(done, 10));
        }
        return this.pc.localDescription.sdp;
    }

    async call(number) {
        await this.peer();
        this.callID = crypto.randomUUID();
        const sdp = await this.gathered(await this.pc.createOffer());
        await this.ask("verto.invite", { sdp, dialogParams: { callID: this.callID, destination_number: number } });
        await this.pc.setRemoteDescription({ type: "answer", sdp: (await this.until("verto.media")).sdp });
        await this.until("verto.answer");
    }

    async answer() {
        const { callID, sdp } = await this.until("verto.invite");
        this.callID = callID;
        await this.peer();
        const ours = await this.#answered(sdp);
        await this.ask("verto.answer", { sdp: ours, dialogParams: { callID } });
    }

    async update(options = {}) {
        const sdp = await this.gathered(await this.pc.createOffer(options));
        const result = await this.modify("updateMedia", { sdp });
        await this.pc.setRemoteDescription({ type: "answer", sdp: result.sdp });
        return this.directions();
    }

    async updated() {
        const { sdp } = await this.until("verto.modify");
        await this.modify("updateMediaAnswer", { sdp: await this.#answered(sdp) });
        return this.directions();
    }

    async camera(on) {  // as a sender of its own at first, then by its direction
        const video = this.video();
        if (on && !video?.sender.track) {
            const picture = await navigator.mediaDevices.getUserMedia({ video: true });
            this.pc.addTrack(picture.getTracks()[0], picture);
        } else {
            video.direction = on ? "sendrecv" : "recvonly";
        }
    }

    video() {
        return this.pc.getTransceivers().filter((each) => each.receiver.track.kind === "video" && !each.stopped).at(-1);
    }

    directions() {
        return this.pc.getTransceivers().map((each) => each.currentDirection);
    }

    async counts() {
        const counts = { pictures: 0, sound: 0, energy: 0, pairs: 0 };
        for (const each of (await this.pc.getStats()).values()) {
            if (each.type === "inbound-rtp" && each.kind === "video") {
                counts.pictures += each.framesDecoded;
            } else if (each.type === "inbound-rtp") {
                counts.sound += each.packetsReceived;
                counts.energy += each.totalAudioEnergy;
            } else if (each.type === "transport") {
                counts.pairs = each.selectedCandidatePairChanges;
            }
        }
        return counts;
    }

    async #answered(sdp) {
        await this.pc.setRemoteDescription({ type: "offer", sdp });
        return this.gathered(await this.pc.createAnswer());
    }

    #hear(message) {
        if (message.method) {
            this.told.push(message);
            return;
        }
        const { done, failed } = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        if (message.error) {
            failed(Object.assign(new Error(message.error.message), message.error));
        } else {
            done(message.result);
        }
    }
}

window.client = new Client();
