/* What the peers in C have in common: commands, sockets, and as much of HTTP as an order needs. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define SERVER_NAME "supplier.example.com"
#define MESSAGE_SIZE (64 * 1024)

/* One line of standard input; `port` and `order` are NULL in a command to serve. */
struct command {
    int is_server;
    const char *port, *chain, *key, *root, *order, *option;
};

/* Reads and writes over the connection; the result is that of read(2) and write(2). */
typedef int transfer(void *connection, char *bytes, int length);

static struct command parse(char *line)
{
    struct command command = {0};
    command.is_server = strcmp(strtok(line, " \n"), "serve") == 0;
    if (!command.is_server)
        command.port = strtok(NULL, " \n");
    command.chain = strtok(NULL, " \n");
    command.key = strtok(NULL, " \n");
    command.root = strtok(NULL, " \n");
    if (!command.is_server)
        command.order = strtok(NULL, " \n");
    command.option = strtok(NULL, " \n");
    return command;
}

static int shows_certificate(const struct command *command)
{
    return strcmp(command->chain, "-") != 0;
}

static int has_option(const struct command *command, const char *option)
{
    return command->option && strcmp(command->option, option) == 0;
}

/* Listens and accepts, or connects; -1 if that fails. */
static int open_socket(const struct command *command)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval limit = {.tv_sec = 20};
    socklen_t length = sizeof address;
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    if (command->is_server) {
        const int listener = plain;
        if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0)
            return -1;
        getsockname(listener, (struct sockaddr *)&address, &length);
        printf("port %d\n", ntohs(address.sin_port));
        plain = accept(listener, NULL, NULL);
        close(listener);
    } else {
        address.sin_port = htons((uint16_t)atoi(command->port));
        if (connect(plain, (struct sockaddr *)&address, length) != 0)
            return -1;
    }
    setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return plain;
}

/* A socket that is closed with unread data is reset, and an alert may be lost: this reads the rest. */
static void linger_and_close(int plain)
{
    char rest[4096];
    shutdown(plain, SHUT_WR);
    while (read(plain, rest, sizeof rest) > 0)
        ;
    close(plain);
}

/* Reads a message as long as its Content-Length says; 0 if it is not whole. */
static int read_message(transfer *read_some, void *connection, char *message)
{
    int length = 0;
    for (;;) {
        const int count = read_some(connection, message + length, MESSAGE_SIZE - 1 - length);
        if (count <= 0)
            return 0;
        length += count;
        message[length] = '\0';
        const char *end = strstr(message, "\r\n\r\n"), *said = strcasestr(message, "\r\nContent-Length:");
        if (end && said && said < end && message + length >= end + 4 + atoi(said + 17))
            return 1;
    }
}

static int write_message(transfer *write_all, void *connection, const char *start, char *body, int length)
{
    char head[512];
    const int size = snprintf(head, sizeof head,
        "%s\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", start, length);
    return write_all(connection, head, size) == size && write_all(connection, body, length) == length;
}

/* Takes an order and answers it, or posts one and reads the answer; 1 if all of it went through. */
static int talk(const struct command *command, transfer *read_some, transfer *write_all, void *connection)
{
    static char message[MESSAGE_SIZE], document[MESSAGE_SIZE];
    static char answer[] = "<cXML payloadID=\"1@peer\" timestamp=\"2026-11-22T04:00:01Z\">"
                           "<Response><Status code=\"200\" text=\"OK\"/></Response></cXML>";
    if (command->is_server)
        return read_message(read_some, connection, message)
            && write_message(write_all, connection, "HTTP/1.1 200 OK", answer, (int)strlen(answer));
    FILE *file = fopen(command->order, "rb");
    if (!file)
        return 0;
    const int length = (int)fread(document, 1, sizeof document, file);
    fclose(file);
    return write_message(write_all, connection, "POST /orders HTTP/1.1\r\nHost: " SERVER_NAME, document, length)
        && read_message(read_some, connection, message) && strncmp(message, "HTTP/1.1 200", 12) == 0
        && strstr(message, "code=\"200\"");
}

/* Takes one command after the other. */
static int run_all(const char *name, void (*run)(const struct command *))
{
    char line[4096];
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready %s\n", name);
    while (fgets(line, sizeof line, stdin)) {
        const struct command command = parse(line);
        run(&command);
    }
    return 0;
}
