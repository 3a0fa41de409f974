/* wolfSSL as a peer: README.md says what it reads and writes. */
#include "peer.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

static int read_some(void *tls, char *bytes, int length)
{
    return wolfSSL_read(tls, bytes, length);
}

static int write_all(void *tls, char *bytes, int length)
{
    return wolfSSL_write(tls, bytes, length);
}

static WOLFSSL_METHOD *method(const struct command *command)
{
    if (has_option(command, "tls12"))
        return command->is_server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method();
    return command->is_server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
}

/* What is shown, who is trusted, and the groups. */
static int configure(WOLFSSL_CTX *context, const struct command *command)
{
    int p256[] = {WOLFSSL_ECC_SECP256R1}, p384[] = {WOLFSSL_ECC_SECP384R1};
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (has_option(command, "groups=P-256") && wolfSSL_CTX_set_groups(context, p256, 1) != WOLFSSL_SUCCESS)
        return 0;
    if (has_option(command, "groups=P-384") && wolfSSL_CTX_set_groups(context, p384, 1) != WOLFSSL_SUCCESS)
        return 0;
    if (wolfSSL_CTX_load_verify_locations(context, command->root, NULL) != WOLFSSL_SUCCESS)
        return 0;
    return !shows_certificate(command)
        || (wolfSSL_CTX_use_certificate_chain_file(context, command->chain) == WOLFSSL_SUCCESS
            && wolfSSL_CTX_use_PrivateKey_file(context, command->key, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS);
}

static void tell(WOLFSSL *tls, int done)
{
    WOLFSSL_ALERT_HISTORY alerts;
    char text[WOLFSSL_MAX_ERROR_SZ];
    const unsigned long error = (unsigned long)wolfSSL_get_error(tls, 0);
    wolfSSL_get_alert_history(tls, &alerts);
    if (done)
        printf("done CN=%s\n", wolfSSL_X509_get_subjectCN(wolfSSL_get_peer_certificate(tls)));
    else if (alerts.last_rx.level == alert_fatal)
        printf("got %d\n", alerts.last_rx.code);
    else if (alerts.last_tx.level == alert_fatal)
        printf("sent %d\n", alerts.last_tx.code);
    else
        printf("failed %s\n", wolfSSL_ERR_error_string(error, text));
}

static void run(const struct command *command)
{
    WOLFSSL_CTX *context = wolfSSL_CTX_new(method(command));
    if (!configure(context, command)) {
        puts("failed to take the files or options");
        wolfSSL_CTX_free(context);
        return;
    }
    WOLFSSL *tls = wolfSSL_new(context);
    const int plain = open_socket(command);
    wolfSSL_set_fd(tls, plain);
    if (!command->is_server) {
        wolfSSL_UseSNI(tls, WOLFSSL_SNI_HOST_NAME, SERVER_NAME, (unsigned short)strlen(SERVER_NAME));
        wolfSSL_check_domain_name(tls, SERVER_NAME);
    }
    const int open = command->is_server ? wolfSSL_accept(tls) : wolfSSL_connect(tls);
    const int done = open == WOLFSSL_SUCCESS && talk(command, read_some, write_all, tls);
    if (done)
        wolfSSL_shutdown(tls);
    linger_and_close(plain);
    tell(tls, done);
    wolfSSL_free(tls);
    wolfSSL_CTX_free(context);
}

int main(void)
{
    char name[64];
    wolfSSL_Init();
    snprintf(name, sizeof name, "wolfSSL %s", wolfSSL_lib_version());
    return run_all(name, run);
}
