#include "CNettle.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>

enum {
    // RFC 9001 section 5.4.2: the sample is taken as if the packet number had four octets.
    LONGEST_NUMBER = 4,
    SAMPLE_SIZE = AES_BLOCK_SIZE,
    SALT_SIZE = 20,
    LONGEST_LABEL = 32,
};

// What a version puts into the keys of its Initials; the labels are without "tls13 ".
struct initial_version {
    uint32_t number;
    uint8_t salt[SALT_SIZE];
    const char *key_label;
    const char *iv_label;
    const char *hp_label;
};

static const struct initial_version version_1 = {
    .number = 1,
    .salt = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
             0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
    .key_label = "quic key",
    .iv_label = "quic iv",
    .hp_label = "quic hp",
};

static const struct initial_version version_2 = {
    .number = 0x6b3343cf,
    .salt = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
             0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
    .key_label = "quicv2 key",
    .iv_label = "quicv2 iv",
    .hp_label = "quicv2 hp",
};

// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
static void expand_label(
    struct hmac_sha256_ctx *secret, const char *label, uint8_t *out, size_t length)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[2 + 1 + sizeof prefix + LONGEST_LABEL + 1];
    size_t label_length = strlen(label);
    size_t count = 0;
    info[count++] = 0;
    info[count++] = (uint8_t)length;
    info[count++] = (uint8_t)(sizeof prefix - 1 + label_length);
    memcpy(info + count, prefix, sizeof prefix - 1);
    count += sizeof prefix - 1;
    memcpy(info + count, label, label_length);
    count += label_length;
    info[count++] = 0;
    hkdf_expand(
        secret, (nettle_hash_update_func *)hmac_sha256_update,
        (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, count, info, length,
        out);
}

int cnt_client_keys(
    uint32_t number, const uint8_t *connection_id, size_t connection_id_length,
    struct cnt_initial_keys *keys)
{
    struct hmac_sha256_ctx context;
    uint8_t secret[SHA256_DIGEST_SIZE];
    const struct initial_version *version = number == version_2.number ? &version_2 : &version_1;
    if (version->number != number)
        return -1;
    hmac_sha256_set_key(&context, SALT_SIZE, version->salt);
    hkdf_extract(
        &context, (nettle_hash_update_func *)hmac_sha256_update,
        (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, connection_id_length,
        connection_id, secret);
    hmac_sha256_set_key(&context, sizeof secret, secret);
    expand_label(&context, "client in", secret, sizeof secret);
    hmac_sha256_set_key(&context, sizeof secret, secret);
    expand_label(&context, version->key_label, keys->key, sizeof keys->key);
    expand_label(&context, version->iv_label, keys->iv, sizeof keys->iv);
    expand_label(&context, version->hp_label, keys->hp, sizeof keys->hp);
    return 0;
}

// RFC 9001 section 5.4.3.
static void header_mask(
    const struct cnt_initial_keys *keys, const uint8_t *sample, uint8_t mask[AES_BLOCK_SIZE])
{
    struct aes128_ctx aes;
    aes128_set_encrypt_key(&aes, keys->hp);
    aes128_encrypt(&aes, SAMPLE_SIZE, mask, sample);
}

// The nonce is the IV with the packet number over its end (RFC 9001 section 5.3). The numbers of
// Initials begin at 0 and do not come far: what is sent of a number is all of it.
static void start(
    struct gcm_aes128_ctx *gcm, const struct cnt_initial_keys *keys, const uint8_t *header,
    size_t header_length, size_t number_length)
{
    uint8_t nonce[CNT_IV_SIZE];
    memcpy(nonce, keys->iv, sizeof nonce);
    for (size_t i = 0; i < number_length; i++)
        nonce[CNT_IV_SIZE - number_length + i] ^= header[header_length - number_length + i];
    gcm_aes128_set_key(gcm, keys->key);
    gcm_aes128_set_iv(gcm, sizeof nonce, nonce);
    gcm_aes128_update(gcm, header_length, header);
}

long cnt_open_initial(
    const struct cnt_initial_keys *keys, const uint8_t *packet, size_t length,
    size_t number_offset, uint8_t *out, size_t *frames_offset)
{
    struct gcm_aes128_ctx gcm;
    uint8_t mask[AES_BLOCK_SIZE];
    uint8_t tag[CNT_TAG_SIZE];
    if (length < LONGEST_NUMBER + SAMPLE_SIZE ||
        number_offset > length - LONGEST_NUMBER - SAMPLE_SIZE)
        return -1;
    header_mask(keys, packet + number_offset + LONGEST_NUMBER, mask);
    memcpy(out, packet, number_offset);
    out[0] ^= mask[0] & 0x0f;
    size_t number_length = (out[0] & 3) + 1;
    for (size_t i = 0; i < number_length; i++)
        out[number_offset + i] = packet[number_offset + i] ^ mask[1 + i];
    size_t header_length = number_offset + number_length;
    // At least 4 + 16 octets follow number_offset, so the difference is not negative.
    size_t count = length - header_length - CNT_TAG_SIZE;
    start(&gcm, keys, out, header_length, number_length);
    gcm_aes128_decrypt(&gcm, count, out + header_length, packet + header_length);
    gcm_aes128_digest(&gcm, sizeof tag, tag);
    if (!memeql_sec(tag, packet + length - CNT_TAG_SIZE, sizeof tag))
        return -1;
    *frames_offset = header_length;
    return (long)count;
}
