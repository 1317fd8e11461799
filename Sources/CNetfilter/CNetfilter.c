#define _GNU_SOURCE
#include "CNetfilter.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

enum { MAXIMUM_BATCH = 64 };

int cnf_receive_batch(
    int fd, void *buffer, size_t slot_size, unsigned count, int peek, uint32_t *lengths,
    uint32_t *senders)
{
    struct mmsghdr messages[MAXIMUM_BATCH];
    struct iovec slots[MAXIMUM_BATCH];
    struct sockaddr_nl names[MAXIMUM_BATCH];
    int flags = MSG_DONTWAIT | MSG_TRUNC;
    if (count > MAXIMUM_BATCH)
        count = MAXIMUM_BATCH;
    if (peek) {
        flags |= MSG_PEEK;
        count = 1;
    }
    for (unsigned i = 0; i < count; i++) {
        slots[i] = (struct iovec){(char *)buffer + i * slot_size, slot_size};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {
                .msg_name = &names[i],
                .msg_namelen = sizeof names[i],
                .msg_iov = &slots[i],
                .msg_iovlen = 1,
            },
        };
    }
    // MSG_TRUNC makes msg_len the true length of a datagram that did not fit.
    int received = recvmmsg(fd, messages, count, flags, NULL);
    for (int i = 0; i < received; i++) {
        lengths[i] = messages[i].msg_len;
        senders[i] = names[i].nl_pid;
    }
    return received;
}

void *cnf_queue_target_info(uint16_t queue_number, int bypass, uint32_t *length)
{
    struct xt_NFQ_info_v3 *info = calloc(1, sizeof *info);
    if (info == NULL)
        return NULL;
    info->queuenum = queue_number;
    info->queues_total = 1;
    info->flags = bypass ? NFQ_FLAG_BYPASS : 0;
    *length = sizeof *info;
    return info;
}

int cnf_eventfd(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void cnf_name_thread(const char *name)
{
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = '\0';
    pthread_setname_np(pthread_self(), cut);
}

int cnf_drop_messages_of(int fd, uint32_t port)
{
    // The filter machine loads words in network order; the header has host order.
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void cnf_wipe(void *memory, size_t length)
{
    explicit_bzero(memory, length);
}
