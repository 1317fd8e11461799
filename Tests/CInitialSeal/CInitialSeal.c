#include "CInitialSeal.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <string.h>

void cis_seal_initial(
    const struct cnt_initial_keys *keys, uint8_t *packet, size_t length, size_t number_offset)
{
    struct gcm_aes128_ctx gcm;
    struct aes128_ctx aes;
    uint8_t mask[AES_BLOCK_SIZE];
    uint8_t nonce[CNT_IV_SIZE];
    size_t number_length = (packet[0] & 3) + 1;
    size_t header_length = number_offset + number_length;
    memcpy(nonce, keys->iv, sizeof nonce);
    for (size_t i = 1; i <= number_length; i++)
        nonce[CNT_IV_SIZE - i] ^= packet[header_length - i];
    gcm_aes128_set_key(&gcm, keys->key);
    gcm_aes128_set_iv(&gcm, sizeof nonce, nonce);
    gcm_aes128_update(&gcm, header_length, packet);
    gcm_aes128_encrypt(
        &gcm, length - header_length, packet + header_length, packet + header_length);
    gcm_aes128_digest(&gcm, CNT_TAG_SIZE, packet + length);
    aes128_set_encrypt_key(&aes, keys->hp);
    aes128_encrypt(&aes, AES_BLOCK_SIZE, mask, packet + number_offset + 4);
    packet[0] ^= mask[0] & 0x0f;
    for (size_t i = 0; i < number_length; i++)
        packet[number_offset + i] ^= mask[1 + i];
}
