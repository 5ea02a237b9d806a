/* A paced RTP and SRTP generator and sink: the far ends of many calls, cheap enough not to count.
 *
 * One thread and one epoll set. Each leg sends a packet of random bytes every 20 ms at a phase of its own, as real
 * phones do; its last eight payload bytes are the time of sending. What comes back is decrypted, counted, and its way
 * measured from that stamp to the kernel's receive stamp (SO_TIMESTAMPNS), so the ticks of this thread do not show.
 * A leg may be given frames to say over and over instead; then nothing is stamped.
 * What is neither RTP nor RTCP goes up a datagram socket with the leg's number before it: ICE stays with Python.
 *
 * build: gcc -O2 -shared -fPIC pump.c -o libpump.so -lsrtp2 -lpthread
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LEGS = 4096, DELAYS = 1 << 20, INTERVAL = 20000000, TICK = 1000000, STAMP = 8, HEAD = 12, ROOM = 2048 };

struct leg {
    int fd, ticks, size, payload_type;
    struct sockaddr_in to;
    srtp_t out, in;
    uint32_t ssrc, timestamp;
    uint16_t number;
    int64_t due, first;
    volatile int silent;
    const uint8_t *said; /* frames of speech, `stride` apart; the caller keeps them */
    const uint16_t *sizes;
    int stride, frames, said_count;
    uint64_t sent, received, bad;
};

static struct leg legs[LEGS];
static int count, poller = -1, punt = -1;
static volatile int running, sending;
static pthread_t thread;
static uint32_t *delays; /* microseconds * 10 */
static volatile uint32_t delay_count;

static int64_t now(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static srtp_t session(int profile, const uint8_t *key, srtp_ssrc_type_t direction) {
    srtp_policy_t policy;
    srtp_t made;
    memset(&policy, 0, sizeof policy);
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile) ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile))
        return NULL;
    policy.key = (unsigned char *)key;
    policy.window_size = 1024;
    policy.ssrc.type = direction;
    return srtp_create(&made, &policy) ? NULL : made;
}

int pump_open(int punt_fd) {
    static int ready;
    if (!ready && srtp_init()) return -1;
    ready = 1, punt = punt_fd;
    poller = epoll_create1(0);
    delays = malloc(DELAYS * sizeof *delays);
    return poller < 0 || !delays ? -1 : 0;
}

/* profile 0 is plain RTP; else libsrtp's number of it, with master key and salt for each way. Gives the leg's number. */
int pump_add(int fd, const char *host, int port, int profile, const uint8_t *key_out, const uint8_t *key_in,
             int payload_type, uint32_t ssrc, int ticks, int size) {
    struct leg *leg = &legs[count];
    int on = 1;
    if (count == LEGS || size < STAMP || size + HEAD + 64 > ROOM) return -1;
    memset(leg, 0, sizeof *leg);
    leg->fd = fd, leg->ticks = ticks, leg->size = size, leg->payload_type = payload_type, leg->ssrc = ssrc;
    leg->number = rand(), leg->timestamp = rand();
    leg->to.sin_family = AF_INET, leg->to.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &leg->to.sin_addr) != 1) return -1;
    if (profile) {
        leg->out = session(profile, key_out, ssrc_any_outbound), leg->in = session(profile, key_in, ssrc_any_inbound);
        if (!leg->out || !leg->in) return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on)) return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = count};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) return -1;
    return count++;
}

static int64_t kernel_stamp(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            return t.tv_sec * 1000000000LL + t.tv_nsec;
        }
    return now(CLOCK_REALTIME);
}

static void take(struct leg *leg, uint8_t *data, int length, int64_t came) {
    int64_t sent;
    if (leg->in && srtp_unprotect(leg->in, data, &length)) { leg->bad++; return; }
    if (!leg->received++ && !leg->first) leg->first = came;
    if (leg->said || length < HEAD + leg->size) return; /* not one of ours: speech, a tone, an event */
    memcpy(&sent, data + length - STAMP, STAMP);
    if (came >= sent && came - sent < 10000000000LL && delay_count < DELAYS) delays[delay_count++] = (came - sent) / 100;
}

static void drain(uint32_t which) {
    struct leg *leg = &legs[which];
    uint8_t room[4 + ROOM], control[256], *data = room + 4;
    for (;;) {
        struct iovec io = {data, ROOM};
        struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(leg->fd, &message, MSG_DONTWAIT);
        if (length < 0) return;
        if (length >= HEAD && data[0] >> 6 == 2) {
            int kind = data[1] & 127;
            if (kind < 64 || kind > 95) take(leg, data, length, kernel_stamp(&message));
        } else if (punt >= 0) {
            memcpy(room, &which, 4);
            (void)!send(punt, room, 4 + length, MSG_DONTWAIT);
        }
    }
}

static void push(struct leg *leg) {
    uint8_t data[ROOM];
    uint32_t timestamp = htonl(leg->timestamp), ssrc = htonl(leg->ssrc);
    int length = HEAD + leg->size;
    data[0] = 0x80, data[1] = leg->payload_type, data[2] = leg->number >> 8, data[3] = leg->number;
    memcpy(data + 4, &timestamp, 4), memcpy(data + 8, &ssrc, 4);
    if (leg->said) {
        int frame = leg->said_count++ % leg->frames;
        memcpy(data + HEAD, leg->said + frame * leg->stride, leg->sizes[frame]);
        length = HEAD + leg->sizes[frame];
    } else {
        memset(data + HEAD, leg->number * 37, leg->size);
        int64_t stamp = now(CLOCK_REALTIME);
        memcpy(data + length - STAMP, &stamp, STAMP);
    }
    leg->number++, leg->timestamp += leg->ticks;
    if (leg->out && srtp_protect(leg->out, data, &length)) { leg->bad++; return; }
    if (sendto(leg->fd, data, length, MSG_DONTWAIT, (struct sockaddr *)&leg->to, sizeof leg->to) > 0) leg->sent++;
}

static void *loop(void *unused) {
    struct epoll_event events[256];
    while (running) {
        int64_t start = now(CLOCK_MONOTONIC);
        for (int i = 0; sending && i < count; i++) {
            struct leg *leg = &legs[i];
            if (leg->silent) continue;
            if (!leg->due) leg->due = start + rand() % INTERVAL;
            if (start - leg->due > 10 * INTERVAL) leg->due = start; /* after a stall: no storm */
            for (; leg->due <= start; leg->due += INTERVAL) push(leg);
        }
        int ready = epoll_wait(poller, events, 256, 0);
        for (int i = 0; i < ready; i++) drain(events[i].data.u32);
        int64_t left = TICK - (now(CLOCK_MONOTONIC) - start);
        if (left > 0) nanosleep(&(struct timespec){0, left}, NULL);
    }
    return unused;
}

/* Let a leg say these frames, each no longer than `stride`, instead of stamps; before the start. */
int pump_say(int leg, const uint8_t *said, int stride, const uint16_t *sizes, int frames) {
    if (stride + HEAD + 64 > ROOM || frames < 1) return -1;
    legs[leg].said = said, legs[leg].stride = stride, legs[leg].sizes = sizes, legs[leg].frames = frames;
    return 0;
}

int pump_start(void) {
    running = sending = 1;
    return pthread_create(&thread, NULL, loop, NULL);
}

void pump_stop(void) {
    if (!running) return;
    running = 0;
    pthread_join(thread, NULL);
    for (int i = 0; i < count; i++) {
        if (legs[i].out) srtp_dealloc(legs[i].out), srtp_dealloc(legs[i].in);
        close(legs[i].fd);
    }
    close(poller);
    free(delays);
    count = 0;
}

void pump_reset(void) {
    for (int i = 0; i < count; i++) legs[i].sent = legs[i].received = legs[i].bad = 0;
    delay_count = 0;
}

/* sent, received, bad, legs that received anything */
void pump_totals(uint64_t *totals) {
    memset(totals, 0, 4 * sizeof *totals);
    for (int i = 0; i < count; i++) {
        totals[0] += legs[i].sent, totals[1] += legs[i].received, totals[2] += legs[i].bad;
        totals[3] += legs[i].received > 0;
    }
}

/* The call of a leg is over: send nothing more. */
void pump_silence(int leg) { legs[leg].silent = 1; }

/* When the first packet of a leg came, in nanoseconds of CLOCK_REALTIME; 0: none yet. */
int64_t pump_first(int leg) { return legs[leg].first; }

static int by_size(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* Median, 99 % and longest delay in microseconds; gives how many were measured. */
int pump_delays(double *found) {
    uint32_t many = delay_count;
    if (many) {
        qsort(delays, many, sizeof *delays, by_size);
        found[0] = delays[many / 2] / 10.0, found[1] = delays[(uint64_t)many * 99 / 100] / 10.0;
        found[2] = delays[many - 1] / 10.0;
    }
    return many;
}
