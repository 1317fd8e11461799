// What libmaxminddb is asked for: to open a database, to find an address in its tree, and where the
// records lie. Records themselves are read by our own bounded reader: the library follows whatever
// nesting a file claims, on the stack of the caller.
#ifndef CMAXMINDDB_H
#define CMAXMINDDB_H

#include <stddef.h>
#include <stdint.h>

struct MMDB_s;

// Memory under a descriptor: memfd_create(2), which Swift's importer does not show. -1 and errno
// when there is none.
int cmm_memory(void);

// Opens the database. Returns NULL, and the library's status in *status, when it can't. The library
// maps the file: whoever hands it over sees to it that nobody cuts it short meanwhile.
struct MMDB_s *cmm_open(const char *path, int *status);

void cmm_close(struct MMDB_s *database);

// The library's words for a status.
const char *cmm_words(int status);

// All records, and what follows them in the file.
const uint8_t *cmm_records(const struct MMDB_s *database, size_t *length);

enum {
    CMM_NOT_FOUND = 0,
    CMM_FOUND = 1,
    // The database holds IPv4 only.
    CMM_OTHER_FAMILY = 2,
    CMM_DAMAGED = 3,
};

// Finds the address of 4 or 16 octets; *offset gets where in cmm_records() its record begins.
int cmm_find(
    const struct MMDB_s *database, const uint8_t *octets, size_t length, uint32_t *offset);

#endif
