#define _GNU_SOURCE
#include "CSystemd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/// What a send buffer may hold before journald has read it; the kernel caps it at wmem_max.
static const int send_buffer_bytes = 8 * 1024 * 1024;

int csystemd_datagram_socket(int timeout_ms) {
    int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0) return -errno;
    struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                              .tv_usec = timeout_ms % 1000 * 1000};
    // Without these the socket still works, with smaller entries and longer waits.
    (void)setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    (void)setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes,
                     sizeof send_buffer_bytes);
    return socket_fd;
}

/// Fills in the address; gives its length, or 0 when the path does not fit.
static socklen_t address_of(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length < 2 || length >= sizeof address->sun_path) return 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    if (path[0] != '@') return sizeof *address;
    address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int csystemd_send(int socket, const char *path, const void *data, size_t length, int wait) {
    struct sockaddr_un address;
    socklen_t size = address_of(path, &address);
    if (size == 0) return -EINVAL;
    int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
    ssize_t sent = sendto(socket, data, length, flags, (struct sockaddr *)&address, size);
    return sent < 0 ? -errno : 0;
}

int csystemd_send_descriptor(int socket, const char *path, const void *data, size_t length,
                             int descriptor, int wait) {
    struct sockaddr_un address;
    socklen_t size = address_of(path, &address);
    if (size == 0) return -EINVAL;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec content = {.iov_base = (void *)data, .iov_len = length};
    struct msghdr message = {.msg_name = &address, .msg_namelen = size,
                             .msg_iov = &content, .msg_iovlen = length > 0 ? 1 : 0,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
    return sendmsg(socket, &message, flags) < 0 ? -errno : 0;
}

int csystemd_sealed_memory(const void *data, size_t length) {
    int file = memfd_create("regionlock-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -errno;
    for (size_t done = 0; done < length;) {
        ssize_t written = write(file, (const char *)data + done, length - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) goto failed;
        done += (size_t)written;
    }
    // The seals journald asks for (systemd.io/JOURNAL_NATIVE_PROTOCOL).
    if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
        return file;
failed:;
    int saved = errno;
    close(file);
    return -saved;
}

int csystemd_close_on_exec(int descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}
