// What Swift cannot say to Linux by itself: control messages are macros, memfd_create(2) needs
// _GNU_SOURCE, and sockaddr_un is a fixed array that Swift imports as a tuple.
//
// Every function gives a negated errno where it fails.
#pragma once
#include <stddef.h>

/// A Unix datagram socket that belongs to no address. Sends wait `timeout_ms` at most.
int csystemd_datagram_socket(int timeout_ms);

/// Sends `data` to the socket at `path`; a leading '@' names an abstract socket (unix(7)).
/// With `wait` 0 it gives -EAGAIN where it would wait. Gives 0 when sent.
int csystemd_send(int socket, const char *path, const void *data, size_t length, int wait);

/// Sends a descriptor with `data`, which may be empty; `wait` as above. Gives 0 when sent.
int csystemd_send_descriptor(int socket, const char *path, const void *data, size_t length,
                             int descriptor, int wait);

/// A memory file with `data` in it that nobody can change any more: its descriptor.
int csystemd_sealed_memory(const void *data, size_t length);

/// fcntl(2) is variadic: sets FD_CLOEXEC. Gives 0, or -EBADF when there is no such descriptor.
int csystemd_close_on_exec(int descriptor);
