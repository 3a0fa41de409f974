/* Mbed TLS as a peer: README.md says what it reads and writes. */
#include "peer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;

/* All that a connection needs. */
struct connection {
    mbedtls_ssl_config config;
    mbedtls_x509_crt root, chain;
    mbedtls_pk_context key;
    mbedtls_ssl_context tls;
    mbedtls_net_context plain;
    int error;
};

static int read_some(void *opaque, char *bytes, int length)
{
    struct connection *connection = opaque;
    do
        connection->error = mbedtls_ssl_read(&connection->tls, (unsigned char *)bytes, (size_t)length);
    while (connection->error == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
    return connection->error;
}

static int write_all(void *opaque, char *bytes, int length)
{
    struct connection *connection = opaque;
    int written = 0;
    while (written < length) {
        connection->error = mbedtls_ssl_write(&connection->tls, (unsigned char *)bytes + written, (size_t)(length - written));
        if (connection->error <= 0)
            return connection->error;
        written += connection->error;
    }
    return written;
}

/* What is shown, who is trusted, and the options; 0 if that works. */
static int configure(struct connection *connection, const struct command *command)
{
    static const uint16_t p256[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0}, p384[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, 0};
    mbedtls_ssl_config *config = &connection->config;
    const int role = command->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    if (mbedtls_ssl_config_defaults(config, role, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT)
        || mbedtls_x509_crt_parse_file(&connection->root, command->root))
        return -1;
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &random_source);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &connection->root, NULL);
    const int tls12 = has_option(command, "tls12");
    mbedtls_ssl_conf_min_tls_version(config, tls12 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, tls12 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3);
    if (has_option(command, "groups=P-256"))
        mbedtls_ssl_conf_groups(config, p256);
    if (has_option(command, "groups=P-384"))
        mbedtls_ssl_conf_groups(config, p384);
    return shows_certificate(command)
        && (mbedtls_x509_crt_parse_file(&connection->chain, command->chain)
            || mbedtls_pk_parse_keyfile(&connection->key, command->key, NULL, mbedtls_ctr_drbg_random, &random_source)
            || mbedtls_ssl_conf_own_cert(config, &connection->chain, &connection->key));
}

/* Its alerts are not told, but why it sent one. */
static void tell(const struct connection *connection, int done)
{
    char text[512] = "";
    if (done) {
        const mbedtls_x509_crt *seen = mbedtls_ssl_get_peer_cert(&connection->tls);
        for (const mbedtls_x509_name *part = &seen->subject; part; part = part->next)
            if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0)
                printf("done CN=%.*s\n", (int)part->val.len, part->val.p);
    } else if (connection->error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        printf("got %d\n", connection->tls.MBEDTLS_PRIVATE(in_msg)[1]);
    else {
        if (connection->error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
            mbedtls_x509_crt_verify_info(text, sizeof text, "", mbedtls_ssl_get_verify_result(&connection->tls));
        else
            mbedtls_strerror(connection->error, text, sizeof text);
        printf("refused %s\n", strtok(text, "\n"));
    }
}

static void run(const struct command *command)
{
    static struct connection connection;
    mbedtls_ssl_config_init(&connection.config);
    mbedtls_x509_crt_init(&connection.root);
    mbedtls_x509_crt_init(&connection.chain);
    mbedtls_pk_init(&connection.key);
    mbedtls_ssl_init(&connection.tls);
    if (configure(&connection, command) || mbedtls_ssl_setup(&connection.tls, &connection.config)
        || mbedtls_ssl_set_hostname(&connection.tls, command->is_server ? NULL : SERVER_NAME))
        puts("failed to take the files or options");
    else {
        connection.plain.fd = open_socket(command);
        mbedtls_ssl_set_bio(&connection.tls, &connection.plain, mbedtls_net_send, mbedtls_net_recv, NULL);
        connection.error = mbedtls_ssl_handshake(&connection.tls);
        const int done = connection.error == 0 && talk(command, read_some, write_all, &connection);
        if (done)
            mbedtls_ssl_close_notify(&connection.tls);
        linger_and_close(connection.plain.fd);
        tell(&connection, done);
    }
    mbedtls_ssl_free(&connection.tls);
    mbedtls_pk_free(&connection.key);
    mbedtls_x509_crt_free(&connection.chain);
    mbedtls_x509_crt_free(&connection.root);
    mbedtls_ssl_config_free(&connection.config);
}

int main(void)
{
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random_source);
    if (psa_crypto_init() != PSA_SUCCESS
        || mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0))
        return 1;
    return run_all("Mbed TLS " MBEDTLS_VERSION_STRING, run);
}
