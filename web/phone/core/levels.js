/** How loud we are while we are muted. */

const EVERY_MS = 200;
const LOUD = 0.02; // of full scale: speech at arm's length, and no fan
const ENOUGH = 3; // of the last looks

/**
 * Say when somebody begins to speak, and when it is quiet again; gives what ends it.
 * @param {import("./microphone.js").Microphone} microphone @param {(talking: boolean) => void} tell
 * @returns {() => void}
 */
export function listen(microphone, tell) {
    const user = {};
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    const samples = new Float32Array(analyser.fftSize);
    /** @type {MediaStreamTrack | null} */
    let track = null;
    let [loud, talking, over] = [0, false, false];
    microphone.open(user).then((opened) => {
        track = opened;
        if (over) {
            opened.stop();
        } else {
            context.createMediaStreamSource(new MediaStream([opened])).connect(analyser);
        }
    }, () => {});
    const timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const level = Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
        loud = Math.max(0, Math.min(2 * ENOUGH, loud + (level > LOUD ? 1 : -1)));
        const now = talking ? loud > 0 : loud >= ENOUGH;
        if (now !== talking) {
            talking = now;
            tell(talking);
        }
    }, EVERY_MS);
    return () => {
        over = true;
        clearInterval(timer);
        track?.stop();
        microphone.close(user);
        context.close();
    };
}
