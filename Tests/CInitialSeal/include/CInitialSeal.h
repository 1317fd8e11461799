// The other end of CNettle: what a client does to an Initial packet before it sends it.
#ifndef CINITIALSEAL_H
#define CINITIALSEAL_H

#include <CNettle.h>

// `packet` holds header, packet number and frames, and has CNT_TAG_SIZE octets of room behind
// `length`. RFC 9001 sections 5.3 and 5.4; at least 4 octets of packet number and frames.
void cis_seal_initial(
    const struct cnt_initial_keys *keys, uint8_t *packet, size_t length, size_t number_offset);

#endif
