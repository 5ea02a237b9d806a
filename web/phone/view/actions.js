/** What can be done about a trouble, in a word for programs. Pure. */

/** What a page can offer its user for each trouble. @type {Record<string, string>} */
export const ACTIONS = {
    insecure: "open-https",
    unreachable: "wait",
    certificate: "open-server",
    origin: "ask-operator",
    "wrong-password": "login",
    locked: "wait",
    "token-expired": "login",
    "mic-blocked": "allow-microphone",
    "mic-missing": "connect-microphone",
    "mic-busy": "free-microphone",
    "camera-blocked": "allow-camera",
    "camera-missing": "connect-camera",
    "lna-denied": "allow-local-network",
    "udp-blocked": "ask-operator",
    "no-audio-yet": "click",
    elsewhere: "take-over",
    "call-lost": "call-again",
};
