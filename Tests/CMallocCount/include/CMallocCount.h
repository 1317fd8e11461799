/* Counts the heap allocations of this process, for the benchmark's "allocations" column. */
#pragma once

/* Calls of malloc(3), calloc(3), realloc(3), posix_memalign(3) and aligned_alloc(3) so far. */
unsigned long malloc_count(void);

/* Bytes of the heap that are in use now, mapped pieces included (mallinfo2(3)). */
unsigned long malloc_bytes(void);
