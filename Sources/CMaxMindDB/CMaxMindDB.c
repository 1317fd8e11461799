#define _GNU_SOURCE
#include "CMaxMindDB.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

int cmm_memory(void) { return memfd_create("geoip", MFD_CLOEXEC); }

struct MMDB_s *cmm_open(const char *path, int *status) {
    // The structure must not move while the database is open.
    MMDB_s *database = calloc(1, sizeof *database);
    if (database == NULL) {
        *status = MMDB_OUT_OF_MEMORY_ERROR;
        return NULL;
    }
    *status = MMDB_open(path, MMDB_MODE_MMAP, database);
    if (*status != MMDB_SUCCESS) {
        free(database);
        return NULL;
    }
    return database;
}

void cmm_close(struct MMDB_s *database) {
    MMDB_close(database);
    free(database);
}

const char *cmm_words(int status) { return MMDB_strerror(status); }

const uint8_t *cmm_records(const struct MMDB_s *database, size_t *length) {
    *length = database->data_section_size;
    return database->data_section;
}

int cmm_find(
    const struct MMDB_s *database, const uint8_t *octets, size_t length, uint32_t *offset) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    memset(&address, 0, sizeof address);
    if (length == sizeof address.v4.sin_addr) {
        address.v4.sin_family = AF_INET;
        memcpy(&address.v4.sin_addr, octets, length);
    } else if (length == sizeof address.v6.sin6_addr) {
        address.v6.sin6_family = AF_INET6;
        memcpy(&address.v6.sin6_addr, octets, length);
    } else {
        return CMM_NOT_FOUND;
    }
    int status = MMDB_SUCCESS;
    MMDB_lookup_result_s found = MMDB_lookup_sockaddr(database, &address.any, &status);
    if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return CMM_OTHER_FAMILY;
    if (status != MMDB_SUCCESS) return CMM_DAMAGED;
    if (!found.found_entry) return CMM_NOT_FOUND;
    *offset = found.entry.offset;
    return CMM_FOUND;
}
