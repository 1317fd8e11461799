// The kernel's netlink headers, libmnl and libnftnl for the Netfilter module, and the few calls
// that Swift cannot reach: those behind _GNU_SOURCE and those that need malloc'ed memory.
#ifndef CNETFILTER_H
#define CNETFILTER_H

// netinet/in.h must precede linux/netfilter.h: both define struct in_addr and its relatives, and
// only this order lets the kernel header notice (see linux/libc-compat.h).
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

// Receives up to `count` datagrams without waiting, datagram i at buffer + i * slot_size.
// lengths[i] is its true length (more than slot_size when it was cut), senders[i] the netlink port
// it came from: 0 is the kernel. With `peek` the first datagram is read and left where it is.
// Returns how many arrived, or -1 and errno.
int cnf_receive_batch(
    int fd, void *buffer, size_t slot_size, unsigned count, int peek, uint32_t *lengths,
    uint32_t *senders);

// The parameters of the xt target NFQUEUE, revision 3, for one queue. libnftnl takes ownership of
// the memory and frees it with free(3), so it cannot come from Swift. Null when out of memory.
void *cnf_queue_target_info(uint16_t queue_number, int bypass, uint32_t *length);

// Has the kernel drop what one netlink port sent, before it takes room in the receive buffer of
// `fd`. A datagram of several messages has one sender. Returns 0, or -1 and errno.
int cnf_drop_messages_of(int fd, uint32_t port);

// memset to zero that no optimiser leaves out, for secrets (see explicit_bzero(3)).
void cnf_wipe(void *memory, size_t length);

// eventfd(2), closed on exec, non-blocking.
int cnf_eventfd(void);

// Names the calling thread for ps(1) and top(1); 15 bytes at most (see pthread_setname_np(3)).
void cnf_name_thread(const char *name);

#endif
