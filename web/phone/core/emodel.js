/** How good speech sounds over a network: ITU-T G.107, and G.113 for what codecs add. */

const BEST = 93.2; // the rating when nothing is in the way
/** Equipment impairment, and robustness against loss (G.113 appendix I; Opus as is usually taken). */
const CODECS = new Map([
    ["opus", [0, 20]], ["pcmu", [0, 25.1]], ["pcma", [0, 25.1]], ["g722", [0, 20]], ["g729", [11, 19]],
]);
const USUAL = [0, 20];

/**
 * @param {{rtt: number, jitter: number, loss: number, codec?: string, buffer?: number}} path `rtt`, `jitter` and
 *     `buffer` (what the jitter buffer adds) in milliseconds, `loss` in percent
 * @returns {number} MOS, 1 (bad) to 4.5 (excellent)
 */
export function mos({ rtt, jitter, loss, codec = "opus", buffer = 2 * jitter }) {
    const [equipment = 0, robustness = 20] = CODECS.get(codec.toLowerCase()) ?? USUAL;
    const delay = Math.max(0, rtt) / 2 + Math.max(0, buffer);
    const late = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
    const lost = Math.min(100, Math.max(0, loss));
    const broken = equipment + (95 - equipment) * (lost / (lost + robustness));
    return opinion(BEST - late - broken);
}

/** From the rating R to what people say. @param {number} r */
export function opinion(r) {
    if (r <= 0) {
        return 1;
    }
    const score = r >= 100 ? 4.5 : 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    return Math.round(Math.max(1, score) * 100) / 100;
}

/** In four steps, 4 the best. @param {number} score MOS @returns {1 | 2 | 3 | 4} */
export function grade(score) {
    return score >= 4 ? 4 : score >= 3.6 ? 3 : score >= 3.1 ? 2 : 1;
}
