// What Nettle is asked for: the keys of QUIC Initial packets, and the packets opened with them.
#ifndef CNETTLE_H
#define CNETTLE_H

#include <stddef.h>
#include <stdint.h>

// AEAD_AES_128_GCM (RFC 5116 section 5.1): key and nonce; AES-128 for header protection.
enum { CNT_KEY_SIZE = 16, CNT_IV_SIZE = 12, CNT_TAG_SIZE = 16 };

struct cnt_initial_keys {
    uint8_t key[CNT_KEY_SIZE];
    uint8_t iv[CNT_IV_SIZE];
    uint8_t hp[CNT_KEY_SIZE];
};

// The keys of what a client sends to the connection id that it chose, in a version of QUIC as it
// stands on the wire: 1 (RFC 9001 section 5.2) or 0x6b3343cf (RFC 9369 section 3.3). Returns -1
// when it is another, and 0.
int cnt_client_keys(
    uint32_t version, const uint8_t *connection_id, size_t connection_id_length,
    struct cnt_initial_keys *keys);

// Opens the packet of `length` octets whose packet number begins at `number_offset`. `out` has room
// for `length` octets and gets the packet without protection; the frames in it begin at
// *frames_offset. Returns how many octets of frames there are, or -1 when the packet is too short
// or its tag is wrong: then `out` holds nothing of meaning.
long cnt_open_initial(
    const struct cnt_initial_keys *keys, const uint8_t *packet, size_t length,
    size_t number_offset, uint8_t *out, size_t *frames_offset);

#endif
