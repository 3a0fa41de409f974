/* A client with Mbed TLS, for comparison: what `src/mbedtls.rs` calls, and the memory that it uses. */

#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* What the program gives, as `src/mbedtls.rs` has it. */
struct part {
  const unsigned char *bytes;
  size_t length;
};
struct identity {
  struct part root, leaf, intermediate, key;
  const char *server;
};

static mbedtls_ssl_context ssl;
static mbedtls_ssl_config config;
static mbedtls_x509_crt root, chain;
static mbedtls_pk_context key;
static long long now;

static const int SUITES[] = {MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};
static const uint16_t GROUPS[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0};
static const uint16_t SCHEMES[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_NONE};

static int import(const struct part *scalar) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  mbedtls_svc_key_id_t id;
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
  psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  if (psa_import_key(&attributes, scalar->bytes, scalar->length, &id) != PSA_SUCCESS) return -1;
  mbedtls_pk_init(&key);
  return mbedtls_pk_setup_opaque(&key, id);
}

static int parse(mbedtls_x509_crt *into, const struct part *certificate) {
  return mbedtls_x509_crt_parse_der_nocopy(into, certificate->bytes, certificate->length);
}

/* Reads keys and certificates. The callbacks are those of Mbed TLS. */
int client_setup(const struct identity *identity, long long time, void *transport, mbedtls_ssl_send_t *send, mbedtls_ssl_recv_t *receive) {
  now = time;
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_init(&config);
  mbedtls_x509_crt_init(&root);
  mbedtls_x509_crt_init(&chain);
  if (psa_crypto_init() != PSA_SUCCESS || import(&identity->key) != 0) return -1;
  if (parse(&root, &identity->root) != 0 || parse(&chain, &identity->leaf) != 0 || parse(&chain, &identity->intermediate) != 0) return -2;
  if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0) return -3;
  mbedtls_ssl_conf_rng(&config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&config, &root, NULL);
  mbedtls_ssl_conf_ciphersuites(&config, SUITES);
  mbedtls_ssl_conf_groups(&config, GROUPS);
  mbedtls_ssl_conf_sig_algs(&config, SCHEMES);
  if (mbedtls_ssl_conf_own_cert(&config, &chain, &key) != 0) return -4;
  if (mbedtls_ssl_setup(&ssl, &config) != 0) return -5;
  mbedtls_ssl_set_bio(&ssl, transport, send, receive, NULL);
  return mbedtls_ssl_set_hostname(&ssl, identity->server);
}

int client_handshake(void) { return mbedtls_ssl_handshake(&ssl); }

int client_write(const unsigned char *bytes, size_t length) {
  while (length > 0) {
    int count = mbedtls_ssl_write(&ssl, bytes, length);
    if (count <= 0) return count;
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

int client_read(unsigned char *bytes, size_t length) {
  while (length > 0) {
    int count = mbedtls_ssl_read(&ssl, bytes, length);
    if (count <= 0) return count == 0 ? -1 : count;
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

int client_close(void) { return mbedtls_ssl_close_notify(&ssl); }

long long board_time(long long *out) {
  if (out != NULL) *out = now;
  return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void) { return now * 1000; }

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *time, struct tm *out) {
  time_t seconds = (time_t)*time;
  return gmtime_r(&seconds, out);
}

/* The heap: blocks one behind the other, each behind its header. The first free one that is large enough is taken. */
struct block {
  uint32_t length;
  uint32_t is_taken;
};

static unsigned char *heap, *heap_end, *heap_top;

void heap_setup(unsigned char *memory, size_t length) {
  struct block *first = (struct block *)memory;
  heap = heap_top = memory;
  heap_end = memory + length;
  first->length = (uint32_t)(length - sizeof(struct block));
  first->is_taken = 0;
}

static struct block *behind(struct block *block) { return (struct block *)((unsigned char *)(block + 1) + block->length); }

void *board_calloc(size_t count, size_t size) {
  /* What is asked for is small, and the product with it. */
  uint32_t wanted = (uint32_t)(count * size + 7) & ~(uint32_t)7;
  for (struct block *block = (struct block *)heap; (unsigned char *)block < heap_end; block = behind(block)) {
    if (block->is_taken) continue;
    /* Blocks that were freed apart are one again. */
    for (struct block *next = behind(block); (unsigned char *)next < heap_end && !next->is_taken; next = behind(block))
      block->length += next->length + (uint32_t)sizeof(struct block);
    if (block->length < wanted) continue;
    if (block->length >= wanted + sizeof(struct block)) {
      struct block *rest = (struct block *)((unsigned char *)(block + 1) + wanted);
      rest->length = block->length - wanted - (uint32_t)sizeof(struct block);
      rest->is_taken = 0;
      block->length = wanted;
    }
    block->is_taken = 1;
    if ((unsigned char *)behind(block) > heap_top) heap_top = (unsigned char *)behind(block);
    return memset(block + 1, 0, wanted);
  }
  return NULL;
}

void board_free(void *memory) {
  if (memory != NULL) ((struct block *)memory - 1)->is_taken = 0;
}

/* The most bytes that were in use, with headers and gaps. */
size_t heap_peak(void) { return (size_t)(heap_top - heap); }
